"""What the host decided about rooms. It outlives an empty room, a reconnect and the relay.

Kept in one small file, which is written whole or not at all. A damaged one is reported and moved aside: the
relay serves, with its rooms open, and says so. One that can't be read at all may be a good one, so that ends
the start.
"""

import json
import logging
from contextlib import suppress
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Final, Self

from streamer.errors import SetupError
from streamer.relay.background import report_failure
from streamer.relay.state_files import locked, read_file, write_file

MAX_ROOMS: Final = 10_000
"""The host makes rooms by hand; this bounds the file if a program does it in their name."""

logger = logging.getLogger(__name__)


MAX_BARRED: Final = 100
"""In a room: as many as a relay lets in. Beyond that, the one who was removed first is forgotten."""

_MAX_TEXT: Final = 256
"""Characters of a text in the file; what the relay writes is shorter."""

_PATIENCE_S: Final = 0.1
"""For another process that writes in the directory: voice waits meanwhile. `keep_again` keeps what was not
kept."""

_DAMAGED: Final = (ValueError, TypeError, AttributeError, RecursionError)
"""What reading damaged JSON raises, or JSON of another shape."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One device that was removed. `source` is its address as limits count it, `token` a digest of its resume
    token.

    `is_alone`: nobody else in the room had that address, so the address alone tells the device.
    """

    id: int
    name: str
    source: str
    token: str
    is_alone: bool = False


@dataclass(frozen=True, slots=True)
class Decided:
    """About one room."""

    locked: bool = False
    one_at_a_time: bool = False
    only_hosts: bool = False
    barred: tuple[Bar, ...] = ()
    keep_captions: bool = False


class Decisions:
    """By room. Without a `path` they last as long as the relay."""

    def __init__(self, path: Path | None = None, rooms: dict[str, Decided] | None = None) -> None:
        self._path = path
        self._rooms = rooms or {}
        self._own: dict[str, Decided] = {}
        """What was decided since the start."""
        self.trouble = ""
        """Why the newest of it is not kept, in words."""

    @classmethod
    def from_file(cls, path: Path) -> Self:
        """What `path` holds. A damaged file is reported in one line, and nothing is decided then.

        Raises SetupError where it can't be read: else a room that the host has locked would be open.
        """
        content = read_file(path)
        if content is None:
            return cls(path)
        try:
            return cls(path, _parse(content))
        except _DAMAGED as error:
            aside = path.with_suffix(".damaged")
            with suppress(OSError):
                path.replace(aside)
            logger.error(
                "%s can't be used (%s: %s): rooms are open until the host locks them again. It is kept as %s",
                path, type(error).__name__, " ".join(str(error).split()), aside.name,
            )  # fmt: skip
            return cls(path)

    def of(self, room: str) -> Decided:
        return self._rooms.get(room, Decided())

    @property
    def rooms(self) -> set[str]:
        """About which anything was decided."""
        return {room for room, decided in self._rooms.items() if decided != Decided()}

    def keep(
        self,
        room: str,
        *,
        locked: bool,
        one_at_a_time: bool,
        only_hosts: bool = False,
        barred: tuple[Bar, ...] = (),
        keep_captions: bool = False,
    ) -> None:
        """If it can't be written, it holds for as long as the relay runs; `keep_again` tries until it can."""
        decided = Decided(locked, one_at_a_time, only_hosts, barred, keep_captions)
        if decided == self.of(room):
            return
        _put(self._rooms, room, decided)
        if self._path:
            _put(self._own, room, decided)
            self._try_to_store(self._path)

    def keep_again(self) -> None:
        """Call it now and then: what a full disk did not take is kept when there is space."""
        if self.trouble and self._path:
            self._try_to_store(self._path)

    def _try_to_store(self, path: Path) -> None:
        try:
            self._store(path)
            self.trouble = ""
        except SetupError as error:
            self.trouble = (
                f"What the host decided about a room holds until this relay ends, and is not kept: {error}"
            )
            report_failure("keeping what the host decided", error)

    def _store(self, path: Path) -> None:
        """Beside what another relay that uses this directory has decided about its rooms."""
        with locked(path.parent, _PATIENCE_S):
            kept = dict(self._rooms if (stored := _stored(path)) is None else stored)
            for room, decided in self._own.items():
                _put(kept, room, decided)
            rooms = {room: asdict(each) for room, each in kept.items() if each != Decided()}
            write_file(path, json.dumps(rooms).encode())


def _put(rooms: dict[str, Decided], room: str, decided: Decided) -> None:
    """As the newest; the oldest goes where there are too many."""
    rooms.pop(room, None)
    rooms[room] = decided
    while len(rooms) > MAX_ROOMS:
        del rooms[next(iter(rooms))]


def _stored(path: Path) -> dict[str, Decided] | None:
    """None where there is no file, or one that can't be used: it is replaced."""
    try:
        content = read_file(path)
        return None if content is None else _parse(content)
    except (SetupError, *_DAMAGED):
        return None


def _parse(data: bytes) -> dict[str, Decided]:
    rooms: Any = json.loads(data)
    return {name: parse_decided(each) for name, each in rooms.items()}


def parse_decided(each: Any) -> Decided:
    """Raises what damaged JSON does: ValueError, TypeError or AttributeError."""
    barred = each.get("barred", [])
    if not isinstance(barred, list):
        raise ValueError('"barred" is not a list')
    bars = tuple(_parse_bar(bar) for bar in barred[-MAX_BARRED:])
    locked, one_at_a_time, only_hosts = (
        _truth(each, name) for name in ("locked", "one_at_a_time", "only_hosts")
    )
    return Decided(locked, one_at_a_time, only_hosts, bars, _truth(each, "keep_captions"))


def _parse_bar(each: Any) -> Bar:
    for field in fields(Bar):
        value = each.get(field.name)
        if type(value) is not field.type or (isinstance(value, str) and len(value) > _MAX_TEXT):
            raise ValueError(f'"{field.name}" of who was removed can\'t be used')
    return Bar(**{field.name: each[field.name] for field in fields(Bar)})


def _truth(decided: Any, name: str) -> bool:
    value = decided.get(name, False)
    if not isinstance(value, bool):
        raise ValueError(f'"{name}" is neither true nor false')
    return value
