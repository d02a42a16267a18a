"""Knocks: people ask the host to let them in because the room is locked, or because they were removed.

Anybody with an invitation may, so a flood is bounded: one at a time from an address in a room, so many in a
room, in all, and in a while. Who knocks asks again and again; when it stops asking, the knock is forgotten.
Times are in s, of any monotonic clock.
"""

import secrets
from dataclasses import dataclass, field
from typing import Final, Protocol

from streamer.errors import RefusedError
from streamer.relay.access.invites import Right
from streamer.relay.access.leaky_buckets import LeakyBuckets
from streamer.relay.rooms.bars import Device
from streamer.relay.rooms.session import Session
from streamer.wire.messages import Waiting

FORGOTTEN_S: Final = 10.0
"""A page asks every 1.5 s: so long it may be held up. Double keeps those who went before the host's eyes."""

ANSWER_S: Final = 60.0
"""For which an answer is kept: a phone in a pocket fetches it late."""

MAX_PER_ROOM: Final = 20
"""More than a host can read."""

MAX_KNOCKS: Final = 1_000
"""In all; at about 1 KB each that is 1 MB."""

AT_ONCE: Final = 10
PER_S: Final = 0.1
"""From one address: a family comes at once; a declined person asks six times a minute at most."""


def _secret() -> str:
    return secrets.token_urlsafe(16)


@dataclass(slots=True, eq=False)
class Knock:
    """`number` is what hosts call it; `secret` is known to who knocks alone. `session` is what the answer yes
    gives."""

    room: str
    number: int
    device: Device
    name: str
    right: Right
    asked: float
    secret: str = field(default_factory=_secret)
    answered: float | None = None
    session: Session | None = None

    @property
    def is_waiting(self) -> bool:
        return self.answered is None

    def is_over(self, now: float) -> bool:
        if self.answered is not None:
            return now - self.answered > ANSWER_S
        return now - self.asked > FORGOTTEN_S


class Elsewhere(Protocol):
    """Who knocks at other relays of the same service."""

    def waiting(self, room: str) -> list[Waiting]: ...

    def answer(self, room: str, number: int, *, admit: bool) -> bool:
        """False where nobody of that number waits there."""

    def changed(self, room: str, own: list[Waiting]) -> None:
        """These wait here by now."""

    def admitted(self, session: Session) -> None:
        """A host has let somebody in who knocked here."""


class Knocks:
    """All of a relay, and who waits `elsewhere`."""

    def __init__(self) -> None:
        self.elsewhere: Elsewhere | None = None
        self.step, self.offset = 1, 0
        """Of several relays, each gives numbers of its own: of `step` one, `offset` behind the first."""
        self._knocks: dict[str, Knock] = {}
        self._buckets = LeakyBuckets(AT_ONCE, PER_S)
        self._last_number = 0

    def __len__(self) -> int:
        return len(self._knocks)

    def add(self, room: str, device: Device, name: str, right: Right, now: float) -> Knock:
        """Raises RefusedError `too-many-knocks`."""
        here = [knock for knock in self._knocks.values() if knock.room == room and knock.is_waiting]
        if any(knock.device.source == device.source for knock in here):
            raise _too_many("somebody at your address knocks already: wait for the answer")
        if len(here) >= MAX_PER_ROOM or len(self._knocks) >= MAX_KNOCKS:
            raise _too_many("too many people are knocking at this room: wait a minute")
        if not self._buckets.try_take(device.source, now):
            raise _too_many("you knock again and again: wait a minute")
        self._last_number += 1
        number = self._last_number * self.step + self.offset
        knock = Knock(room, number, device, name, right, now)
        self._knocks[knock.secret] = knock
        return knock

    def ask(self, secret: str, room: str, now: float) -> Knock:
        """What became of it. Raises RefusedError `no-knock` where it is forgotten."""
        knock = self._knocks.get(secret)
        if knock is None or knock.room != room or knock.is_over(now):
            raise RefusedError("this knock is no longer known: knock again", status=404, code="no-knock")
        knock.asked = now
        return knock

    def waiting(self, room: str) -> list[Waiting]:
        return [*self.waiting_here(room), *(self.elsewhere.waiting(room) if self.elsewhere else ())]

    def waiting_here(self, room: str) -> list[Waiting]:
        here = (knock for knock in self._knocks.values() if knock.room == room and knock.is_waiting)
        return [{"id": knock.number, "name": knock.name} for knock in here]

    def answer(self, room: str, number: int, now: float, *, admit: bool) -> Knock | None:
        """The one that was answered; None where nobody of that number waits in `room`."""
        for knock in self._knocks.values():
            if (knock.room, knock.number) == (room, number) and knock.is_waiting:
                knock.answered = now
                if admit:
                    knock.session = Session(room, knock.right, knock.device.source, ended=now)
                return knock
        return None

    def admitted(self, token: str, room: str, now: float) -> Session | None:
        """The session that somebody was let in to by the host, and has not begun."""
        for knock in self._knocks.values():
            session = knock.session
            if session and token and session.token == token and knock.room == room and not knock.is_over(now):
                return session
        return None

    def begun(self, session: Session) -> None:
        """It was for once."""
        knocks = self._knocks.values()
        self._drop([knock for knock in knocks if knock.session and knock.session.token == session.token])

    def prune(self, now: float) -> set[str]:
        """Forget the knocks that are over. Returns the rooms in which somebody has stopped waiting."""
        over = [knock for knock in self._knocks.values() if knock.is_over(now)]
        self._drop(over)
        return {knock.room for knock in over if knock.is_waiting}

    def _drop(self, knocks: list[Knock]) -> None:
        for knock in knocks:
            del self._knocks[knock.secret]


def _too_many(message: str) -> RefusedError:
    return RefusedError(message, status=429, code="too-many-knocks")
