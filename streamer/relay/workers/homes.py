"""A worker's view of where rooms are at home, and of its members whose room is at home in another worker.

Such a member is asked to go there, as by a relay that drains, and stays until it is in. Who can't (a
firewall, a proxy) is let be after a while: the cluster joins the room's parts.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from time import monotonic
from typing import Final

from streamer.relay.http.app import Relay
from streamer.relay.rooms.echo_room import EchoRoom
from streamer.relay.rooms.socket import Socket
from streamer.relay.workers.ranks import ranked

LOOK_S: Final = 0.25
"""From one look to the next who is to be asked."""

SETTLED_S: Final = 0.5
"""After coming in: by then the home knows its session, so that it is the same member there."""

GIVE_UP_S: Final = 10.0
"""As long as members have by default where a relay stops."""


@dataclass(slots=True)
class _Guest:
    """A member here whose room is at home in the worker `home`. `asked_s` 0 is not yet."""

    home: int
    since_s: float
    asked_s: float = 0.0
    stays: bool = False


class Homes:
    """`number` is this worker's. `is_joined` tells whether the cluster works: without it nobody moves."""

    def __init__(
        self, number: int, relay: Relay, is_joined: Callable[[], bool], counts: Counter[str]
    ) -> None:
        self._number = number
        self._relay = relay
        self._is_joined = is_joined
        self._counts = counts
        self._addresses: Mapping[int, str] = {}
        self._guests: dict[Socket, _Guest] = {}
        relay.asked_home = self._asked_home
        relay.other_relays.near = self._near

    def follow(self, addresses: Mapping[int, str]) -> None:
        """These workers live, by their numbers; an address is empty where its worker has none of its own."""
        self._addresses = addresses
        self._relay.other_relays.stand_beside(filter(None, addresses.values()))

    def forget(self) -> None:
        """All workers end together."""
        self._addresses, self._guests = {}, {}
        self._relay.other_relays.leave_out()

    async def run(self) -> None:
        while True:
            self._look(monotonic())
            await asyncio.sleep(LOOK_S)

    def _look(self, now_s: float) -> None:
        sockets = self._relay.sockets
        for socket in sockets:
            self._look_at(socket, now_s)
        here = set(sockets)
        self._guests = {socket: guest for socket, guest in self._guests.items() if socket in here}

    def _look_at(self, socket: Socket, now_s: float) -> None:
        home, guest = self._home(socket), self._guests.get(socket)
        if guest and guest.home != home:
            self._take_back(socket)
            del self._guests[socket]
            guest = None
        if home == self._number:
            return
        if guest is None:
            self._guests[socket] = _Guest(home, now_s)
        elif not guest.asked_s and now_s - guest.since_s >= SETTLED_S and self._is_joined():
            guest.asked_s = now_s
            self._counts["asked_home"] += 1
            self._relay.tell_relays(socket)
        elif guest.asked_s and not guest.stays and now_s - guest.asked_s >= GIVE_UP_S:
            self._counts["stayed"] += 1
            self._take_back(socket)

    def _take_back(self, socket: Socket) -> None:
        guest = self._guests[socket]
        was_asked = guest.asked_s > 0 and not guest.stays
        guest.stays = True
        if was_asked:
            self._relay.tell_relays(socket)

    def _home(self, socket: Socket) -> int:
        """This worker where there is none to go to."""
        room = socket.entry.room
        ranks = ranked(room.name, self._addresses)
        if isinstance(room, EchoRoom) or not ranks or not self._addresses[ranks[0]]:
            return self._number
        return ranks[0]

    def _asked_home(self, socket: Socket) -> str:
        guest = self._guests.get(socket)
        if guest is None or not guest.asked_s or guest.stays:
            return ""
        return self._addresses.get(guest.home, "")

    def _near(self, room: str) -> list[str]:
        """Whoever loses this worker finds the room's next home first."""
        others = [number for number in self._addresses if number != self._number]
        return [address for number in ranked(room, others) if (address := self._addresses[number])]
