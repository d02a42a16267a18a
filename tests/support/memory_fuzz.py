"""Random use of everything that moves memory: the jitter buffer, the connection, the codec. scripts/memcheck
runs it.

    python tests/support/memory_fuzz.py --seconds 20 [--seed 7] [--only jitter]

Under a sanitizer a fault ends the program; anything else that may not be is an AssertionError. Each case has
a seed of its own, which is printed first where it fails: `--seed N --cases 1` repeats it.
"""

import argparse
import itertools
import os
import random
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

import numpy as np
from connection_limits import usual_limits

from streamer.client.audio.codec import Decoder, Encoder
from streamer.client.audio.samples import Samples
from streamer.client.receiver import Receiver
from streamer.jitter.jitter_buffer import JitterBuffer
from streamer.jitter.packet_buffer import PacketBuffer
from streamer.jitter.sync_buffer import stretch
from streamer.websocket.connection import Connection
from streamer.websocket.fanout import Fanout
from streamer.websocket.frames import FrameParser, serialize_frame
from streamer.websocket.mask import MaskingKeys
from streamer.websocket.sink import Flusher
from streamer.wire.packet import Packet

BLOCKS = (0, 1, 7, 64, 128, 240, 441, 480, 960, 5_760, 20_000)
DURATIONS = (120, 240, 480, 960, 1_920, 2_880, 5_760)
JUMPS = (1, -1, 479, -480, 24_000, -24_000, 96_500, -96_500, 2**31, -(2**31), 2**32 - 1)


class RandomDecoder:
    """Gives what a decoder may, and what none should."""

    def __init__(self, rng: random.Random, oddness: float) -> None:
        self._rng = rng
        self._oddness = oddness
        self._loudness = rng.choice((0.0, 1e-5, 1e-3, 0.5))
        self._stereo = rng.random() < 0.3
        self.side: Any = None
        self.buffer: JitterBuffer | None = None

    def decode(self, payload: bytes) -> Any:
        return self._sound(DURATIONS[payload[0] % len(DURATIONS)])

    def conceal(self, n_samples: int) -> Any:
        return self._sound(n_samples)

    def _sound(self, n_samples: int) -> Any:
        sound = self._tone(n_samples)
        if self._rng.random() < 0.05:
            self._loudness = self._rng.choice((0.0, 1e-5, 1e-3, 0.5))
            self._stereo = self._rng.random() < 0.5
        self.side = self._tone(n_samples) if self._stereo else None
        return self._odd(sound) if self._rng.random() < self._oddness else sound

    def _tone(self, n_samples: int) -> Samples:
        period = self._rng.choice((50, 300, 480, 4_000))
        return np.asarray(np.sin(np.arange(n_samples) * 2 * np.pi / period) * self._loudness, np.float32)

    def _odd(self, sound: Samples) -> Any:
        odd = self._rng.randrange(3)
        if odd == 0:
            return self._no_sound(sound)
        if odd == 1:
            not_finite = np.full(len(sound), np.nan, np.float32)
            self.side = self._rng.choice(("left", sound[: len(sound) // 2].copy(), not_finite))
        elif self.buffer is not None:
            self._come_back(self.buffer)
        return sound

    def _no_sound(self, sound: Samples) -> Any:
        match self._rng.randrange(7):
            case 0:
                raise ValueError("a decoder that fails")
            case 1:
                return None
            case 2:
                return sound[:0]
            case 3:
                return sound.astype(np.float64)
            case 4:
                return np.repeat(sound, 2)[::2]
            case 5:
                sound[self._rng.randrange(len(sound))] = self._rng.choice((np.nan, np.inf, -np.inf, 1e38))
            case 6:
                return np.zeros(self._rng.choice((1, 239, 241, 5_761, 40_000)), np.float32)
        return sound

    def _come_back(self, buffer: JitterBuffer) -> None:
        """As no decoder should."""
        calls: list[Callable[[], Any]] = [
            lambda: buffer.push(1, 1, b"x", 1.0),
            lambda: buffer.pop(480, 1.0),
            lambda: buffer.__init__(RandomDecoder(self._rng, 0)),  # type: ignore[misc]
        ]
        try:
            self._rng.choice(calls)()
        except RuntimeError:
            return
        raise AssertionError("a decoder may use its own buffer")


def fuzz_jitter(rng: random.Random) -> None:
    decoder = RandomDecoder(rng, rng.choice((0.0, 0.02, 0.2)))
    buffer = JitterBuffer(
        decoder, floor_ms=rng.choice((0.0, 10.0)), ceiling_ms=rng.choice((10.0, 250.0, 5_000.0))
    )
    decoder.buffer = buffer
    wildness = rng.choice((0.0, 0.01, 0.1, 0.5))
    seq, timestamp, now = rng.randrange(2**16), rng.randrange(2**32), rng.uniform(0, 1e9)
    duration = rng.randrange(len(DURATIONS))
    for _ in range(rng.choice((20, 200, 600))):
        for _ in range(rng.choice((0, 1, 1, 1, 2, 3)) if rng.random() < 0.97 else rng.randrange(600)):
            buffer.push(seq % 2**16, timestamp % 2**32, bytes((duration,)), now, rng.random() < 0.05)
            seq += 1
            timestamp += DURATIONS[duration]
            if rng.random() < wildness:
                timestamp += rng.choice((*JUMPS, -DURATIONS[duration], rng.randrange(-200_000, 200_000)))
                seq += rng.choice((0, 0, 1, -1, 5, -40, 600, 2**15))
                duration = rng.randrange(len(DURATIONS))
        n_samples = rng.choice(BLOCKS) if rng.random() < wildness else 480
        pop(buffer, n_samples, now, with_side=rng.random() < 0.5)
        now += n_samples / 48 if n_samples else 0.1
        if rng.random() < wildness:
            now += rng.choice((0.0, 50.0, -50.0, 300.0, 1_999.0, 2_500.0, -2_500.0, rng.uniform(-1e4, 1e4)))
        if rng.random() < 0.001:
            bad_arguments(buffer, rng)


def pop(buffer: JitterBuffer, n_samples: int, now: float, *, with_side: bool) -> None:
    mid = np.full(n_samples, np.nan, np.float32)
    side = np.full(n_samples, np.nan, np.float32) if with_side else None
    buffer.pop_into(mid, now, side)
    assert np.isfinite(mid).all(), "a sample is not finite"
    assert side is None or np.isfinite(side).all(), "a sample of the side is not finite"
    assert all(np.isfinite(value) for value in buffer.statistics.values())


def bad_arguments(buffer: JitterBuffer, rng: random.Random) -> None:
    block = np.zeros(480, np.float32)
    frozen = block.copy()
    frozen.flags.writeable = False
    calls: list[Callable[..., Any]] = [
        lambda: buffer.pop_into(block, 0.0, np.zeros(479, np.float32)),
        lambda: buffer.pop_into(block, float("nan")),
        lambda: buffer.pop_into(block, float("inf"), block.copy()),
        lambda: buffer.pop_into(np.zeros(960, np.float32)[::2], 0.0),
        lambda: buffer.pop_into(np.zeros(480), 0.0),
        lambda: buffer.pop_into(frozen, 0.0),
        lambda: buffer.pop_into(None, 0.0),  # type: ignore[arg-type]
        lambda: buffer.pop(-1, 0.0),
        lambda: buffer.push(-1, 0, b"x", 0.0),
        lambda: buffer.push(2**16, 0, b"x", 0.0),
        lambda: buffer.push(0, -1, b"x", 0.0),
        lambda: buffer.push(0, 2**63, b"x", 0.0),
        lambda: buffer.push(0, 0, None, 0.0),  # type: ignore[arg-type]
        lambda: buffer.push(0, 0, b"x", float("-inf")),
        lambda: buffer.push(0, 0, b"x", 1e300),
        lambda: stretch(block, rng.choice((0.0, float("nan"), 1e-300, 1e300))),
    ]
    for call in calls:
        try:
            call()
        except (ValueError, TypeError, OverflowError, BufferError):
            continue
        raise AssertionError("a wrong argument is taken")


def fuzz_packets(rng: random.Random) -> None:
    """The ring of packets alone, by its Python names."""
    packets = PacketBuffer()
    for _ in range(300):
        seq = rng.choice((rng.randrange(2**16), packets.newest_seq + rng.randrange(-600, 600)))
        packets.insert(seq % 2**16, rng.randrange(2**32), b"x")
        packets.take(rng.choice((packets.first_seq(), packets.next_seq, rng.randrange(-(2**63), 2**63))))
        packets.timestamp_of(rng.randrange(-(2**63), 2**63))
        assert 0 <= packets.count <= 512


def fuzz_codec(rng: random.Random) -> None:
    """Payloads that were turned, cut and mixed, through the wrapper and through a receiver."""
    decoder, receiver = Decoder(), Receiver(1, "Ada")
    encoders = [Encoder(channels=1), Encoder(channels=2)]
    now = 0.0
    for number in range(rng.choice((5, 60))):
        channels = 1 + (rng.random() < 0.3)
        frame = np.asarray(np.random.default_rng(number).normal(0, 0.1, 480 * channels), np.float32)
        frame[0] = rng.choice((0.0, 1.0, np.nan, np.inf))
        payload = bytearray(encoders[channels - 1].encode(frame if channels == 1 else frame.reshape(-1, 2)))
        for _ in range(rng.choice((0, 1, 8))):
            payload[rng.randrange(len(payload))] = rng.randrange(256)
        wrong = bytes(rng.randrange(256) for _ in range(rng.choice((1, 2, 60, 1_400))))
        data = rng.choice((bytes(payload), bytes(payload[: rng.randrange(len(payload))]), wrong))
        samples = decoder.decode(data)
        assert np.isfinite(samples).all()
        assert decoder.side is None or (np.isfinite(decoder.side).all() and len(decoder.side) >= len(samples))
        assert len(decoder.conceal(120 * rng.randrange(1, 60))) > 0
        if data:
            receiver.push(Packet(number, number * 480, data), now)
        assert np.isfinite(receiver.pop_planes(480, now)).all()
        now += 0.01


class RandomTransport:
    """Pauses, fails, disappears, and calls back at once."""

    def __init__(self, rng: random.Random, ours: socket.socket | None) -> None:
        self._rng, self._socket = rng, ours
        self.owner: Connection | None = None
        self.peer: Callable[[], None] = lambda: None
        self.is_lost = False

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self._socket if name == "socket" else default

    def get_write_buffer_size(self) -> int:
        return self._rng.choice((0, 0, 0, 100))

    def set_write_buffer_limits(self, high: int) -> None: ...

    def can_write_eof(self) -> bool:
        return self._rng.random() < 0.5

    def write_eof(self) -> None:
        self._act()

    def write(self, data: bytes) -> None:
        bytes(data)
        self._act()

    def close(self) -> None:
        self._lose()

    def abort(self) -> None:
        self._lose()

    def _lose(self) -> None:
        if self._rng.random() < 0.5:
            self.lose()

    def lose(self) -> None:
        if self.owner and not self.is_lost:
            self.is_lost = True
            self.owner.connection_lost(None)

    def _act(self) -> None:
        assert self.owner is not None
        match self._rng.randrange(12):
            case 0:
                self.owner.pause_writing()
            case 1:
                self.owner.resume_writing()
            case 2:
                self.lose()
            case 3:
                raise OSError("a transport that fails")
            case 4:
                self.owner.send_text("at once")
            case 5:
                self.owner.close(1000, "at once")
            case 6:
                self.peer()


class RandomLoop:
    """Keeps what is to be called later."""

    def __init__(self) -> None:
        self.calls: list[Callable[[], None]] = []

    def call_soon(self, call: Callable[[], None]) -> None:
        self.calls.append(call)

    def call_later(self, _: float, call: Callable[[], None]) -> None:
        self.calls.append(call)

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        assert isinstance(context["exception"], (OSError, RuntimeError, ZeroDivisionError)), context

    def run(self) -> None:
        calls, self.calls = self.calls, []
        for call in calls:
            call()


class RandomConnection(Connection):
    rng: random.Random
    house: list["RandomConnection"]
    closed = 0

    def on_text(self, text: str) -> None:
        self._act()

    def on_binary(self, data: bytes) -> None:
        self._act()

    def on_close(self, code: int, reason: str) -> None:
        self.closed += 1
        assert self.closed == 1, "on_close came twice"
        self._act()

    def on_error(self, error: Exception) -> None:
        assert isinstance(error, (OSError, RuntimeError, ZeroDivisionError)), error

    def _act(self) -> None:
        other = self.rng.choice(self.house)
        acts: list[Callable[[], Any]] = [
            lambda: 1 / 0,
            lambda: other.close(1000, "by another"),
            lambda: self.fanout and self.fanout.discard(other),
            lambda: self.fanout and self.fanout.add(other),
            lambda: other.data_received(some_frames(self.rng)),
            lambda: self.data_received(some_frames(self.rng)),
            lambda: other.abort(),
            lambda: other.send_text("x" * self.rng.choice((1, 70_000))),
            lambda: self.__init__(self.flusher, self.limits),  # type: ignore[misc]
            lambda: other.connection_lost(None),
            *[lambda: None] * 4,
        ]
        self.rng.choice(acts)()


def say_more(connection: Connection, rng: random.Random) -> None:
    connection.data_received(some_frames(rng))


def some_frames(rng: random.Random) -> bytes:
    keys, frames = MaskingKeys(), []
    for _ in range(rng.randrange(1, 8)):
        voice = b"\x10\x05\0\0\0\1\0\4\0\0\0\0" + rng.randbytes(rng.choice((1, 80, 1_400)))
        payload = rng.choice(
            (voice, voice, b"", b"text", rng.randbytes(rng.choice((1, 125, 126, 400, 70_000))))
        )
        opcode = rng.choice((1, 2, 2, 2, 2, 9, 10, 8, 0, 3))
        frame = bytearray(serialize_frame(opcode, payload, keys))
        if rng.random() < 0.1:
            frame[rng.randrange(len(frame))] = rng.randrange(256)
        if rng.random() < 0.1:
            frame[0] &= 0x7F
        frames.append(bytes(frame))
    return b"".join(frames)


class BundledConnection(RandomConnection):
    """One of a room in which many talk at once, and some take bundles."""

    def _act(self) -> None:
        fanout, other = self.fanout, self.rng.choice(self.house)
        assert fanout is not None
        acts: list[Callable[[], Any]] = [
            fanout.give_held,
            lambda: fanout.send(some_voice(self.rng), other),
            lambda: fanout.discard(other),
            lambda: fanout.add(other),
            lambda: other.close(1000, "by another"),
            lambda: other.connection_lost(None),
            super()._act,
            *[lambda: None] * 4,
        ]
        self.rng.choice(acts)()


def some_voice(rng: random.Random) -> bytes:
    return b"\x10" + rng.randbytes(rng.choice((12, 80, 700, 1_499)))


def fuzz_bundles(rng: random.Random) -> None:
    loop = RandomLoop()
    flusher = Flusher(loop, deadline_ms=rng.choice((10, 120)))  # type: ignore[arg-type]
    fanout, house, sockets = Fanout(), [], []
    for _ in range(rng.randrange(4, 9)):
        pair = socket.socketpair()
        sockets += pair
        member = BundledConnection(flusher, usual_limits(close_s=0))
        member.rng, member.house, member.fanout, member.takes_bundles = rng, house, fanout, rng.random() < 0.7
        transport = RandomTransport(rng, pair[0])
        transport.owner = member
        transport.peer = member._act
        for end in pair:
            end.setblocking(False)
        house.append(member)
        member.attach(transport, is_direct=rng.random() < 0.6)  # type: ignore[arg-type]
        fanout.add(member)
        member.resume_writing()
    for _ in range(rng.choice((40, 400))):
        calls = (lambda: fanout.send(some_voice(rng), rng.choice(house)),) * 12
        with suppress(OSError, RuntimeError, ZeroDivisionError):
            rng.choice((*calls, loop.run, flusher.flush, fanout.give_held, rng.choice(house)._act))()
    for end in sockets:
        end.close()


def fuzz_connection(rng: random.Random) -> None:
    loop = RandomLoop()
    flusher = Flusher(loop, deadline_ms=rng.choice((0, 120)))  # type: ignore[arg-type]
    fanout, house, sockets = Fanout(), [], []
    for _ in range(rng.randrange(1, 5)):
        pair = socket.socketpair()
        for end in pair:
            end.setblocking(False)
        sockets += pair
        connection = RandomConnection(
            flusher, usual_limits(backlog_bytes=rng.choice((0, 1_000, 200_000)), close_s=0)
        )
        connection.rng, connection.house, connection.fanout = rng, house, fanout
        transport = RandomTransport(rng, pair[0])
        transport.owner = connection
        transport.peer = partial(say_more, connection, rng)
        house.append(connection)
        connection.attach(transport, is_direct=rng.random() < 0.6)  # type: ignore[arg-type]
        fanout.add(connection)
    now_us = 0
    for _ in range(rng.choice((5, 40))):
        with suppress(OSError, RuntimeError, ZeroDivisionError):
            step(rng, house, sockets, loop, now_us)
        now_us = rng.choice((now_us + 1_000_000, rng.randrange(2**50)))
    for end in sockets:
        end.close()


def step(
    rng: random.Random,
    house: list[RandomConnection],
    sockets: list[socket.socket],
    loop: RandomLoop,
    now_us: int,
) -> None:
    connection = rng.choice(house)
    match rng.randrange(12):
        case 0:
            connection.tick(now_us)
        case 1:
            loop.run()
        case 2:
            connection.flusher.flush()
        case 3:
            sockets[1 + 2 * house.index(connection)].close()
        case 4:
            connection.send_packet(b"v" * rng.choice((1, 1_500)))
        case 5:
            connection.pause_writing()
        case 6:
            connection.resume_writing()
        case 7:
            with suppress(OSError):
                sockets[1 + 2 * house.index(connection)].recv(1 << 20)
        case _:
            data = some_frames(rng)
            for start in range(0, len(data), size := rng.choice((1_000, 100_000))):
                connection.data_received(data[start : start + size])


def fuzz_frames(rng: random.Random) -> None:
    parser = FrameParser(from_client=True, max_message_bytes=rng.choice((0, 10, 100_000)))
    data = some_frames(rng)
    while data and not parser.failure:
        size = rng.choice((1, 2, 14, 1_000))
        parser.parse(data[:size])
        data = data[size:]


KINDS: dict[str, tuple[Callable[[random.Random], None], int]] = {
    "jitter": (fuzz_jitter, 4),
    "packets": (fuzz_packets, 1),
    "codec": (fuzz_codec, 1),
    "connection": (fuzz_connection, 3),
    "frames": (fuzz_frames, 1),
    "bundles": (fuzz_bundles, 2),
}


def run(
    seconds: float, seed: int, only: str | None = None, cases: int | None = None, trace: int | None = None
) -> dict[str, int]:
    """Cases of every kind in turn until the time is over; how many there were of each.

    What to repeat is written to the file `trace` before each: a sanitizer ends the program without another
    word.
    """
    counts = dict.fromkeys(KINDS, 0)
    names = [only] if only else [name for name, (_, share) in KINDS.items() for _ in range(share)]
    end = time.monotonic() + seconds
    for number in itertools.count():
        if time.monotonic() >= end or number == cases:
            return counts
        name = names[number % len(names)]
        again = f"--only {name} --cases 1 --seed {seed + number}"
        if trace is not None:
            os.pwrite(trace, f"{again:100}\n".encode(), 0)
        try:
            KINDS[name][0](random.Random(seed + number))
        except BaseException:
            print(f"memory_fuzz: fails with {again}", flush=True)
            raise
        counts[name] += 1
    raise AssertionError


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**32))
    parser.add_argument("--only", choices=KINDS)
    parser.add_argument("--cases", type=int)
    parser.add_argument("--trace", help="a file for what to repeat where a sanitizer ends the program")
    arguments = parser.parse_args()
    trace = os.open(arguments.trace, os.O_WRONLY | os.O_CREAT) if arguments.trace else None
    print(f"memory_fuzz: --seed {arguments.seed}", flush=True)
    counts = run(arguments.seconds, arguments.seed, arguments.only, arguments.cases, trace)
    print(
        "memory_fuzz: clean; cases: " + ", ".join(f"{count:,} {name}" for name, count in counts.items()),
        flush=True,
    )


if __name__ == "__main__":
    main()
