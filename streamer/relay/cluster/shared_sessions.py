"""Members' sessions on all relays of the service: anyone who loses a relay comes back on another as the same
member."""

from collections.abc import Callable
from time import monotonic
from typing import Final

from streamer.relay.access.invites import Right
from streamer.relay.access.tokens import SCOPES
from streamer.relay.cluster.bus import Bucket
from streamer.relay.cluster.messages import StoredSession, digest
from streamer.relay.cluster.puts import Puts
from streamer.relay.cluster.remote_member import RemoteMember
from streamer.relay.rooms.session import Session

MAX_SESSIONS: Final = 40_000
"""Of all relays; about 1 KB each. Beyond that, the oldest is forgotten."""

FindMember = Callable[[str, str], RemoteMember | None]
"""The member of a room elsewhere whose session has that digest."""


class SharedSessions:
    """By the digest of a token; a session may have two. What is stored in `bucket` expires, so it is stored
    again."""

    def __init__(self, own_id: str, bucket: Bucket, puts: Puts, find_member: FindMember) -> None:
        self._own_id = own_id
        self._bucket = bucket
        self._puts = puts
        self._find_member = find_member
        self._values: dict[str, StoredSession] = {}
        self._here: dict[str, Session] = {}
        self._waiting: dict[str, int] = {}
        """The term of what was to be stored last, by its key, until that comes back."""

    def changed(self, session: Session) -> None:
        """It began, goes on, or was left, on this relay. Where it has gone on elsewhere, that counts for
        nothing."""
        is_here = session.leg is not None and not isinstance(session.leg, RemoteMember)
        if is_here:
            self._here[session.token] = session
        else:
            self._here.pop(session.token, None)
        value = self._values.get(digest(session.token))
        if value is None or value["term"] <= session.term:
            self.store(session)

    def tell_all_again(self) -> None:
        """Those of members who are here."""
        for session in self._here.values():
            self.store(session)

    def store(self, session: Session) -> None:
        """For all relays, also where nobody has come in by it yet."""
        value = _value_of(session, self._own_id)
        for token in filter(None, (session.token, session.own_token)):
            self._waiting[digest(token)] = session.term
            self._puts.put(self._bucket, f"session.{digest(token)}", value)

    def take(self, key: str, value: StoredSession | None) -> None:
        """Of two relays that knew nothing of each other, the one with the newest leg is right about the
        session."""
        self._values.pop(key, None)
        if value is not None:
            Right(value["right"])
            self._values[key] = value
            here = self._here.get(value["token"])
            if here and value["term"] < here.term:
                self.store(here)
            elif value["term"] > self._waiting.get(key, -1):
                self._puts.drop(self._bucket, f"session.{key}")
            if not self._puts.has(self._bucket, f"session.{key}"):
                self._waiting.pop(key, None)
        while len(self._values) > MAX_SESSIONS:
            del self._values[next(iter(self._values))]

    def renew(self, token: str, room_name: str, session: Session | None) -> Session | None:
        """The session as it is by now on whichever relay."""
        value = self._values.get(digest(token))
        if value is None or value["room"] != room_name:
            return session
        if session is None:
            session = _session(value, token)
        elif value["term"] > session.term:
            session.term, session.talker_id, session.attempt = (
                value["term"],
                value["talker_id"],
                value["attempt"],
            )
            session.left_out, session.is_over = value["left_out"], value["over"]
        if session.leg is None or isinstance(session.leg, RemoteMember):
            session.leg = member = self._find_member(room_name, digest(value["token"]))
            session.term = max(session.term, member.term if member else 0)
        return session


def _value_of(session: Session, relay: str) -> StoredSession:
    return {
        "type": "session",
        "relay": relay,
        "room": session.room_name,
        "term": session.term,
        "talker_id": session.talker_id,
        "token": session.token,
        "right": session.right.value,
        "source": session.source,
        "scopes": " ".join(sorted(session.scopes)),
        "token_id": session.token_id,
        "attempt": session.attempt,
        "left_out": session.left_out,
        "over": session.is_over,
    }


def _session(value: StoredSession, token: str) -> Session:
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
