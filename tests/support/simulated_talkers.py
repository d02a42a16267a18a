"""Talkers, a network and a recorder without sockets and without waiting: ten minutes pass in some seconds."""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache

import numpy as np

from streamer.client.audio.codec import Encoder
from streamer.client.delay.capture_times import CaptureTimes
from streamer.record.recording import Recording
from streamer.wire.packet import Packet

RATE = 48_000
CLICK_SAMPLES = 24
TICK_S = 0.2


@dataclass
class Talker:
    """`speeches` are (from, to) in s of true time; its quartz is off by `ppm`. `clicks` sound at these true
    times."""

    name: str
    talker_id: int
    ppm: float
    speeches: list[tuple[float, float]]
    clicks: list[float]
    duration: int = 8
    channels: int = 1
    first_timestamp: int = 0
    first_seq: int = 0
    sent: list[bytes] = field(default_factory=list)
    sent_again: int = 0

    def packets(self) -> Iterator[tuple[float, Packet]]:
        """Each with the true time at which its first sample was captured; only while it speaks."""
        rate = RATE * (1 + self.ppm / 1e6)
        samples = self.duration * 120
        seq = self.first_seq
        for begin_s, end_s in self.speeches:
            at = round(begin_s * rate / samples) * samples
            while at / rate < end_s:
                payload = self._payload(at, samples, rate)
                timestamp = (self.first_timestamp + at) % 2**32
                yield (
                    at / rate,
                    Packet(seq % 2**16, timestamp, payload, self.talker_id, 30, True, 0, self.duration),
                )
                seq += 1
                at += samples

    def _payload(self, at: int, samples: int, rate: float) -> bytes:
        """Faint noise, or a click where one falls into the packet."""
        for click_s in self.clicks:
            place = round(click_s * rate) - at
            if 0 <= place < samples:
                return _clicking(place, samples, self.channels)
        return _noises(samples, self.channels)[at // samples % 8]


@cache
def _noises(samples: int, channels: int) -> list[bytes]:
    encoder, rng = Encoder(frame_samples=samples, channels=channels), np.random.default_rng(1)
    shape = (samples, channels) if channels > 1 else (samples,)
    return [encoder.encode((rng.normal(size=shape) * 0.003).astype(np.float32)) for _ in range(8)]


def _clicking(place: int, samples: int, channels: int) -> bytes:
    sound = np.zeros((samples, channels), dtype=np.float32)
    sound[place : place + CLICK_SAMPLES] = 0.9
    encoder = Encoder(bitrate=128_000, frame_samples=samples, channels=channels)
    return encoder.encode(sound if channels > 1 else sound[:, 0])


@dataclass
class Network:
    """Delays each packet, in order but for some, loses some, repeats some. Its recorder's clock begins at
    `zero_s`."""

    seed: int = 1
    loss: float = 0.01
    jitter_s: float = 0.05
    overtaking: float = 0.0
    repeated: float = 0.0
    clock_error_s: float = 0.001
    outages: list[tuple[float, float]] = field(default_factory=list)
    ids_after: dict[int, int] = field(default_factory=dict)
    """After the first outage, as a relay that was restarted gives them."""

    def deliver(
        self, talkers: list[Talker], recording: Recording, captures: CaptureTimes, length_s: float,
        meanwhile: Callable[[float], None] = lambda now_s: None,
    ) -> None:
        """All that they say, as it arrives, up to `length_s`."""
        rng = random.Random(self.seed)
        arrivals = sorted(self._arrivals(talkers, rng), key=lambda each: each[0])
        ticked_s, is_after = 0.0, False
        for at_s, talker, packet, captured_s in arrivals:
            while ticked_s + TICK_S <= at_s:
                ticked_s += TICK_S
                meanwhile(ticked_s)
                recording.tick(ticked_s)
            if self.outages and at_s > self.outages[0][1] and not is_after:
                is_after = True
                captures.forget_all()
            talker_id = (
                self.ids_after.get(packet.talker_id, packet.talker_id) if is_after else packet.talker_id
            )
            recording.push(talker_id, talker.name, packet, at_s)
            if packet.seq % 25 == 0 or captures.captured_us(talker_id, 0) is None:
                error_s = rng.uniform(-self.clock_error_s, self.clock_error_s)
                clock = {
                    "talker_id": talker_id,
                    "timestamp": packet.timestamp,
                    "server_us": round((captured_s + error_s) * 1e6),
                    "error_us": round(self.clock_error_s * 1e6),
                }
                captures.on_clock(clock, 0.0, 0.0)  # type: ignore[arg-type]
            talker.sent.append(packet.payload)
        while ticked_s + TICK_S <= length_s:
            ticked_s += TICK_S
            meanwhile(ticked_s)
            recording.tick(ticked_s)
        recording.close(length_s)

    def _arrivals(
        self, talkers: list[Talker], rng: random.Random
    ) -> Iterator[tuple[float, Talker, Packet, float]]:
        for talker in talkers:
            then_s = 0.0
            for captured_s, packet in talker.packets():
                duration_s = packet.duration_samples / RATE
                at_s = max(then_s, captured_s + duration_s + rng.uniform(0.005, self.jitter_s)) + 1e-6
                is_lost = rng.random() < self.loss or any(begin <= at_s <= end for begin, end in self.outages)
                if is_lost:
                    continue
                if rng.random() < self.overtaking:
                    yield at_s + rng.uniform(0, 0.1), talker, packet, captured_s
                    continue
                then_s = at_s
                yield at_s, talker, packet, captured_s
                if rng.random() < self.repeated:
                    talker.sent_again += 1
                    yield at_s + rng.uniform(0, 0.3), talker, packet, captured_s
