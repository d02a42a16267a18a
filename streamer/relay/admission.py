"""Who may enter which room, decided before any upgrade.

A room exists because the host named it. Its invite is an unguessable key in the link that the host hands out, nowhere
else; it may end, and it may be good for so many entries only. The host's own key opens every room with the host's
rights, and makes the room where it is not there yet. Keys outlive the relay, so that a restart turns nobody away.
"""

import hmac
import json
import re
import secrets
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, replace
from enum import Enum
from pathlib import Path
from typing import Any, Final, Self

from streamer.errors import RefusedError, SetupError
from streamer.relay.echo import ECHO_ROOM
from streamer.relay.plain_text import check_room_name

KEY: Final = re.compile(r"[A-Za-z0-9_-]{1,128}", re.ASCII)
_KEY_BYTES: Final = 16
_HOUR_S: Final = 3_600


class Right(Enum):
    """As what somebody enters."""

    GUEST = "guest"
    HOST = "host"


@dataclass(frozen=True, slots=True)
class Invite:
    """What opens a room: until `ends` (seconds of the Unix clock), for `uses_left` more entries; None is no limit."""

    key: str
    ends: float | None = None
    uses_left: int | None = None

    @classmethod
    def new(cls, ends: float | None = None, uses: int | None = None) -> Self:
        return cls(secrets.token_urlsafe(_KEY_BYTES), ends, uses)

    def check(self, now: float) -> None:
        """Raises RefusedError where it opens nothing any more."""
        if self.ends is not None and now >= self.ends:
            raise _refusal("this invite has ended: ask the host for a new link", "key-expired")
        if self.uses_left == 0:
            raise _refusal("this invite has been used up: ask the host for a new link", "key-used-up")


def end_after(hours: float | None) -> float | None:
    """When an invite ends that is made now; without hours it never does."""
    return time.time() + hours * _HOUR_S if hours else None


class Admission:
    """The rooms of this relay and their invites. An open relay has every room, and asks for no key."""

    def __init__(
        self,
        invites: dict[str, Invite],
        host_key: str | None = None,
        *,
        is_open: bool = False,
        path: Path | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.is_open = is_open
        self.host_key = host_key or secrets.token_urlsafe(_KEY_BYTES)
        self._invites = invites
        self._path = path
        self._clock = clock

    @classmethod
    def from_file(cls, path: Path, rooms: Iterable[str], *, is_open: bool = False) -> Self:
        """The invites of `rooms` as kept in `path`; what is missing is made and kept, readable by the owner alone."""
        kept = _read(path)
        invites = {room: Invite(**invite) for room, invite in kept["rooms"].items()}
        for room in rooms:
            invites.setdefault(check_room_name(room), Invite.new())
        admission = cls(invites, kept["host_key"], is_open=is_open, path=path)
        admission._keep()
        return admission

    def key(self, room: str) -> str | None:
        """The invite's key of `room`, or None where none is asked for."""
        invite = self._invites.get(room)
        return invite.key if invite and not self.is_open else None

    def renew(self, room: str, ends: float | None = None, uses: int | None = None) -> Invite:
        """A new invite for `room`; the one before opens nothing any more."""
        self._invites[room] = Invite.new(ends, uses)
        self._keep()
        return self._invites[room]

    def secrets(self) -> list[str]:
        """What nobody may find in a log."""
        return [self.host_key, *(invite.key for invite in self._invites.values())]

    def check_host(self, key: str) -> None:
        """Raises RefusedError where `key` is not the host's own."""
        if not _same(key, self.host_key):
            raise _refusal("only the host of this relay may have this", "not-host")

    def admit(self, room: str, key: str | None) -> Right:
        """As what `key` lets one into `room`; raises RefusedError where it doesn't."""
        check_room_name(room)
        if room == ECHO_ROOM:
            return Right.GUEST
        if key and _same(key, self.host_key):
            return Right.HOST
        if not self.is_open:
            self._check(room, key)
        return Right.GUEST

    def entered(self, room: str, right: Right) -> None:
        """Somebody is in: that is one use of the invite, and the host's coming makes the room."""
        invite = self._invites.get(room)
        if right is Right.HOST and invite is None and room != ECHO_ROOM:
            self.renew(room)
        elif right is Right.GUEST and invite and invite.uses_left and not self.is_open:
            self._invites[room] = replace(invite, uses_left=invite.uses_left - 1)
            self._keep()

    def _check(self, room: str, key: str | None) -> None:
        invite = self._invites.get(room)
        if invite is None:
            raise RefusedError(f"there is no room {room} here", status=404, code="no-room")
        if not key:
            raise RefusedError("this room needs an invite: ask the host for the link", status=401, code="key-required")
        if not _same(key, invite.key):
            raise _refusal("this invite is not valid here: ask the host for a new link", "key-wrong")
        invite.check(self._clock())

    def _keep(self) -> None:
        if self._path:
            rooms = {room: asdict(invite) for room, invite in self._invites.items()}
            _write_privately(self._path, json.dumps({"host_key": self.host_key, "rooms": rooms}))


def _same(key: str, wanted: str) -> bool:
    """In constant time."""
    return KEY.fullmatch(key) is not None and hmac.compare_digest(key, wanted)


def _refusal(message: str, code: str) -> RefusedError:
    return RefusedError(message, status=403, code=code)


def _read(path: Path) -> dict[str, Any]:
    nothing: dict[str, Any] = {"host_key": None, "rooms": {}}
    try:
        kept = json.loads(path.read_text(encoding="utf-8")) if path.exists() else nothing
        return {name: kept[name] for name in nothing}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SetupError(f"{path} can't be read ({error!r}): remove it to make new invites") from None


def _write_privately(path: Path, text: str) -> None:
    """Whole or not at all: a relay that is killed in the middle leaves the invites as they were."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    half = path.with_suffix(".new")
    half.touch(mode=0o600)
    half.write_text(text, encoding="utf-8")
    half.replace(path)
