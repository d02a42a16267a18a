"""A room whose members take bundles or not, over transports that keep what they get; timers end by hand."""

import socket
from collections.abc import Callable
from typing import Any, Final

from connection_limits import usual_limits

from streamer.websocket.connection import Connection
from streamer.websocket.fanout import Fanout
from streamer.websocket.frames import FrameParser
from streamer.websocket.sink import Flusher

BUNDLE: Final = 0x11
MOST_BYTES: Final = 1_500
BINARY: Final = 2


def packets_of(message: bytes) -> list[bytes]:
    """What the protocol document says of a message of a relay, in Python."""
    if message[0] != BUNDLE:
        return [message]
    assert len(message) <= MOST_BYTES
    packets, at = [], 1
    while at < len(message):
        end = at + 2 + int.from_bytes(message[at : at + 2], "big")
        assert end <= len(message)
        packets.append(message[at + 2 : end])
        at = end
    assert len(packets) >= 2
    return packets


class Loop:
    """Calls when it is told to."""

    def __init__(self) -> None:
        self.calls: list[Callable[[], None]] = []
        self.delays_s: list[float] = []

    def call_soon(self, call: Callable[[], None]) -> None:
        self.calls.append(call)

    def call_later(self, delay_s: float, call: Callable[[], None]) -> None:
        self.delays_s.append(delay_s)
        self.calls.append(call)

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        raise AssertionError(context)

    def run_only(self, name: str) -> None:
        while wanted := [call for call in self.calls if call.__name__ == name]:
            self.calls = [call for call in self.calls if call.__name__ != name]
            for call in wanted:
                call()

    def run(self) -> None:
        while self.calls:
            calls, self.calls = self.calls, []
            for call in calls:
                call()


class Ear:
    """A transport that only takes."""

    def __init__(self) -> None:
        self._ends = socket.socketpair()
        self._parser = FrameParser(from_client=False, max_message_bytes=MOST_BYTES)
        self.messages: list[tuple[int, bytes]] = []
        self.bytes_taken = 0
        self.on_write: Callable[[], object] = lambda: None

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self._ends[0] if name == "socket" else default

    def get_write_buffer_size(self) -> int:
        return 0

    def set_write_buffer_limits(self, high: int) -> None: ...

    def write(self, data: bytes) -> None:
        self.bytes_taken += len(data)
        self.messages += self._parser.parse(data)
        assert not self._parser.failure
        self.on_write()

    def abort(self) -> None: ...

    @property
    def voice(self) -> list[bytes]:
        return [data for opcode, data in self.messages if opcode == BINARY]

    @property
    def packets(self) -> list[bytes]:
        return [packet for message in self.voice for packet in packets_of(message)]

    def close(self) -> None:
        for end in self._ends:
            end.close()


class BundledRoom:
    def __init__(self, deadline_ms: float = 30_000) -> None:
        self.loop = Loop()
        self.flusher = Flusher(self.loop, deadline_ms=deadline_ms)  # type: ignore[arg-type]
        self.fanout = Fanout()
        self.members: list[Connection] = []
        self.ears: list[Ear] = []

    def enter(self, *, takes: bool = True, records: bool = False) -> Ear:
        ear, member = Ear(), Connection(self.flusher, usual_limits())
        member.attach(ear)  # type: ignore[arg-type]
        member.takes_bundles, member.is_recorder = takes, records
        self.members.append(member)
        self.ears.append(ear)
        self.fanout.add(member)
        member.resume_writing()
        self.flusher.flush()
        return ear

    def say(self, member: int, packet: bytes) -> None:
        self.fanout.send(packet, self.members[member])

    def many_talk(self, count: int = 4) -> None:
        """So that the room holds packets from now on; what that said is given out and forgotten."""
        for member in range(count):
            self.say(member, b"hm")
        self.give_out()
        for ear in self.ears:
            ear.messages.clear()

    def hold(self, *packets: bytes) -> None:
        """The members from 0 on say one each; all of them wait then, and nothing heard before is left."""
        while True:  # a machine that stops us amid it ends the window
            self.many_talk()
            for member, packet in enumerate(packets):
                self.say(member, packet)
            if self.fanout.held == len(packets):
                return
            self.give_out()

    def hand_on(self) -> None:
        """What waits because the room is crowded; windows go on."""
        self.loop.run_only("_give_out")

    def give_out(self) -> None:
        """All windows end."""
        self.loop.run()
        self.flusher.flush()
        self.loop.run()

    def close(self) -> None:
        for ear in self.ears:
            ear.close()
