"""Decides who may enter which room, before any upgrade.

A room exists because the host named it. Its invite is an unguessable key in the link that the host hands out,
nowhere else; it may end, and it may be good for so many entries only. The host's own key opens every room
with the host's rights, and makes the room where it is not there yet. Keys outlive the relay, so that a
restart turns nobody away.

Every invite has two keys: with the one people talk, with the other they only listen. The second is derived
from the first and from the host's key, so that it needs no place in the file, is renewed with the first, and
does not tell it.
"""

import base64
import hashlib
import hmac
import secrets
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path
from typing import Final, Self

from streamer.errors import RefusedError, SetupError
from streamer.relay.access.invites_file import KEY, AdmissionFile, Document
from streamer.relay.access.sanitize import check_room_name
from streamer.relay.state_files import PendingFile
from streamer.wire.control import MAX_INTEGER
from streamer.wire.messages import WireInvite
from streamer.wire.room_link import ECHO_ROOM

_KEY_BYTES: Final = 16
_HOUR_S: Final = 3_600
_PATIENCE_S: Final = 0.1
"""For the lock on the file, while people talk."""
_CLOCK_STEP_S: Final = 60
"""By less a clock is corrected now and then: no invite's end is written anew for that."""
_BOOT_CLOCK: Final = getattr(time, "CLOCK_BOOTTIME", getattr(time, "CLOCK_MONOTONIC", None))
"""Linux counts the time asleep only on the first of them; macOS has the second alone, and counts it there."""


def _since_boot() -> float:
    """In s, whatever anybody does to the clock; the time asleep counts."""
    return time.monotonic() if _BOOT_CLOCK is None else time.clock_gettime(_BOOT_CLOCK)


class Right(Enum):
    """As what somebody enters."""

    GUEST = "guest"
    """May talk."""
    LISTENER = "listener"
    """Only listens, until the host lets it talk."""
    HOST = "host"


@dataclass(frozen=True, slots=True)
class Invite:
    """What opens a room, until `ends` (s of the Unix clock), for `uses_left` more entries; None is no limit.

    `lasts_s` is how long it was meant to be good for: a clock that went back does not make it last longer
    than that.
    """

    key: str
    ends: float | None = None
    uses_left: int | None = None
    lasts_s: float | None = None

    @classmethod
    def new(cls, ends: float | None = None, uses: int | None = None, lasts_s: float | None = None) -> Self:
        return cls(secrets.token_urlsafe(_KEY_BYTES), ends, uses, lasts_s)

    def check(self, *, has_ended: bool) -> None:
        """Raises RefusedError if it is no longer valid."""
        if has_ended:
            raise _refusal("this invite has ended: ask the host for a new link", "key-expired")
        if self.uses_left == 0:
            raise _refusal("this invite has been used up: ask the host for a new link", "key-used-up")


class InviteStore:
    """The rooms of this relay and their invites. An open relay has every room, and asks for no key.

    `clock` is the Unix clock in s, which people set and networks correct; `steady` goes on whatever they do
    to it. An invite ends by the steady one: a computer without a battery for its clock begins in the past,
    and is set right when it finds a network. `follow_clock` keeps what is shown and stored of it true.
    """

    def __init__(
        self,
        invites: dict[str, Invite],
        host_key: str | None = None,
        *,
        is_open: bool = False,
        file: AdmissionFile | None = None,
        clock: Callable[[], float] = time.time,
        steady: Callable[[], float] = _since_boot,
    ) -> None:
        self.is_open = is_open
        self.host_key = host_key or secrets.token_urlsafe(_KEY_BYTES)
        self._invites = invites
        self._file = file
        self._clock = clock
        self._steady = steady
        self._new: PendingFile | None = None
        self._steady_ends: dict[str, float] = {}
        self._unkept: set[str] = set()
        self._why_unkept = ""
        self.on_changed: Callable[[str], None] = lambda room: None
        """Is told the room whose invite is another one, or was used."""
        for room in invites:
            self._time(room)

    @classmethod
    def from_file(cls, path: Path, rooms: Iterable[str], *, is_open: bool = False) -> Self:
        """The invites of `rooms` as kept in `path`; what is missing is made. Only the owner can read the
        file.

        Raises SetupError if the file can't be read or written, with the remedy.
        """
        file = AdmissionFile(path)
        names = [check_room_name(room) for room in rooms]
        with file.locked_if_incomplete(names):
            kept = file.read()
            invites = {room: Invite(**fields) for room, fields in kept.rooms.items()}
            for room in names:
                invites.setdefault(room, Invite.new())
            admission = cls(invites, kept.host_key, is_open=is_open, file=file)
            file.write(admission._document(invites))
        return admission

    @property
    def troubles(self) -> list[str]:
        """What the host should know of the file, in words; the relay goes on with what it has."""
        return [*filter(None, [self._why_unkept, self._file.damage() if self._file else None])]

    @property
    def rooms(self) -> list[str]:
        """That are kept here; an open relay has all others, too."""
        return list(self._invites)

    def key(self, room: str) -> str | None:
        """The invite's key of `room`, or None where none is asked for."""
        invite = self._invites.get(room)
        return invite.key if invite and not self.is_open else None

    def listening_key(self, room: str) -> str | None:
        """The key by which one only listens in `room`, or None where no room is kept."""
        invite = self._invites.get(room)
        return self._listening_key(invite) if invite else None

    def invites(self, room: str, right: Right) -> list[WireInvite]:
        """What somebody who came into `room` by `right` may hand on; never the host's key."""
        if room == ECHO_ROOM:
            return []
        invite = self._invites.get(room)
        ends_s = min(int(invite.ends or 0), MAX_INTEGER) if invite and not self.is_open else 0
        talk: WireInvite = {"role": "talk", "key": self.key(room) or "", "ends_s": ends_s}
        listen: WireInvite = {"role": "listen", "key": self.listening_key(room) or "", "ends_s": ends_s}
        if invite and invite.uses_left is not None and not self.is_open:
            talk["uses_left"] = listen["uses_left"] = min(invite.uses_left, MAX_INTEGER)
        return [*([] if right is Right.LISTENER else [talk]), *([listen] if invite else [])]

    def _listening_key(self, invite: Invite) -> str:
        digest = hmac.digest(self.host_key.encode(), f"listen:{invite.key}".encode(), hashlib.sha256)
        return base64.urlsafe_b64encode(digest[:_KEY_BYTES]).decode().rstrip("=")

    def renew(
        self, room: str, ends: float | None = None, uses: int | None = None, *, hours: float | None = None
    ) -> Invite:
        """A new invite for `room`, until `ends` or for so many hours; the previous one no longer opens it.

        Raises SetupError if the new one can't be stored; the previous one stays good then.
        """
        invite = self._lasting(hours, uses) if hours else Invite.new(ends, uses)
        if self._file:
            self._file.write(self._document([room], {**self._invites, room: invite}), patience_s=_PATIENCE_S)
        self._invites[room] = invite
        self._time(room)
        self.on_changed(room)
        return invite

    def invite(self, room: str) -> Invite | None:
        return self._invites.get(room)

    def adopt(self, invites: dict[str, Invite], host_key: str) -> None:
        """Take over what was decided on another relay. Raises SetupError if it can't be stored."""
        self.host_key = host_key
        self._invites |= invites
        for room in invites:
            self._time(room)
        if self._file:
            self._file.write(self._document(invites), patience_s=_PATIENCE_S)

    def _lasting(self, hours: float | None, uses: int | None) -> Invite:
        lasts_s = hours * _HOUR_S if hours else None
        return Invite.new(self._clock() + lasts_s if lasts_s else None, uses, lasts_s)

    def prepare_renewal(
        self, rooms: Iterable[str], hours: float | None = None, uses: int | None = None
    ) -> None:
        """New invites for `rooms`: good for this relay from now on; on the disk, but not yet in force there.

        The host must see them first: then `confirm_renewal` puts them in force, and the previous ones no
        longer open anything. Until then, another start has the previous ones. Raises SetupError if they can't
        be stored.
        """
        new = {room: self._lasting(hours, uses) for room in rooms}
        if self._file:
            self._new = self._file.prepare(self._document(new, {**self._invites, **new}))
        self._invites |= new
        for room in new:
            self._time(room)

    def confirm_renewal(self) -> None:
        """Raises SetupError if the disk refuses."""
        new, self._new = self._new, None
        if new:
            new.commit()

    def withdraw_renewal(self) -> None:
        """Leave the previous ones in force, if the new ones were not confirmed."""
        new, self._new = self._new, None
        if new:
            new.discard()

    def secrets(self) -> list[str]:
        """What nobody may find in a log."""
        invites = self._invites.values()
        return [self.host_key, *(invite.key for invite in invites), *map(self._listening_key, invites)]

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
        invite = self._invites.get(room)
        only_listens = bool(key and invite and _same(key, self._listening_key(invite)))
        if not self.is_open:
            self._check(room, invite.key if only_listens and invite else key)
        return Right.LISTENER if only_listens else Right.GUEST

    def entered(self, room: str, right: Right) -> bool:
        """Somebody is in: that is one use of the invite, and the host's coming makes the room.

        Returns True if the invite lets in one fewer now.
        """
        invite = self._invites.get(room)
        if right is Right.HOST and invite is None and room != ECHO_ROOM:
            self._invites[room] = Invite.new()
            self._keep(room)
            self.on_changed(room)
            return False
        if right is not Right.HOST and invite and invite.uses_left and not self.is_open:
            self._invites[room] = replace(invite, uses_left=invite.uses_left - 1)
            self._keep(room)
            self.on_changed(room)
            return True
        return False

    def _check(self, room: str, key: str | None) -> None:
        invite = self._invites.get(room)
        if invite is None:
            raise RefusedError(f"there is no room {room} here", status=404, code="no-room")
        if not key:
            message = "this room needs an invite: ask the host for the link"
            raise RefusedError(message, status=401, code="key-required")
        if not _same(key, invite.key):
            raise _refusal("this invite is not valid here: ask the host for a new link", "key-wrong")
        invite.check(has_ended=self._steady() >= self._steady_ends.get(room, float("inf")))

    def keep_again(self) -> None:
        """Call it now and then: what a full disk did not take is kept when there is space."""
        if self._unkept:
            self._keep()

    def follow_clock(self) -> None:
        """Call it now and then: the clock, by which an invite's end is shown and stored, may have been
        set."""
        for room, steady_end in list(self._steady_ends.items()):
            ends = self._clock() + steady_end - self._steady()
            invite = self._invites[room]
            if invite.ends is not None and abs(invite.ends - ends) > _CLOCK_STEP_S:
                self._invites[room] = replace(invite, ends=ends)
                self._keep(room)
                self.on_changed(room)

    def _time(self, room: str) -> None:
        """Set its end by what is left of it now, even if the clock went back; never later than intended."""
        invite = self._invites[room]
        self._steady_ends.pop(room, None)
        if invite.ends is None:
            return
        left_s = invite.ends - self._clock()
        if invite.lasts_s is not None:
            left_s = min(left_s, invite.lasts_s)
        self._steady_ends[room] = self._steady() + left_s

    def _keep(self, *rooms: str) -> None:
        """Somebody is in already: a disk that refuses is told to the host, and turns nobody away."""
        if self._file is None:
            return
        self._unkept.update(rooms)
        try:
            self._file.write(self._document(self._unkept), patience_s=_PATIENCE_S)
            self._unkept, self._why_unkept = set(), ""
        except SetupError as error:
            self._why_unkept = f"The invitations as they are now can't be kept for the next start: {error}"

    def _document(self, changed: Iterable[str], invites: dict[str, Invite] | None = None) -> Document:
        all_invites = self._invites if invites is None else invites
        return Document(self.host_key, {room: _to_fields(all_invites[room]) for room in changed})


def _to_fields(invite: Invite) -> dict[str, str | float | None]:
    fields = {"key": invite.key, "ends": invite.ends, "uses_left": invite.uses_left}
    return fields if invite.lasts_s is None else {**fields, "lasts_s": invite.lasts_s}


def _same(key: str, wanted: str) -> bool:
    """In constant time."""
    return KEY.fullmatch(key) is not None and hmac.compare_digest(key, wanted)


def _refusal(message: str, code: str) -> RefusedError:
    return RefusedError(message, status=403, code=code)
