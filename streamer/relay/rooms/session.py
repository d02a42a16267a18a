"""Members' sessions: anyone who loses the connection comes back as the same member, with a token that only
they know.

A **session** is a member's presence in a room. A **leg** is one connection of it; a lost one is followed by
another.

A client numbers its attempts to come in. One that was held up on its way is then known as older than the
connection that the client has by now, and takes nothing over.
"""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

from streamer.errors import RefusedError
from streamer.relay.access.invites import Right
from streamer.relay.access.tokens import Scope
from streamer.relay.rooms.member import Member

RESUME_S: Final = 3_600.0
"""How long a member may come back as the same: a phone in a pocket, a walk out of the Wi-Fi. After half of
that more people come back as strangers; after twice that a token that was stolen opens the room for
longer."""

MAX_SESSIONS: Final = 20_000
"""About 1 KB each, so 20 MB: many times the people of the largest relay, even if each comes back often."""

SESSIONS_PER_CONNECTION: Final = 2
"""One that lasts, and one that was lost before."""

HELD_UP_S: Final = 300.0
"""How long a session that somebody left is still known, so that a late attempt of its client begins no other.
Networks and proxies give up a request earlier."""

SHORTEST_OWN: Final = 16
"""Characters of a token that a client makes itself: less could be guessed."""

LONGEST_OWN: Final = 256
"""Characters: a longer one makes no guess harder, and only fills memory."""

MAX_ATTEMPT_DIGITS: Final = 9
"""A client that tried once a second would need thirty years for more."""


def _token() -> str:
    return secrets.token_urlsafe(16)


class NamedMember(Member, Protocol):
    """A member by one of its connections; `asked_name` is its name before it was numbered."""

    asked_name: str


@dataclass(slots=True, eq=False)
class Session:
    """One member in one room, over as many connections as it takes. `leg` is the last of them.

    `source` is the address of the first of them, as limits count it.
    """

    room_name: str
    right: Right
    source: str = ""
    talker_id: int = 0
    leg: NamedMember | None = None
    token: str = field(default_factory=_token)
    ended: float | None = None
    scopes: frozenset[Scope] = frozenset()
    token_id: str = ""
    """Of the token that it began with; empty where it began with an invitation."""
    left_out: bool = False
    """Of recordings, by its own wish."""
    turn: object | None = None
    """What the room gave the member when it was this member's turn."""
    own_token: str = ""
    """What its client came by before it was told the token; empty where that could be guessed."""
    attempt: int = 0
    """By the client's count, the one that the newest connection came from."""
    is_over: bool = False
    term: int = 0
    """Of its connections on all relays, the newest has the highest, and is its member's. The client's own
    count says which that is also where relays know nothing of each other."""
    has_begun: bool = False
    """On whichever relay: somebody was let in by it."""

    def begin(self, leg: NamedMember, attempt: int) -> None:
        self.leg, self.ended = leg, None
        self.attempt = attempt
        self.term = max(self.term + 1, attempt)
        self.talker_id = leg.talker_id

    def end(self, leg: NamedMember, now: float) -> None:
        """The connection of `leg` is gone at `now`, in s; another one may have taken over before."""
        if self.leg is leg:
            self.leg, self.ended = None, now

    def can_resume(self, now: float) -> bool:
        return not self.is_over and (self.ended is None or now - self.ended < RESUME_S)

    def is_forgettable(self, now: float) -> bool:
        return self.ended is not None and now - self.ended >= (HELD_UP_S if self.is_over else RESUME_S)

    def forget(self, leg: NamedMember) -> None:
        """Nobody comes back by it, where `leg` is the last connection: what an older one says counts no
        more."""
        if self.leg is leg:
            self.is_over = True


Renew = Callable[[str, str, Session | None], Session | None]
"""Is given a token, a room, and the session that is known here."""


def _as_it_is(token: str, room_name: str, session: Session | None) -> Session | None:
    return session


class Sessions:
    """All of a relay, by their tokens; of one address at most SESSIONS_PER_CONNECTION for each of its
    connections.

    A member that comes back is let into a full room, so the number of sessions is bounded.
    """

    def __init__(self, connections_per_address: float = MAX_SESSIONS) -> None:
        self._sessions: dict[str, Session] = {}
        self._by_own: dict[str, Session] = {}
        self._tokens: dict[str, dict[str, None]] = {}  # by source, oldest first
        self._per_source = SESSIONS_PER_CONNECTION * connections_per_address
        self.renew: Renew = _as_it_is
        """Where sessions go on on other relays, what became of one."""

    def __len__(self) -> int:
        return len(self._sessions)

    def keep(self, session: Session) -> bool:
        """True if it is new: somebody has begun it, here and now."""
        is_new, session.has_begun = not session.has_begun, True
        if session.token in self._sessions:
            return False
        self._sessions[session.token] = session
        if session.own_token:
            self._by_own[session.own_token] = session
        tokens = self._tokens.setdefault(session.source, {})
        tokens[session.token] = None
        if len(tokens) > self._per_source:
            self._drop_oldest(tokens)
        return is_new

    def find(self, token: str, room_name: str, now: float, offered: Session | None = None) -> Session | None:
        """The one to be resumed by `token` in a room, if there is one; or that which is `offered` by it, for
        once."""
        session = self._known(token, room_name, offered)
        return session if session and session.can_resume(now) else None

    def check_attempt(self, token: str, room_name: str, attempt: int) -> None:
        """Raises RefusedError `stale` where this client has come in by a later attempt, even if it has left
        since."""
        session = self._known(token, room_name)
        if session and session.attempt and attempt <= session.attempt:
            raise RefusedError("this attempt is older than one that came in", status=409, code="stale")

    def _known(self, token: str, room_name: str, offered: Session | None = None) -> Session | None:
        session = self._by_own.get(token) or self._sessions.get(token) or offered
        return self.renew(token, room_name, session if session and session.room_name == room_name else None)

    def prune(self, now: float) -> None:
        over = [token for token, session in self._sessions.items() if session.is_forgettable(now)]
        ended = [token for token, session in self._sessions.items() if session.ended is not None]
        ended.sort(key=lambda token: not self._sessions[token].is_over)
        for token in {*over, *ended[: max(0, len(self._sessions) - MAX_SESSIONS)]}:
            self._drop(token)

    def _drop_oldest(self, tokens: dict[str, None]) -> None:
        """Of those that have ended: first what is over, then a guest's, then a host's."""
        ended = [token for token in tokens if self._sessions[token].ended is not None]
        over = [token for token in ended if self._sessions[token].is_over]
        guests = [token for token in ended if self._sessions[token].right is not Right.HOST]
        for token in (over or guests or ended)[:1]:
            self._drop(token)

    def _drop(self, token: str) -> None:
        session = self._sessions.pop(token)
        if self._by_own.get(session.own_token) is session:
            del self._by_own[session.own_token]
        tokens = self._tokens[session.source]
        del tokens[token]
        if not tokens:
            del self._tokens[session.source]


def attempt_of(query: Mapping[str, str]) -> int:
    """By the client's count, 0 where it does not count. Raises RefusedError `bad-attempt`."""
    text = query.get("attempt", "0")
    if not (text.isascii() and text.isdecimal() and len(text) <= MAX_ATTEMPT_DIGITS):
        raise RefusedError(
            "`attempt` is not a whole number of at most 9 digits", status=400, code="bad-attempt"
        )
    return int(text)


def own_token_of(query: Mapping[str, str]) -> str:
    """What a client that is not known comes by, and may come back by; empty where it could be guessed."""
    token = query.get("resume", "")
    return token if SHORTEST_OWN <= len(token) <= LONGEST_OWN else ""
