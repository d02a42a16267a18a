"""The file of the relay's invites: read with care, since people edit and copy it; written whole or not at
all.

    {"host_key": KEY, "rooms": {ROOM: {"key": KEY, "ends": UNIX_S or null, "uses_left": N or null, "lasts_s":
    S}}}

Fields that this version does not know stay as they are. More than one relay may use the file: each changes
only the rooms that it has changed itself.
"""

import json
import math
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from streamer.errors import RefusedError, SetupError
from streamer.relay.access.sanitize import check_room_name
from streamer.relay.state_files import PATIENCE_S, PendingFile, locked, read_file, shortly

KEY: Final = re.compile(r"[A-Za-z0-9_-]{1,128}", re.ASCII)

_REMEDY: Final = "remove it to make new invites"
_FIELDS: Final = ("key", "ends", "uses_left", "lasts_s")


@dataclass(frozen=True, slots=True)
class Document:
    """What is in the file, or what changes in it: the fields of each room's invite by the room's name."""

    host_key: str | None
    rooms: dict[str, dict[str, Any]]


class AdmissionFile:
    """Raises SetupError where `path` can't be used, with the remedy; one that is damaged is never
    overwritten."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> Document:
        """What this version knows of it; an empty document if there is no file."""
        kept = self._parse()
        rooms = {
            name: {each: invite[each] for each in invite if each in _FIELDS} for name, invite in _rooms(kept)
        }
        return Document(kept["host_key"], rooms)

    @contextmanager
    def locked_if_incomplete(self, rooms: Iterable[str]) -> Iterator[None]:
        """A start that would change nothing needs no right to write."""
        kept = self.read()
        if kept.host_key and not set(rooms) - set(kept.rooms):
            yield
            return
        with locked(self._path.parent):
            yield

    def write(self, changes: Document, patience_s: float = PATIENCE_S) -> None:
        """Put `changes` into the file, for its owner alone."""
        if self._is_in(changes, self._parse()):
            return
        with locked(self._path.parent, patience_s):
            self.prepare(changes).commit()

    def prepare(self, changes: Document) -> PendingFile:
        """Store the file with `changes`; its `commit` puts it in the place of the previous one."""
        with locked(self._path.parent):
            kept = self._parse()
            rooms = kept["rooms"]
            for room, fields in changes.rooms.items():
                others = {name: value for name, value in rooms.get(room, {}).items() if name not in _FIELDS}
                rooms[room] = {**others, **fields}
            content = json.dumps({**kept, "host_key": changes.host_key, "rooms": rooms}).encode()
            return PendingFile(self._path, content)

    def damage(self) -> str | None:
        """In words, what is wrong with the file now."""
        try:
            if read_file(self._path) is None:
                return (
                    f"{self._path} is missing. This relay continues with the invitations it has; the next "
                    "start makes "
                    "new ones."
                )
            self._parse()
        except SetupError as error:
            return f"{error}. This relay continues with the invitations it has."
        return None

    def _parse(self) -> dict[str, Any]:
        content = read_file(self._path)
        if content is None:
            return {"host_key": None, "rooms": {}}
        try:
            kept = json.loads(content)
            _check(kept)
        except (ValueError, TypeError, KeyError, RecursionError, RefusedError) as error:
            raise SetupError(f"{self._path} can't be read ({shortly(error)}): {_REMEDY}") from None
        return dict(kept)

    @staticmethod
    def _is_in(changes: Document, kept: dict[str, Any]) -> bool:
        return kept["host_key"] == changes.host_key and all(
            kept["rooms"].get(room, {}).get(name) == value
            for room, fields in changes.rooms.items()
            for name, value in {"key": None, **fields}.items()
        )


def _rooms(kept: dict[str, Any]) -> Iterable[tuple[str, dict[str, Any]]]:
    rooms: dict[str, dict[str, Any]] = kept["rooms"]
    return rooms.items()


def _check(kept: Any) -> None:
    """Raises ValueError, TypeError or KeyError for what can't be used."""
    if not isinstance(kept, dict) or not isinstance(kept["rooms"], dict):
        raise TypeError("it does not hold rooms")
    _check_key(kept["host_key"], "the host's key")
    for room, invite in kept["rooms"].items():
        check_room_name(room)
        if not isinstance(invite, dict):
            raise TypeError(f"the room {room} has no invite")
        _check_key(invite["key"], f"the key of the room {room}")
        _check_number(invite.get("ends"), f"the end of the invite of {room}")
        _check_number(invite.get("lasts_s"), f"the time of the invite of {room}")
        uses = invite.get("uses_left")
        if uses is not None and (type(uses) is not int or uses < 0):
            raise ValueError(f"the uses of the invite of {room} are no count")


def _check_key(key: Any, what: str) -> None:
    if not isinstance(key, str) or not KEY.fullmatch(key):
        raise ValueError(f"{what} is not 1 to 128 of A–Z a–z 0–9 _ -")


def _check_number(number: Any, what: str) -> None:
    if number is not None and (type(number) not in (int, float) or not math.isfinite(number)):
        raise ValueError(f"{what} is no number of seconds")
