"""Every length of packets that Opus has, and changes in the middle of a word: sent, and played without a gap.

The cases of vectors/packets.json are of packetizer.test.js, too.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from streamer.audio_format import BITRATE, DURATION_UNIT_SAMPLES, MUSIC_BITRATE, SAMPLE_RATE, bitrate_for
from streamer.client.audio.codec import Decoder, Encoder
from streamer.client.audio.packetizer import Packetizer
from streamer.client.audio.samples import Samples
from streamer.jitter.jitter_buffer import JitterBuffer

CASES = json.loads((Path(__file__).parents[2] / "vectors/packets.json").read_text(encoding="utf-8"))
TONE_HZ = 440
BLOCK = 240
CHANGING = [4, 4, 1, 1, 1, 2, 8, 1, 4, 2, 2, 8, 8, 1, 24, 1, 16, 2]


def tone(start: int, n_samples: int) -> Samples:
    times = np.arange(start, start + n_samples) / SAMPLE_RATE
    return np.asarray(0.3 * np.sin(2 * np.pi * TONE_HZ * times), dtype=np.float32)


def packets(durations: list[int], seconds: float) -> Iterator[tuple[int, int, bytes]]:
    """Of a tone, of one encoder that is always calm: seq, timestamp and payload."""
    encoder, position, seq = Encoder(), 0, 0
    encoder.is_calm = True
    while position < seconds * SAMPLE_RATE:
        n_samples = durations[seq % len(durations)] * DURATION_UNIT_SAMPLES
        yield seq, position, encoder.encode(tone(position, n_samples))
        position += n_samples
        seq += 1


def played(durations: list[int], seconds: float = 3.0) -> tuple[JitterBuffer, Samples]:
    """Each packet comes as soon as its last sample has been said, and up to 4 ms later."""
    buffer, delays = JitterBuffer(Decoder()), np.random.default_rng(1)
    coming, blocks, now = list(packets(durations, seconds)), [], 0.0
    ends = [timestamp for _, timestamp, _ in coming[1:]]
    due = [end / 48 + delays.uniform(0, 4) for end in ends]
    for at in range(round(seconds * SAMPLE_RATE / BLOCK) - 20):
        now = at * BLOCK / 48
        while due and due[0] <= now:
            seq, timestamp, payload = coming.pop(0)
            buffer.push(seq, timestamp, payload, due.pop(0), seq == 0)
        blocks.append(buffer.pop(BLOCK, now))
    return buffer, np.concatenate(blocks)


@pytest.mark.parametrize("durations", [[1], [2], [4], [8], [16], [24], CHANGING], ids=str)
def test_a_listener_plays_every_length_and_every_change_of_it_without_a_gap(durations: list[int]) -> None:
    buffer, heard = played(durations)
    statistics = buffer.statistics
    counted = {name: statistics[name] for name in ("lost", "late", "discarded", "undecodable", "skipped_ms")}
    assert counted == dict.fromkeys(counted, 0) | {"late": statistics["late"]}
    settled = heard[SAMPLE_RATE:]
    assert statistics["concealed_ms"] <= 60
    levels = np.sqrt(np.mean(settled[: len(settled) // 480 * 480].reshape(-1, 480) ** 2, axis=1))
    assert levels.min() > 0.15, "a steady tone has no gap"


@pytest.mark.parametrize("before", [2, 4, 8])
@pytest.mark.parametrize("after", [1, 2, 4, 8])
def test_a_voice_changes_the_length_of_its_packets_without_a_click(before: int, after: int) -> None:
    voice, decoder, position, heard = Packetizer("open"), Decoder(), 0, list[Samples]()
    while position < SAMPLE_RATE:
        wanted = (before if position < SAMPLE_RATE // 2 else after) * DURATION_UNIT_SAMPLES
        n_samples = voice.next_samples(wanted)
        for packet in voice.packets(tone(position, n_samples), position):
            assert packet.duration * DURATION_UNIT_SAMPLES == n_samples
            heard.append(decoder.decode(packet.payload))
        position += n_samples
    sound = np.concatenate(heard)[SAMPLE_RATE // 10 :]
    assert packet.duration == after
    assert np.abs(sound - tone(SAMPLE_RATE // 10 - 120, len(sound))).max() < 0.06, (
        "a click would be 0.3 and more"
    )


@pytest.mark.parametrize("n_samples", [120, 240, 480, 960])
def test_the_first_syllable_after_unmuting_is_as_loud_as_it_was_said(n_samples: int) -> None:
    voice, decoder, heard = Packetizer(), Decoder(), list[Samples]()
    muted, unmuted = SAMPLE_RATE // 4, SAMPLE_RATE // 2
    for position in range(0, SAMPLE_RATE, n_samples):
        said = tone(position, n_samples) * np.float32(0.01 if position < muted else 1)
        voice.gate.muted = muted <= position < unmuted
        for packet in voice.packets(said, position):
            sound = decoder.decode(packet.payload)
            if packet.timestamp >= unmuted:
                heard.append(sound)
    sound = np.concatenate(heard)[240:4_800]
    error = np.sqrt(np.mean((sound - tone(unmuted + 120, len(sound))) ** 2))
    assert error < 0.02, "of 0.21"


def test_what_is_not_sent_is_not_encoded(monkeypatch: pytest.MonkeyPatch) -> None:
    encoded: list[float] = []
    encode = Encoder.encode

    def counted(encoder: Encoder, samples: Samples) -> bytes:
        encoded.append(float(samples[0]))
        return encode(encoder, samples)

    monkeypatch.setattr(Encoder, "encode", counted)
    voice, block = Packetizer(), np.zeros(480, dtype=np.float32)
    for number in range(50):
        block[:] = number / 2**20
        voice.packets(block, number * 480)
    assert encoded == []
    block[:] = 0.25
    assert len(voice.packets(block, 50 * 480)) == len(encoded)
    assert encoded == [*(number / 2**20 for number in (46, 47, 48, 49)), 0.25]


@pytest.mark.parametrize("channels", [1, 2])
def test_one_encoder_goes_on_from_one_length_to_another(channels: int) -> None:
    encoder, decoder = Encoder(channels=channels), Decoder()
    encoder.is_calm = True
    position, heard = 0, []
    for duration in CHANGING * 4:
        n_samples = duration * DURATION_UNIT_SAMPLES
        samples = tone(position, n_samples)
        payload = encoder.encode(samples if channels == 1 else np.stack((samples, samples), axis=1))
        heard.append(decoder.decode(payload))
        assert len(heard[-1]) == n_samples
        position += n_samples
    sound = np.concatenate(heard)[SAMPLE_RATE // 10 :]
    expected = tone(SAMPLE_RATE // 10 - 120, len(sound))
    assert decoder.corrupt == 0
    assert np.sqrt(np.mean((sound - expected) ** 2)) < 0.03, "no change clicks"


def test_short_packets_get_more_bits_as_libopus_reckons_and_long_ones_no_fewer() -> None:
    assert [bitrate_for(BITRATE, n, 1) for n in (120, 240, 480, 960)] == [82_000, 70_000, 64_000, 64_000]
    assert [bitrate_for(MUSIC_BITRATE, n, 2) for n in (120, 240, 480, 960)] == [
        158_000,
        138_000,
        128_000,
        128_000,
    ]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_what_is_sent_of_a_voice_does_not_depend_on_the_length_of_packets(case: dict[str, Any]) -> None:
    voice, position, sent = Packetizer(case["mode"]), 0, []
    for step in case["steps"]:
        voice.gate.muted = step.get("muted", False)
        for _ in range(step["times"]):
            samples = np.full(step["samples"], step["amplitude"], dtype=np.float32)
            sent += voice.packets(samples, position)
            position += len(samples)
    found = [[p.timestamp, p.duration, p.level, int(p.voice), p.flags] for p in sent]
    assert runs(found) == case["sent"]
    assert [packet.seq for packet in sent] == list(range(len(sent)))


def runs(packets: list[list[int]]) -> list[list[int]]:
    """`[how many, the first timestamp, duration, level, voice, flags]` of packets that are alike and without
    a gap."""
    found: list[list[int]] = []
    for timestamp, *rest in packets:
        last = found[-1] if found else None
        if last and last[2:] == rest and timestamp == last[1] + last[0] * 120 * last[2]:
            last[0] += 1
        else:
            found.append([1, timestamp, *rest])
    return found
