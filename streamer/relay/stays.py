"""Members' stays: who loses the connection comes back as the same member, by a token that only they were told."""

import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from streamer.relay.admission import Right

if TYPE_CHECKING:
    from streamer.relay.session import Session

RESUME_S: Final = 3_600.0
MAX_STAYS: Final = 20_000


def _token() -> str:
    return secrets.token_urlsafe(16)


@dataclass(slots=True, eq=False)
class Stay:
    """One member's in a room, over as many connections as it takes. `session` is the last of them."""

    room_name: str
    right: Right
    talker_id: int = 0
    session: "Session | None" = None
    token: str = field(default_factory=_token)
    ended: float | None = None

    def begin(self, session: "Session") -> None:
        self.session, self.ended = session, None
        self.talker_id = session.talker_id

    def end(self, session: "Session", now: float) -> None:
        """The connection of `session` is gone at `now`, in s; another one may have taken over before."""
        if self.session is session:
            self.session, self.ended = None, now

    def can_resume(self, now: float) -> bool:
        return self.ended is None or now - self.ended < RESUME_S

    def forget(self) -> None:
        """Nobody comes back by it."""
        self.token = ""


class Stays:
    """All of a relay, by their tokens."""

    def __init__(self) -> None:
        self._stays: dict[str, Stay] = {}

    def keep(self, stay: Stay) -> bool:
        """Whether it is new: somebody has begun it."""
        is_new = stay.token not in self._stays
        self._stays[stay.token] = stay
        return is_new

    def find(self, token: str, room_name: str, now: float) -> Stay | None:
        """The one to be resumed by `token` in a room, if there is one."""
        stay = self._stays.get(token)
        if stay and stay.token and stay.room_name == room_name and stay.can_resume(now):
            return stay
        return None

    def prune(self, now: float) -> None:
        over = [token for token, stay in self._stays.items() if not stay.token or not stay.can_resume(now)]
        ended = [token for token, stay in self._stays.items() if stay.ended is not None]
        for token in {*over, *ended[: max(0, len(self._stays) - MAX_STAYS)]}:
            del self._stays[token]
