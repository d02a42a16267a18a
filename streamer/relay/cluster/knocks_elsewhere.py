"""Who knocks at other relays: each relay stores its own, all hosts are shown them, and an answer goes to that
relay."""

from collections.abc import Callable
from typing import Final

from streamer.errors import ControlError
from streamer.relay.access.sanitize import clean_name
from streamer.relay.cluster.bus import Bucket
from streamer.relay.cluster.links import Say
from streamer.relay.cluster.messages import Knocked, LetIn, key_of, room_of
from streamer.relay.cluster.peers import Peers
from streamer.relay.cluster.puts import Puts
from streamer.relay.rooms.knocks import MAX_KNOCKS, MAX_PER_ROOM
from streamer.relay.rooms.session import Session
from streamer.wire.messages import Waiting

PREFIX: Final = "k."
MAX_DIGITS: Final = 12
"""Of a knock's number: what a page can hold exactly has 15."""

TellHosts = Callable[[str], None]
"""Who waits in that room by now."""


class KnocksElsewhere:
    """See `Elsewhere`. In `bucket` a knock expires unless it is told again; those of a dead relay are not
    shown."""

    def __init__(
        self,
        own_id: str,
        bucket: Bucket,
        peers: Peers,
        puts: Puts,
        say: Say,
        tell_hosts: TellHosts,
        store_session: Callable[[Session], None],
    ) -> None:
        self._own_id = own_id
        self._bucket = bucket
        self._peers = peers
        self._puts = puts
        self._say = say
        self._tell_hosts = tell_hosts
        self.admitted = store_session
        """They may come in on any relay."""
        self._stored: dict[tuple[str, int], Knocked] = {}
        self._own: dict[tuple[str, int], str] = {}
        self._untold: set[tuple[str, int]] = set()
        """What was stored before a connection that has not told all yet."""

    def waiting(self, room: str) -> list[Waiting]:
        found = (
            (number, value["name"])
            for (name, number), value in self._stored.items()
            if name == room and self._peers.is_ours(value["relay"])
        )
        return [{"id": number, "name": name} for number, name in sorted(found)[:MAX_PER_ROOM]]

    def answer(self, room: str, number: int, *, admit: bool) -> bool:
        value = self._stored.get((room, number))
        if value is None or not self._peers.is_ours(value["relay"]):
            return False
        let_in: LetIn = {
            "type": "let-in",
            "relay": self._own_id,
            "room": room,
            "number": number,
            "admit": admit,
        }
        self._say("relay", value["relay"], let_in)
        return True

    def changed(self, room: str, own: list[Waiting]) -> None:
        now = {(room, each["id"]): each["name"] for each in own}
        for at in [at for at in self._own if at[0] == room and at not in now]:
            del self._own[at]
            self._puts.put(self._bucket, _key(*at), None)
        for at, name in now.items():
            if at not in self._own:
                self._own[at] = name
                self._store(at)

    def forget(self) -> None:
        """Before all that is stored is told anew."""
        self._untold = set(self._stored)

    def end_snapshot(self) -> None:
        """All that is stored was told: whoever was not has an answer by now."""
        for at in self._untold:
            del self._stored[at]
        for room in {room for room, _ in self._untold}:
            self._tell_hosts(room)
        self._untold.clear()

    def tell_all_again(self) -> None:
        for at in self._own:
            self._store(at)

    def _store(self, at: tuple[str, int]) -> None:
        value: Knocked = {"type": "knock", "relay": self._own_id, "name": self._own[at]}
        self._puts.put(self._bucket, _key(*at), value)

    def settle_relay(self, relay: str) -> None:
        """It came, or is gone, with all who knock there."""
        for room in {room for (room, _), value in self._stored.items() if value["relay"] == relay}:
            self._tell_hosts(room)

    def take(self, key: str, value: Knocked | None) -> None:
        """What is stored now. Raises ControlError or RefusedError for what is no knock."""
        room_key, _, digits = key.removeprefix(PREFIX).partition(".")
        room = room_of(room_key)
        if not (digits.isascii() and digits.isdecimal() and len(digits) <= MAX_DIGITS):
            raise ControlError("a knock at another relay has no number", code="bad-field")
        at = room, int(digits)
        if value is not None and value["relay"] == self._own_id:
            if at not in self._own:
                self._puts.put(self._bucket, key, None)
            return
        self._untold.discard(at)
        self._stored.pop(at, None)
        if value is not None and len(self._stored) < MAX_KNOCKS:
            if value["type"] != "knock" or clean_name(value["name"][:256]) != value["name"]:
                words = "somebody who knocks at another relay has a name that is not allowed"
                raise ControlError(words, code="bad-field")
            self._stored[at] = value
        self._tell_hosts(room)


def _key(room: str, number: int) -> str:
    return f"{PREFIX}{key_of(room)}.{number}"
