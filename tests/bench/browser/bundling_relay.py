"""This relay, and one page for which it joins packets that come within a window into one message. Only that page hears.

    python bundling_relay.py PORT FOLDER

FOLDER holds the certificate authority. Each line of the standard input says what the window is from now on, in ms, or
`off`. It is answered, as JSON, with how many messages went since the last one, and how long in ms their packets waited.
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
from streamer.relay.http.static_files import Asset, read_page
from streamer.relay.rooms.member import Member
from streamer.relay.running import listening
from streamer.relay.tls.authority import Authority
from streamer.wire.messages import FromRelay

BUNDLE: Final = b"\x11"
"""Version 1, and a kind that there is here alone; behind it each packet with its length before it, in two bytes."""
WORKER: Final = "/worker/worker.js"
TAKES_PACKETS: Final = b"link.onPacket = onPacket;"
TAKES_BUNDLES: Final = b"""link.onPacket = (data) => {
  const view = new DataView(data);
  if (view.getUint8(0) !== 0x11) return onPacket(data);
  for (let at = 1, end = 0; at < data.byteLength; at = end) {
    end = at + 2 + view.getUint16(at);
    onPacket(data.slice(at + 2, end));
  }
};"""


class Joiner:
    """An observer of the room that sends its packets to one member, in place of the room itself."""

    def __init__(self, listener: Member) -> None:
        self.window_ms: float | None = None
        self.messages = 0
        self.waited_ms: list[float] = []
        self._listener = listener
        self._loop = asyncio.get_running_loop()
        self._held: list[tuple[bytes, int]] = []

    def push(self, packet: bytes, now_us: int, /) -> None:
        if self.window_ms is None:
            self.messages += 1
            self._listener.send_packet(packet)
            return
        self._held.append((packet, now_us))
        if len(self._held) > 1:
            return
        if self.window_ms:
            self._loop.call_later(self.window_ms / 1000, self._send)
        else:
            self._loop.call_soon(self._send)

    def push_message(self, message: FromRelay, /) -> None: ...

    def _send(self) -> None:
        now_us, held = monotonic_ns() // 1000, self._held
        self._held = []
        self.messages += 1
        self.waited_ms += [(now_us - came_us) / 1000 for _, came_us in held]
        packets = [packet for packet, _ in held]
        self._listener.send_packet(packets[0] if len(packets) == 1 else bundle(packets))


def bundle(packets: list[bytes]) -> bytes:
    return BUNDLE + b"".join(len(packet).to_bytes(2, "big") + packet for packet in packets)


def page_that_takes_bundles() -> dict[str, Asset]:
    page = dict(read_page())
    worker = page[WORKER]
    assert TAKES_PACKETS in worker.body
    page[WORKER] = Asset.of(worker.body.replace(TAKES_PACKETS, TAKES_BUNDLES), worker.content_type)
    return page


def join(relay: Relay) -> Joiner:
    """For the newest member of the only room; to the others nothing is sent."""
    (room,) = relay.lobby.rooms
    for member in room.members:
        room.fanout.discard(member.sink)
    joiner = Joiner(room.members[-1])
    room.add_observer(joiner)
    return joiner


async def main(port: int, folder: Path) -> None:
    leaf = Authority(folder).leaf(["localhost"], ["127.0.0.1"])
    relay = Relay(InviteStore({}, is_open=True), page_that_takes_bundles(), RelayLimits.none())
    joiner: Joiner | None = None
    async with listening(relay, "127.0.0.1", port, leaf.server_context()):
        print("ready", flush=True)
        while line := (await asyncio.to_thread(sys.stdin.readline)).strip():
            joiner = joiner or join(relay)
            joiner.window_ms = None if line == "off" else float(line)
            print(json.dumps([joiner.messages, joiner.waited_ms]), flush=True)
            joiner.messages, joiner.waited_ms = 0, []


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]), Path(sys.argv[2])))
