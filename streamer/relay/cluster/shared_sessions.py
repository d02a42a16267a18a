"""Members' stays on all relays of the service: who loses a relay comes back on another as the same member."""

from collections.abc import Callable
from time import monotonic
from typing import Final

from streamer.relay.access.invites import Right
from streamer.relay.access.tokens import SCOPES
from streamer.relay.cluster.bus import Bucket
from streamer.relay.cluster.messages import Stayed, digest
from streamer.relay.cluster.puts import Puts
from streamer.relay.cluster.remote_member import RemoteMember
from streamer.relay.rooms.session import Session

MAX_STAYS: Final = 40_000
"""Of all relays; about 1 KB each. Beyond that, the oldest is forgotten."""

FindMember = Callable[[str, str], RemoteMember | None]
"""The member of a room elsewhere whose stay has that digest."""


class Stays:
    """By the digest of a token; a stay may have two. What is stored in `bucket` expires, so it is stored again."""

    def __init__(self, own_id: str, bucket: Bucket, puts: Puts, find_member: FindMember) -> None:
        self._own_id = own_id
        self._bucket = bucket
        self._puts = puts
        self._find_member = find_member
        self._values: dict[str, Stayed] = {}
        self._here: dict[str, Session] = {}
        self._waiting: dict[str, int] = {}
        """The term of what was to be stored last, by its key, until that comes back."""

    def changed(self, stay: Session) -> None:
        """It began, goes on, or was left, on this relay. Where it has gone on elsewhere, that counts for nothing."""
        is_here = stay.leg is not None and not isinstance(stay.leg, RemoteMember)
        if is_here:
            self._here[stay.token] = stay
        else:
            self._here.pop(stay.token, None)
        value = self._values.get(digest(stay.token))
        if value is None or value["term"] <= stay.term:
            self.store(stay)

    def tell_all_again(self) -> None:
        """Those of members who are here."""
        for stay in self._here.values():
            self.store(stay)

    def store(self, stay: Session) -> None:
        """For all relays, also where nobody has come in by it yet."""
        value = _value_of(stay, self._own_id)
        for token in filter(None, (stay.token, stay.own_token)):
            self._waiting[digest(token)] = stay.term
            self._puts.put(self._bucket, f"stay.{digest(token)}", value)

    def take(self, key: str, value: Stayed | None) -> None:
        """Of two relays that knew nothing of each other, the one with the newest connection knows how the stay is."""
        self._values.pop(key, None)
        if value is not None:
            Right(value["right"])
            self._values[key] = value
            here = self._here.get(value["token"])
            if here and value["term"] < here.term:
                self.store(here)
            elif value["term"] > self._waiting.get(key, -1):
                self._puts.drop(self._bucket, f"stay.{key}")
            if not self._puts.has(self._bucket, f"stay.{key}"):
                self._waiting.pop(key, None)
        while len(self._values) > MAX_STAYS:
            del self._values[next(iter(self._values))]

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
            stay.leg = member = self._find_member(room_name, digest(value["token"]))
            stay.term = max(stay.term, member.term if member else 0)
        return stay


def _value_of(stay: Session, relay: str) -> Stayed:
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
        "over": stay.is_over,
    }


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
        has_begun=value["term"] > 0,
    )
