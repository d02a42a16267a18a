"""This relay, and one page for which it joins packets that come within a window into one message. Only that
page hears.

    python bundling_relay.py PORT FOLDER

FOLDER holds the certificate authority. Each line of the standard input says what the window is from now on,
in ms, or `off`; or `relay`, which leaves it to the relay's own fan-out. It is answered, as JSON, with how
many messages went since the last one, and how long in ms their packets waited: of the relay itself all
writes, and the mean alone.
"""

import asyncio
import json
import sys
from pathlib import Path
from time import monotonic_ns
from typing import Final

import uvloop

from streamer.relay.access.invites import InviteStore
from streamer.relay.access.limits import RelayLimits
from streamer.relay.http.app import Relay
from streamer.relay.http.static_files import read_page
from streamer.relay.rooms.member import Member
from streamer.relay.running import listening
from streamer.relay.tls.authority import Authority
from streamer.websocket.fanout import Fanout
from streamer.wire.messages import FromRelay

BUNDLE: Final = b"\x11"
"""Version 1, kind 1 (PROTOCOL.md, Bundles)."""
OFF: Final = "off"
RELAY: Final = "relay"


class Joiner:
    """An observer of the room that sends its packets to one member, in place of the room itself."""

    def __init__(self, listener: Member, fanout: Fanout) -> None:
        self._window = OFF
        self._messages = 0
        self._waited_ms: list[float] = []
        self._listener = listener
        self._fanout = fanout
        self._before = self._counted()
        self._loop = asyncio.get_running_loop()
        self._held: list[tuple[bytes, int]] = []

    def push(self, packet: bytes, now_us: int, /) -> None:
        if self._window == RELAY:
            return
        if self._window == OFF:
            self._messages += 1
            self._listener.send_packet(packet)
            return
        self._held.append((packet, now_us))
        if len(self._held) > 1:
            return
        if float(self._window):
            self._loop.call_later(float(self._window) / 1000, self._send)
        else:
            self._loop.call_soon(self._send)

    def push_message(self, message: FromRelay, /) -> None: ...

    def turn_to(self, window: str) -> tuple[int, list[float]]:
        """What went until now, and how long it waited."""
        went = self._messages, self._waited_ms
        writes, held, held_us = (
            now - before for now, before in zip(self._counted(), self._before, strict=True)
        )
        if self._window == RELAY:
            went = writes, [held_us / held / 1000] if held else []
        if RELAY in (window, self._window) and window != self._window:
            (self._fanout.add if window == RELAY else self._fanout.discard)(self._listener.sink)
        self._window, self._messages, self._waited_ms, self._before = window, 0, [], self._counted()
        return went

    def _counted(self) -> tuple[int, int, int]:
        traffic = self._listener.sink.flusher.traffic
        return traffic.writes, traffic.held, traffic.held_us

    def _send(self) -> None:
        now_us, held = monotonic_ns() // 1000, self._held
        self._held = []
        self._messages += 1
        self._waited_ms += [(now_us - came_us) / 1000 for _, came_us in held]
        packets = [packet for packet, _ in held]
        self._listener.send_packet(packets[0] if len(packets) == 1 else bundle(packets))


def bundle(packets: list[bytes]) -> bytes:
    return BUNDLE + b"".join(len(packet).to_bytes(2, "big") + packet for packet in packets)


def join(relay: Relay) -> Joiner:
    """For the newest member of the only room; to the others nothing is sent."""
    (room,) = relay.lobby.rooms
    for member in room.members:
        room.fanout.discard(member.sink)
    joiner = Joiner(room.members[-1], room.fanout)
    room.add_observer(joiner)
    return joiner


async def main(port: int, folder: Path) -> None:
    leaf = Authority(folder).leaf(["localhost"], ["127.0.0.1"])
    relay = Relay(InviteStore({}, is_open=True), read_page(), RelayLimits.none())
    joiner: Joiner | None = None
    async with listening(relay, "127.0.0.1", port, leaf.server_context()):
        print("ready", flush=True)
        while line := (await asyncio.to_thread(sys.stdin.readline)).strip():
            joiner = joiner or join(relay)
            print(json.dumps(joiner.turn_to(line)), flush=True)


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]), Path(sys.argv[2])))
