"""Does this computer have what a desktop client needs: the compiled core, the codec, a microphone and a
loudspeaker?"""

from time import perf_counter
from typing import Final

from streamer.audio_format import FRAME_MS, SAMPLES_PER_FRAME
from streamer.client.audio.codec import Decoder, Encoder
from streamer.client.audio.microphone import default_devices
from streamer.client.audio.samples import silence
from streamer.doctor.finding import Finding, ok, warning
from streamer.websocket import connection

ROUNDS: Final = 100
"""Packets that are encoded and decoded: one second of sound."""


def compiled_core() -> Finding:
    return ok(f"compiled, in {connection.__file__}")


def codec() -> Finding:
    encoder, decoder = Encoder(), Decoder()
    began = perf_counter()
    for _ in range(ROUNDS):
        decoder.decode(encoder.encode(silence(SAMPLES_PER_FRAME)))
    took_ms = 1000 * (perf_counter() - began) / ROUNDS
    words = f"libopus encodes and decodes {FRAME_MS} ms of sound in {took_ms:.2f} ms"
    if took_ms > FRAME_MS / 2:
        return warning(
            words,
            "close other programs: this computer is too busy to talk itself, but it can still be the relay",
        )
    return ok(words)


def devices() -> Finding:
    microphone, loudspeaker = default_devices()
    if microphone and loudspeaker:
        return ok(f"microphone {microphone}; loudspeaker {loudspeaker}")
    missing = (
        "no microphone"
        if loudspeaker
        else "no loudspeaker"
        if microphone
        else "no microphone and no loudspeaker"
    )
    remedy = "plug one in, or use --input and --output with sound files; the relay itself needs neither"
    return warning(f"this computer has {missing}", remedy)
