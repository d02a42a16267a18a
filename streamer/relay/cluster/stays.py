"""Members' stays on all relays of the service: who loses a relay comes back on another as the same member."""

from collections.abc import Callable
from time import monotonic
from typing import Final

from streamer.relay.access.invites import Right
from streamer.relay.access.tokens import SCOPES
from streamer.relay.cluster.messages import Stayed, digest
from streamer.relay.cluster.remote_member import RemoteMember
from streamer.relay.rooms.leg import Admitted
from streamer.relay.rooms.session import Session

MAX_STAYS: Final = 40_000
"""Of all relays; about 1 KB each. Beyond that, the oldest is forgotten."""

FindMember = Callable[[str, str], RemoteMember | None]
"""The member of a room elsewhere whose stay has that digest."""


def value_of(entry: Admitted, relay: str) -> Stayed:
    stay = entry.stay
    return {
        "type": "stay",
        "relay": relay,
        "room": stay.room_name,
        "term": stay.term,
        "talker_id": stay.talker_id,
        "token": stay.token,
        "right": stay.right.value,
        "source": stay.source,
        "scopes": " ".join(sorted(stay.scopes)),
        "token_id": stay.token_id,
        "attempt": stay.attempt,
        "left_out": stay.left_out,
        "name": entry.name,
        "asked_name": entry.asked_name,
        "over": stay.is_over,
    }


class Stays:
    """By the digest of a token; a stay may have two."""

    def __init__(self, find_member: FindMember) -> None:
        self._values: dict[str, Stayed] = {}
        self._find_member = find_member

    def take(self, key: str, value: Stayed | None) -> None:
        self._values.pop(key, None)
        if value is not None:
            Right(value["right"])
            self._values[key] = value
        while len(self._values) > MAX_STAYS:
            del self._values[next(iter(self._values))]

    def is_behind(self, stay: Session) -> bool:
        """It has gone on elsewhere since: what becomes of the connection here says nothing of it any more."""
        value = self._values.get(digest(stay.token))
        return value is not None and value["term"] > stay.term

    def renew(self, token: str, room_name: str, stay: Session | None) -> Session | None:
        """The stay as it is by now on whichever relay."""
        value = self._values.get(digest(token))
        if value is None or value["room"] != room_name:
            return stay
        if stay is None:
            stay = _session(value, token)
        elif value["term"] > stay.term:
            stay.term, stay.talker_id, stay.attempt = value["term"], value["talker_id"], value["attempt"]
            stay.left_out, stay.is_over = value["left_out"], value["over"]
        if stay.leg is None or isinstance(stay.leg, RemoteMember):
            stay.leg = self._find_member(room_name, digest(value["token"]))
        return stay


def _session(value: Stayed, token: str) -> Session:
    return Session(
        value["room"],
        Right(value["right"]),
        value["source"],
        talker_id=value["talker_id"],
        token=value["token"],
        ended=monotonic(),
        scopes=frozenset(scope for scope in SCOPES if scope in value["scopes"].split()),
        token_id=value["token_id"],
        left_out=value["left_out"],
        own_token="" if token == value["token"] else token,
        attempt=value["attempt"],
        is_over=value["over"],
        term=value["term"],
    )
