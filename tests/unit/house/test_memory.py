"""The owner of memory checks what is written to it: wrong arguments, odd decoders, clocks that jump, no
`__init__`."""

import socket
from collections.abc import Callable
from functools import partial
from typing import Any

import memory_fuzz
import numpy as np
import pytest
from connection_limits import usual_limits
from numpy.typing import NDArray

from streamer.client.audio.codec import Decoder, Encoder
from streamer.client.audio.limiter import Limiter
from streamer.client.audio.samples import SILENCE_LEVEL, level_of
from streamer.jitter import (
    concealment,
    delay_estimator,
    jitter_buffer,
    packet_buffer,
    playout_clock,
    windowed_minimum,
)
from streamer.jitter import sync_buffer as stretching
from streamer.jitter.jitter_buffer import JitterBuffer
from streamer.websocket import budget, bundle, connection, fanout, frames, mask, outbox, sink
from streamer.websocket import counters as counting
from streamer.websocket.connection import Connection
from streamer.websocket.fanout import Fanout
from streamer.websocket.sink import Flusher

PACKET = 480
CLASSES = [
    kind
    for module in (
        budget,
        bundle,
        connection,
        counting,
        concealment,
        delay_estimator,
        fanout,
        frames,
        jitter_buffer,
        mask,
        outbox,
        packet_buffer,
        playout_clock,
        sink,
        stretching,
        windowed_minimum,
    )
    for kind in vars(module).values()
    if isinstance(kind, type) and kind.__module__ == module.__name__ and not issubclass(kind, int)
]  # fmt: skip
ARGUMENTS: list[tuple[Any, ...]] = [
    (), (0,), (-1,), (2**63,), (float("nan"),), (None,), (b"",), (b"x",), (np.zeros(480, np.float32), 0.0),
    (1, 1, b"x"), (1, 1, b"x", 1.0), (0.0, 0), (np.zeros(3)[::2], 0.0), (object(),), (480, 1.0), (2, b"x"),
    ("x",),
]  # fmt: skip


class Sound:
    """Decodes every packet into the same quiet noise, or into what it was given."""

    side: Any = None

    def __init__(self, given: Any = None) -> None:
        quiet = np.random.default_rng(1).normal(0, 1e-4, PACKET).astype(np.float32)
        self.given = quiet if given is None else given

    def decode(self, payload: bytes) -> Any:
        return self.given

    def conceal(self, n_samples: int) -> NDArray[np.float32]:
        return np.zeros(n_samples, np.float32)


def fed(
    buffer: JitterBuffer, count: int = 100, jump_at: int = 10**9, jump: int = 0
) -> list[NDArray[np.float32]]:
    """A packet and a pop every 10 ms; from `jump_at` on the timestamps are off by `jump` samples."""
    heard = []
    for number in range(count):
        timestamp = 2**24 + number * PACKET + (jump if number >= jump_at else 0)
        buffer.push(number, timestamp, b"x", number * 10.0)
        heard.append(buffer.pop(PACKET, number * 10.0))
    return heard


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__qualname__)
def test_what_was_made_without_its_init_raises_or_does_nothing(kind: type) -> None:
    class Careless(kind):  # type: ignore[misc]
        def __init__(self, *_: object) -> None: ...

    for make in (lambda: kind.__new__(kind), lambda: Careless()):
        try:
            made = make()
        except TypeError:
            continue
        for name in dir(made):
            if name.startswith("__"):
                continue
            for arguments in ARGUMENTS:
                try:
                    attribute = getattr(made, name)
                    if callable(attribute):
                        attribute(*arguments)
                except Exception:
                    continue


def test_every_compiled_class_is_among_those() -> None:
    assert {kind.__name__ for kind in CLASSES} >= {
        "JitterBuffer", "PacketBuffer", "SyncBuffer", "DecodedLine", "DelayEstimator", "PlayoutClock",
        "WindowedMinimum", "Connection", "Limits", "Sink", "Flusher", "Outbox", "Fanout", "FrameParser",
        "MaskingKeys", "Traffic",
    }  # fmt: skip


@pytest.mark.parametrize("jump_ms", [-10_000, -2_500, -1_900, -500, -20, 20, 500, 2_500, 10_000])
def test_a_talkers_clock_that_jumps_is_another_clock_and_is_on_target_within_a_second(jump_ms: int) -> None:
    buffer = JitterBuffer(Sound())
    fed(buffer, 400, 200, jump_ms * 48)
    assert abs(buffer.delay_ms - buffer.target_ms) < 15
    assert buffer.level_ms < 100
    assert buffer.statistics["restarts"] == (jump_ms < 0 or jump_ms > 2_000)


def test_a_listener_that_was_held_up_for_longer_than_a_clock_may_lag_hears_again() -> None:
    buffer = JitterBuffer(Sound(np.full(PACKET, 0.25, np.float32)))
    for number in range(900):
        arrives = 5_500.0 if 3_000 < number * 10 < 5_500 else number * 10.0
        buffer.push(
            number, number * PACKET, b"x", arrives
        ) if arrives == number * 10 or number == 550 else None
        if number == 550:
            for late in range(301, 550):
                buffer.push(late, late * PACKET, b"x", 5_500.0)
        if not 3_000 < number * 10 < 5_500:
            block = buffer.pop(PACKET, number * 10.0)
    assert np.abs(block).max() > 0.2
    assert buffer.delay_ms - buffer.target_ms < 30


def test_packets_whose_timestamps_stand_still_do_not_fill_the_line() -> None:
    buffer = JitterBuffer(Sound(np.zeros(5_760, np.float32)))
    fed(buffer, 50)
    for number in range(50, 500):
        buffer.push(number, 2**24 + 50 * PACKET, b"x", 500.0)
    for number in range(500):
        buffer.pop(PACKET, 3_000.0 + number * 10)
        assert buffer.level_ms <= 512 * 120


@pytest.mark.parametrize("back", [1, 2, 479, 481])
def test_any_number_of_samples_left_out_is_a_number_and_no_error(back: int) -> None:
    buffer, now, seq = JitterBuffer(Sound()), 3_000.0, 300
    fed(buffer, 300)
    for _ in range(200):
        if buffer.playout_timestamp is not None:
            end = buffer.playout_timestamp + round(buffer.level_ms * 48)
            now += 1_000
            for timestamp in (end - back - 1, end - back):
                buffer.push(seq % 2**16, timestamp % 2**32, b"x", now)
                seq += 1
        buffer.pop(PACKET, now)
        now += 10
    assert buffer.statistics["skipped_ms"] >= 0


@pytest.mark.parametrize(
    "given",
    [
        np.full(PACKET, np.nan, np.float32),
        np.full(PACKET, np.inf, np.float32),
        np.full(PACKET, 1e38, np.float32),
        np.zeros(PACKET),
        np.zeros(2 * PACKET, np.float32)[::2],
        np.zeros((PACKET, 2), np.float32),
        np.zeros(0, np.float32),
        "sound",
        7,
    ],
    ids=["NaN", "infinite", "huge", "doubles", "strided", "rows", "nothing", "text", "number"],
)
def test_what_a_decoder_gives_that_is_no_sound_is_concealed_and_counted(given: Any) -> None:
    buffer = JitterBuffer(Sound(given))
    heard = fed(buffer)
    assert all(np.isfinite(block).all() for block in heard)
    assert buffer.statistics["undecodable"] > 50


@pytest.mark.parametrize("side", [np.zeros(479, np.float32), np.full(480, np.nan, np.float32), "left"])
def test_a_side_that_does_not_fit_is_never_read(side: Any) -> None:
    decoder = Sound()
    decoder.side = side
    buffer = JitterBuffer(decoder)
    fed(buffer)
    assert buffer.statistics["undecodable"] > 50


def test_a_buffer_refuses_what_it_can_not_use_and_goes_on() -> None:
    buffer = JitterBuffer(Sound())
    memory_fuzz.bad_arguments(buffer, memory_fuzz.random.Random(1))
    assert len(fed(buffer)) == 100


def test_a_decoder_can_not_use_the_buffer_that_asks_it() -> None:
    class Returning(Sound):
        refused = 0

        def decode(self, payload: bytes) -> Any:
            calls: list[Callable[[], Any]] = [
                lambda: buffer.pop(480, 1.0),
                lambda: buffer.push(1, 1, b"x", 1.0),
                lambda: buffer.__init__(Sound()),  # type: ignore[misc]
            ]
            for call in calls:
                with pytest.raises(RuntimeError):
                    call()
                self.refused += 1
            return super().decode(payload)

    decoder = Returning()
    buffer = JitterBuffer(decoder)
    fed(buffer)
    assert decoder.refused > 200


def test_what_is_not_finite_goes_through_neither_codec_nor_mix_and_leaves_nothing_behind() -> None:
    encoder, decoder = Encoder(), Decoder()
    wrong = np.full(PACKET, np.nan, np.float32)
    wrong[::3] = np.inf
    assert np.isfinite(decoder.decode(encoder.encode(wrong))).all()
    tone = np.sin(np.arange(PACKET * 20) * 2 * np.pi / 48).astype(np.float32) * 0.5
    heard = np.concatenate([decoder.decode(encoder.encode(frame)) for frame in tone.reshape(-1, PACKET)])
    assert np.abs(heard[-PACKET:]).max() > 0.4
    assert level_of(wrong) == SILENCE_LEVEL
    limiter = Limiter(48_000)
    limiter.process(mixed := wrong.copy())
    assert np.isfinite(mixed).all()
    limiter.process(mixed := tone.copy())
    np.testing.assert_array_equal(mixed, tone)


def test_an_outbox_of_one_who_takes_nothing_is_bounded_whatever_the_deadline_is() -> None:
    loop = memory_fuzz.RandomLoop()
    flusher = Flusher(loop, deadline_ms=10**9)  # type: ignore[arg-type]
    ours, theirs = socket.socketpair()
    listener = Connection(flusher, usual_limits())
    listener.attach(Steady(ours))  # type: ignore[arg-type]
    listener.pause_writing()
    for _ in range(20_000):
        listener.send_packet(b"x")
    assert 20_000 - flusher.traffic.shed_late == 8_192
    ours.close()
    theirs.close()


class Steady:
    """A transport that only takes."""

    def __init__(self, ours: socket.socket) -> None:
        self._socket = ours
        self.on_write: Callable[[], object] = lambda: None

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self._socket if name == "socket" else default

    def get_write_buffer_size(self) -> int:
        return 0

    def set_write_buffer_limits(self, high: int) -> None: ...

    def write(self, data: bytes) -> None:
        self.on_write()

    def abort(self) -> None: ...


def test_a_connection_that_is_closed_while_it_is_judged_says_so_once() -> None:
    """In this case of the fuzz, the flush that asks whether a peer reads ends the connection."""
    memory_fuzz.fuzz_connection(memory_fuzz.random.Random(3_752_200_201))


def house(count: int) -> tuple[Fanout, list[Connection], list[Steady]]:
    flusher, room = Flusher(memory_fuzz.RandomLoop()), Fanout()  # type: ignore[arg-type]
    members, transports = [], []
    for _ in range(count):
        transports.append(Steady(socket.socketpair()[0]))
        members.append(Connection(flusher, usual_limits()))
        members[-1].attach(transports[-1])  # type: ignore[arg-type]
        room.add(members[-1])
    flusher.flush()
    for member in members:
        member.resume_writing()
    flusher.flush()
    return room, members, transports


def test_somebody_who_leaves_while_a_packet_goes_round_takes_it_from_nobody() -> None:
    room, members, transports = house(20)
    got: list[int] = []

    def take_and_leave(number: int) -> None:
        got.append(number)
        for each in members:
            room.discard(each)

    for number, transport in enumerate(transports):
        transport.on_write = partial(take_and_leave, number)
    room.send(b"voice", members[0])
    members[0].flusher.flush()
    assert sorted(got) == list(range(1, 20))
    assert len(room) == 0


def test_a_transport_that_fails_keeps_a_packet_from_nobody_else() -> None:
    room, members, transports = house(5)
    got: list[int] = []

    def take_unless_second(number: int) -> None:
        if number == 2:
            raise ZeroDivisionError
        got.append(number)

    for number, transport in enumerate(transports):
        transport.on_write = partial(take_unless_second, number)
    room.send(b"voice", members[0])
    members[0].flusher.flush()
    assert sorted(got) == [1, 3, 4]


def test_a_tick_after_a_failed_write_says_nothing_and_ends_the_connection() -> None:
    loop = memory_fuzz.RandomLoop()
    flusher, (ours, theirs) = Flusher(loop), socket.socketpair()  # type: ignore[arg-type]
    member = Connection(flusher, usual_limits(close_s=0))
    member.attach(Steady(ours), is_direct=True)  # type: ignore[arg-type]
    member.close(1000, "bye")
    theirs.close()
    flusher.flush()
    member.tick(10**17)
    assert not member.is_open
    ours.close()


@pytest.mark.parametrize("kind", memory_fuzz.KINDS)
def test_random_use_is_survived(kind: str) -> None:
    counts = memory_fuzz.run(seconds=60, seed=1, only=kind, cases=15)
    assert counts[kind] == 15
