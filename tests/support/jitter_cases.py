"""The jitter buffer's shared cases: what arrives and is asked for, and what came of it; both languages must
agree.

    .venv/bin/python tests/support/jitter_cases.py     writes tests/vectors/jitter.json anew,
    from the compiled buffer

A case is the packets `[seq, timestamp, voice, arrival_ms, talkspurt]`, in the order of their arrival, and
pops of `block` samples, one after the other from 0 ms on. It expects, per pop, the operation (a digit) and
the playout timestamp; some of the samples, of mid and of side; and the statistics at the end. The "codec" is
arithmetic that is exact in both languages: the payload says where in `voice` it begins. From the first to the
second of the two samples `stereo`, the case has a side.
"""

import json
from pathlib import Path
from typing import Any

import network_traces
import numpy as np
from numpy.typing import NDArray

from streamer.jitter.jitter_buffer import JitterBuffer
from streamer.jitter.sync_buffer import stretch

VECTORS = Path(__file__).parents[1] / "vectors" / "jitter.json"
PACKET = 480
LOOK_EVERY = 40
Packet = tuple[int, int, int, float, bool]
MONO = (0, 0)


def voice(start: int, count: int) -> NDArray[np.float32]:
    """A sawtooth of changing pitch, with a pause after every fourth second or so of it."""
    t = start + np.arange(count)
    period = 360 + ((t >> 14) & 7) * 40
    loudness = np.where((t >> 13) % 5 == 4, 0.0, 0.5)
    return np.asarray(((t % period) / period - 0.5) * loudness, np.float32)


class SawtoothDecoder:
    """Decodes a payload that says where in `voice` it begins; goes on from there, half as loud, to
    conceal."""

    def __init__(self, stereo: tuple[int, int] = MONO) -> None:
        self.position = 0
        self.side: NDArray[np.float32] | None = None
        self._stereo = range(*stereo)

    def decode(self, payload: bytes) -> NDArray[np.float32]:
        if len(payload) != 4:
            raise ValueError("not a payload")
        self.position = int.from_bytes(payload, "big")
        return self._next(PACKET, 1)

    def conceal(self, n_samples: int) -> NDArray[np.float32]:
        return self._next(n_samples, 0.5)

    def _next(self, n_samples: int, loudness: float) -> NDArray[np.float32]:
        start = self.position
        self.position += n_samples
        self.side = voice(2 * start, n_samples) * np.float32(loudness) if start in self._stereo else None
        return voice(start, n_samples) * np.float32(loudness)


def in_order(trace: network_traces.Trace, seq: int = 0, timestamp: int = 0) -> list[Packet]:
    return [
        ((seq + i) % 2**16, (timestamp + i * PACKET) % 2**32, i * PACKET, round(float(ms), 3), i == 0)
        for i, ms in enumerate(trace.arrival_ms)
    ]


def with_pauses(packets: list[Packet]) -> list[Packet]:
    """Every other second is not sent; a talkspurt starts with 60 ms that come in one go. Seqs go on without a
    gap."""
    sent: list[Packet] = []
    for i, (_, timestamp, start, ms, _) in enumerate(packets):
        if (i // 100) % 2 == 0:
            first = i % 100 == 0
            at = max(ms, packets[i - i % 100 + 6][3])
            sent.append(((packets[0][0] + len(sent)) % 2**16, timestamp, start, at, first))
    return sent


def mistreated(packets: list[Packet], seed: int) -> list[Packet]:
    """5 % lost, 5 % doubled, 10 % late by up to 80 ms and so out of order."""
    rng = np.random.default_rng(seed)
    kept = [packet for packet in packets if rng.random() >= 0.05]
    kept += [packet for packet in kept if rng.random() < 0.05]
    late = [
        (*p[:3], round(p[3] + float(rng.uniform(0, 80)), 3) if rng.random() < 0.1 else p[3], p[4])
        for p in kept
    ]
    return sorted(late, key=lambda packet: packet[3])


def jumping(packets: list[Packet], at: int, samples: int) -> list[Packet]:
    """From packet `at` on the timestamps are off by so many samples."""
    return [(s, (t + samples * (i >= at)) % 2**32, v, ms, k) for i, (s, t, v, ms, k) in enumerate(packets)]


def standing(packets: list[Packet], at: int, count: int) -> list[Packet]:
    """From packet `at` on, `count` packets have the same timestamp; the next ones go on from there."""
    return [
        (s, (t - 480 * min(max(0, i - at), count)) % 2**32, v, ms, k)
        for i, (s, t, v, ms, k) in enumerate(packets)
    ]


def held_up(packets: list[Packet], from_ms: float, to_ms: float) -> list[Packet]:
    """Nothing comes from the one to the other; then all of it at once."""
    return [(s, t, v, to_ms if from_ms < ms < to_ms else ms, k) for s, t, v, ms, k in packets]


def cases() -> dict[str, tuple[int, list[Packet], tuple[int, int]]]:
    """By name: the length of a block, the packets, and from which sample to which one they are stereo."""
    busy = network_traces.busy_wifi(3, 8000)
    restart = in_order(network_traces.good_wifi(5, 3000))
    restart += [
        (s, t, v, ms + 3200, k)
        for s, t, v, ms, k in in_order(network_traces.good_wifi(6, 3000), 40_000, 9_999_999)
    ]
    shed = [
        p for p in in_order(network_traces.good_wifi(8, 5000)) if not 150 <= p[0] < 190 and p[0] % 50 != 20
    ]
    return {
        "clean": (128, in_order(network_traces.clean(1, 4000)), MONO),
        "busy Wi-Fi, the numbers wrap": (128, in_order(busy, 65_400, 2**32 - 100_000), MONO),
        "busy Wi-Fi, blocks of 441": (441, in_order(busy), MONO),
        "stalls of 300 ms": (240, in_order(network_traces.stalls(300)(2, 20_000)), MONO),
        "stalls of 1 s": (480, in_order(network_traces.stalls(1000)(2, 20_000)), MONO),
        "1 % loss under TCP": (480, in_order(network_traces.tcp_loss(4, 8000)), MONO),
        "talkspurts": (128, with_pauses(in_order(network_traces.good_wifi(7, 8000))), MONO),
        "lost, doubled and out of order": (128, mistreated(in_order(busy), 9), MONO),
        "the relay sheds, and single packets are lost": (128, shed, MONO),
        "a talker restarts": (240, restart, MONO),
        "stereo, stalls of 300 ms": (240, in_order(network_traces.stalls(300)(2, 20_000)), (0, 2**32)),
        "stereo, lost, doubled and out of order": (128, mistreated(in_order(busy), 9), (0, 2**32)),
        "mono, then stereo, then mono": (128, in_order(busy), (96_000, 240_000)),
        "the timestamps jump back by 2.5 s": (128, jumping(in_order(busy), 350, -120_000), MONO),
        "the timestamps jump back by 0.5 s": (240, jumping(in_order(busy), 350, -24_000), MONO),
        "the timestamps jump ahead by 3 s": (128, jumping(in_order(busy), 350, 144_000), (0, 2**32)),
        "the timestamps jump ahead by 1 s": (480, jumping(in_order(busy), 350, 48_000), MONO),
        "the timestamps stand still for 2 s": (128, standing(in_order(busy), 350, 200), MONO),
        "the listener is held up for 2.5 s": (480, held_up(in_order(busy), 3_000, 5_500), MONO),
        "what is quiet is far too early": (128, jumping(in_order(busy), 710, -96_500), (0, 2**32)),
    }


def run(block: int, packets: list[Packet], stereo: tuple[int, int]) -> dict[str, Any]:
    buffer = JitterBuffer(SawtoothDecoder(stereo))
    mid, side = np.zeros(block, np.float32), np.zeros(block, np.float32)
    operations, timestamps, samples, at, next_packet = "", [], [], 0, 0
    end_ms = packets[-1][3] + 300
    while at / 48 < end_ms:
        while next_packet < len(packets) and packets[next_packet][3] <= at / 48:
            seq, timestamp, start, ms, talkspurt = packets[next_packet]
            buffer.push(seq, timestamp, start.to_bytes(4, "big"), ms, talkspurt)
            next_packet += 1
        buffer.pop_into(mid, at / 48, side)
        operations += str(int(buffer.operation))
        if len(operations) % LOOK_EVERY == 0:
            timestamps.append(buffer.playout_timestamp)
            samples.append([float(x) for x in (*mid[:: block // 4], *side[:: block // 4])])
        at += block
    return {
        "operations": operations,
        "timestamps": timestamps,
        "samples": samples,
        "statistics": dict(buffer.statistics),
    }


def stretched(share: float) -> dict[str, Any]:
    played = stretch(voice(0, 48_000), share)
    return {"share": share, "length": len(played), "samples": [float(x) for x in played[::997]]}


def all_vectors() -> dict[str, Any]:
    jitter = [
        {"name": name, "block": block, "packets": packets, "stereo": stereo, **run(block, packets, stereo)}
        for name, (block, packets, stereo) in cases().items()
    ]
    return {"jitter": jitter, "stretch": [stretched(share) for share in (-0.25, -0.1, 0.1, 0.25)]}


if __name__ == "__main__":
    VECTORS.write_text(
        json.dumps(json.loads(json.dumps(all_vectors())), separators=(",", ":")).replace(
            '{"name"', '\n{"name"'
        )
        + "\n"
    )
