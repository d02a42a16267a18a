"""Who writes when: voice goes out between the parts of a message to a large room."""

import socket
from time import perf_counter

from connection_limits import usual_limits

from streamer.websocket.connection import Connection
from streamer.websocket.sink import Flusher

MEMBERS = 300
WRITE_S = 50e-6
"""What a write costs at least, so that a message to all takes 15 ms."""


class Turns:
    """An event loop that makes its turns when it is told to."""

    def __init__(self) -> None:
        self._due: list = []  # type: ignore[type-arg]

    def call_soon(self, act, *arguments) -> None:  # type: ignore[no-untyped-def]
        self._due.append((act, arguments))

    def turn(self) -> None:
        due, self._due = self._due, []
        for act, arguments in due:
            act(*arguments)


class Slow:
    """A transport that takes its time, and whatever it is given."""

    def __init__(self, number: int, order: list[int]) -> None:
        self._number, self._order = number, order
        self._socket = socket.socketpair()[0]

    def get_extra_info(self, name: str) -> socket.socket:
        return self._socket

    def set_write_buffer_limits(self, high: int) -> None: ...

    def get_write_buffer_size(self) -> int:
        return 0

    def write(self, data: bytes) -> None:
        until = perf_counter() + WRITE_S
        while perf_counter() < until:
            pass
        self._order.append(self._number)


def test_voice_does_not_wait_for_a_message_to_a_large_room() -> None:
    loop, order = Turns(), list[int]()
    flusher = Flusher(loop)  # type: ignore[arg-type]
    members = [Connection(flusher, usual_limits()) for _ in range(MEMBERS + 1)]
    for number, member in enumerate(members):
        member.attach(Slow(number, order))  # type: ignore[arg-type]
    *crowd, listener = members
    for member in crowd:
        member.send_text("Hello")
    loop.turn()
    assert 0 < len(order) < MEMBERS
    listener.send_packet(b"voice")
    before = len(order)
    loop.turn()
    assert order[before] == MEMBERS
    for _ in range(MEMBERS):
        loop.turn()
    assert sorted(order) == list(range(MEMBERS + 1))


def test_whoever_flushes_by_hand_writes_all() -> None:
    loop, order = Turns(), list[int]()
    flusher = Flusher(loop)  # type: ignore[arg-type]
    members = [Connection(flusher, usual_limits()) for _ in range(20)]
    for number, member in enumerate(members):
        member.attach(Slow(number, order))  # type: ignore[arg-type]
        member.send_text("Hello")
    members[0].send_packet(b"voice")
    flusher.flush()
    assert sorted(order) == list(range(20))
    loop.turn()
    assert len(order) == 20
