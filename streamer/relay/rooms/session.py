"""Members' stays: who loses the connection comes back as the same member, by a token that only they were told."""

import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from streamer.relay.access.invites import Right
from streamer.relay.access.tokens import Scope

if TYPE_CHECKING:
    from streamer.relay.rooms.leg import Leg

RESUME_S: Final = 3_600.0
MAX_STAYS: Final = 20_000
STAYS_PER_CONNECTION: Final = 2
"""One that lasts, and one that was lost before."""


def _token() -> str:
    return secrets.token_urlsafe(16)


@dataclass(slots=True, eq=False)
class Session:
    """One member's in a room, over as many connections as it takes. `session` is the last of them.

    `source` is the address of the first of them, as limits count it.
    """

    room_name: str
    right: Right
    source: str = ""
    talker_id: int = 0
    session: "Leg | None" = None
    token: str = field(default_factory=_token)
    ended: float | None = None
    scopes: frozenset[Scope] = frozenset()
    token_id: str = ""
    """Of the token that it began with; empty where it began with an invitation."""
    left_out: bool = False
    """Of recordings, by its own wish."""
    turn: object | None = None
    """What the room gave the member when it was this member's turn."""

    def begin(self, session: "Leg") -> None:
        self.session, self.ended = session, None
        self.talker_id = session.talker_id

    def end(self, session: "Leg", now: float) -> None:
        """The connection of `session` is gone at `now`, in s; another one may have taken over before."""
        if self.session is session:
            self.session, self.ended = None, now

    def can_resume(self, now: float) -> bool:
        return self.ended is None or now - self.ended < RESUME_S

    def forget(self) -> None:
        """Nobody comes back by it."""
        self.token = ""


class Sessions:
    """All of a relay, by their tokens; of one address at most STAYS_PER_CONNECTION for each of its connections.

    Who comes back is let into a full room, so nobody may gather stays without bound.
    """

    def __init__(self, connections_per_address: float = MAX_STAYS) -> None:
        self._stays: dict[str, Session] = {}
        self._tokens: dict[str, dict[str, None]] = {}  # by source, oldest first
        self._per_source = STAYS_PER_CONNECTION * connections_per_address

    def __len__(self) -> int:
        return len(self._stays)

    def keep(self, stay: Session) -> bool:
        """Whether it is new: somebody has begun it."""
        if stay.token in self._stays:
            return False
        self._stays[stay.token] = stay
        tokens = self._tokens.setdefault(stay.source, {})
        tokens[stay.token] = None
        if len(tokens) > self._per_source:
            self._drop_oldest(tokens)
        return True

    def find(self, token: str, room_name: str, now: float) -> Session | None:
        """The one to be resumed by `token` in a room, if there is one."""
        stay = self._stays.get(token)
        if stay and stay.token and stay.room_name == room_name and stay.can_resume(now):
            return stay
        return None

    def prune(self, now: float) -> None:
        over = [token for token, stay in self._stays.items() if not stay.token or not stay.can_resume(now)]
        ended = [token for token, stay in self._stays.items() if stay.ended is not None]
        for token in {*over, *ended[: max(0, len(self._stays) - MAX_STAYS)]}:
            self._drop(token)

    def _drop_oldest(self, tokens: dict[str, None]) -> None:
        """Of those that have ended; a host's only where there is no guest's."""
        ended = [token for token in tokens if self._stays[token].ended is not None]
        guests = [token for token in ended if self._stays[token].right is not Right.HOST]
        for token in (guests or ended)[:1]:
            self._drop(token)

    def _drop(self, token: str) -> None:
        stay = self._stays.pop(token)
        tokens = self._tokens[stay.source]
        del tokens[token]
        if not tokens:
            del self._tokens[stay.source]
