"""Packets of every form that Opus has, and of some that it does not have: what we hear and what we record of
them."""

import ctypes
import ctypes.util
import random
from pathlib import Path
from typing import Final

import numpy as np
import pytest
from recordings import faults_of
from test_recording import recording_in

from streamer.audio_format import DURATION_UNIT_SAMPLES, DURATIONS, SAMPLES_PER_FRAME, STEREO
from streamer.client.audio.samples import silence
from streamer.client.receiver import Receiver
from streamer.client.replay.replay import Replay
from streamer.ogg.opus_packets import samples_of
from streamer.wire.packet import Packet

SIZES: Final = (0, 0, 1, 2, 8, 20, 80, 251, 252, 253, 254, 255, 256, 509, 1_275, 1_276, 2_551)
LONGEST_REPLAY: Final = 40 * 100
"""Frames of 10 ms; half a minute is kept."""
_LIBOPUS: Final = ctypes.CDLL(ctypes.util.find_library("opus"))


def of_many_frames(rng: random.Random) -> bytes:
    """What follows the first byte of a packet of code 3, well formed: any count, equal or coded sizes,
    padding."""
    count, is_variable, is_padded = rng.randrange(1, 49), rng.random() < 0.5, rng.random() < 0.5
    padding, told = b"", b""
    if is_padded:
        size = rng.choice((0, 1, 253, 254, 255, 600))
        told = b"\xff" * (size // 254) + bytes([size % 254])
        padding = bytes(size)
    sizes = [rng.randrange(20) for _ in range(count)] if is_variable else [rng.randrange(4)] * count
    lengths = bytes(sizes[:-1]) if is_variable else b""
    first = bytes([count | is_variable << 7 | is_padded << 6])
    return first + told + lengths + rng.randbytes(sum(sizes)) + padding


def hostile(rng: random.Random) -> bytes:
    first = rng.randrange(256)
    if first & 3 == 3 and rng.random() < 0.8:
        return bytes([first]) + of_many_frames(rng)
    return bytes([first]) + rng.randbytes(rng.choice(SIZES))


def packets(rng: random.Random, count: int) -> list[Packet]:
    """In a line of time that jumps now and then; some lie about how long they last."""
    found, timestamp = [], rng.randrange(2**32)
    for seq in range(count):
        payload = hostile(rng)
        while rng.random() < 0.9 and not samples_of(payload):
            payload = hostile(rng)
        samples = samples_of(payload) or SAMPLES_PER_FRAME
        units = samples // DURATION_UNIT_SAMPLES
        duration = units if units in DURATIONS and rng.random() < 0.9 else rng.choice(DURATIONS)
        found.append(Packet(seq, timestamp, payload, 2, duration=duration))
        timestamp = (timestamp + samples if rng.random() < 0.97 else rng.randrange(2**32)) % 2**32
    return found


def by_libopus(payload: bytes) -> int:
    samples: int = _LIBOPUS.opus_packet_get_nb_samples(payload, len(payload), 48_000)
    frames, sizes = (ctypes.c_void_p * 48)(), (ctypes.c_int16 * 48)()
    first, offset = ctypes.c_ubyte(), ctypes.c_int()
    parsed = _LIBOPUS.opus_packet_parse(
        payload, len(payload), ctypes.byref(first), frames, sizes, ctypes.byref(offset)
    )
    return samples if parsed > 0 and samples > 0 else 0


def test_a_packet_is_one_exactly_where_libopus_takes_it_for_one() -> None:
    rng = random.Random(1)
    for _ in range(20_000):
        payload = hostile(rng)
        assert samples_of(payload) == by_libopus(payload), payload[:16].hex()


@pytest.mark.parametrize("seed", range(2))
def test_players_find_no_fault_in_the_file_of_a_hostile_talker(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    recording = recording_in(tmp_path)
    now_s = 0.0
    for number, packet in enumerate(packets(rng, 400)):
        recording.push(2, "Mallory", packet, now_s)
        now_s += packet.duration_samples / 48_000 * rng.choice((0.5, 1, 1, 2))
        if number % 20 == 0:
            recording.tick(now_s)
    recording.close(now_s + 1)
    [file] = tmp_path.glob("*.opus")
    assert faults_of(file) == []


@pytest.mark.parametrize("seed", range(2))
def test_what_is_heard_of_a_hostile_talker_is_finite_and_never_too_long(seed: int) -> None:
    rng = random.Random(seed)
    receiver, now_s = Receiver(2, "Ben"), 0.0
    for packet in packets(rng, 400):
        receiver.push(packet, now_s)
        for _ in range(rng.choice((0, 1, 2, 6))):
            samples = receiver.pop(SAMPLES_PER_FRAME, now_s)
            assert len(samples) == SAMPLES_PER_FRAME
            assert np.isfinite(samples).all()
            now_s += 0.01


@pytest.mark.parametrize("seed", range(2))
def test_what_is_heard_again_of_a_hostile_talker_is_finite_and_ends(seed: int) -> None:
    rng = random.Random(seed)
    replay, now_s = Replay(lambda name: 1.0), 0.0
    for packet in packets(rng, 400):
        replay.on_packet(packet, "Mallory", now_s)
        now_s += rng.choice((0.005, 0.01, 0.06))
    assert replay.start(rng.choice((1.0, 1.5, 2.0)), now_s) == ("Mallory",)
    for _ in range(LONGEST_REPLAY):
        planes = silence(SAMPLES_PER_FRAME, STEREO).T
        replay.add_to(planes)
        assert np.isfinite(planes).all()
        if not replay.is_playing:
            return
    raise AssertionError("it goes on for ever")
