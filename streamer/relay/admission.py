"""Who may enter which room, decided before any upgrade.

A room exists because the host named it. Its invite key is in the link that the host hands out, nowhere else; without
`--open`, who has the link may enter. Keys outlive the relay, so that a restart doesn't turn away who was in.
"""

import hmac
import json
import re
import secrets
from collections.abc import Iterable
from pathlib import Path
from typing import Final, Self

from streamer.errors import RefusedError, SetupError
from streamer.relay.echo import ECHO_ROOM
from streamer.relay.plain_text import check_room_name

KEY: Final = re.compile(r"[A-Za-z0-9_-]{1,128}", re.ASCII)
_KEY_BYTES: Final = 16


class Admission:
    """The rooms of this relay and their invite keys. An open relay has every room, and asks for no key."""

    def __init__(self, keys: dict[str, str], *, is_open: bool = False) -> None:
        self.is_open = is_open
        self._keys = keys

    @classmethod
    def open_to_all(cls) -> Self:
        return cls({}, is_open=True)

    @classmethod
    def from_file(cls, path: Path, rooms: Iterable[str]) -> Self:
        """The keys of `rooms` as kept in `path`; new ones are made and kept, readable by the owner alone."""
        try:
            kept: dict[str, str] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        except (OSError, ValueError) as error:
            raise SetupError(f"{path} can't be read ({error}): remove it to make new invites") from None
        keys = {check_room_name(room): kept.get(room) or secrets.token_urlsafe(_KEY_BYTES) for room in rooms}
        _write_privately(path, json.dumps({**kept, **keys}))
        return cls(keys)

    def key(self, room: str) -> str | None:
        """The invite of `room`, or None where none is asked for."""
        return self._keys.get(room)

    def admit(self, room: str, key: str | None) -> None:
        """Raises RefusedError where `key` does not open `room`."""
        check_room_name(room)
        if self.is_open or room == ECHO_ROOM:
            return
        wanted = self._keys.get(room)
        if wanted is None:
            raise RefusedError(f"there is no room {room} here", status=404, code="no-room")
        if not key:
            raise RefusedError("this room needs an invite: ask the host for the link", status=401, code="key-required")
        if not KEY.fullmatch(key) or not hmac.compare_digest(key, wanted):
            raise RefusedError(
                "this invite is not valid here: ask the host for a new link", status=403, code="key-wrong"
            )


def _write_privately(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.touch(mode=0o600)
    path.write_text(text, encoding="utf-8")
