"""The file of the relay's hooks. The command `streamer hook` writes it, and a running relay follows it.

    {"hooks": [{"id": ID, "url": URL, "secret": SECRET, "events": [KIND…], "room": ROOM or null,
                "any_address": BOOL}]}

The secret is there in clear, for each event is signed with it; the file is readable for its owner alone.
"""

import base64
import binascii
import json
import secrets
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, get_args

from streamer.errors import RefusedError, SetupError
from streamer.relay.access.sanitize import check_room_name
from streamer.relay.hooks.events import Kind
from streamer.relay.hooks.targets import check_url
from streamer.relay.state_files import locked, read_file, shortly, write_file

KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
DEFAULT_KINDS: Final[tuple[Kind, ...]] = ("joined", "left", "chat", "notice", "reply")
"""What happens now and then; `talking` and `telemetry` may come many times a second."""

MAX_HOOKS: Final = 16
"""Each has a queue and a connection of its own."""

_SECRET_PREFIX: Final = "whsec_"
_SECRET_BYTES: Final = 24
"""As standardwebhooks.com has it: 24 to 64 bytes."""


@dataclass(frozen=True, slots=True)
class Hook:
    """Where events go, which, and what they are signed with. `room` is None for all rooms."""

    id: str
    url: str
    secret: str
    events: tuple[Kind, ...] = DEFAULT_KINDS
    room: str | None = None
    any_address: bool = False

    @property
    def key(self) -> bytes:
        """The bytes that sign."""
        return base64.b64decode(self.secret.removeprefix(_SECRET_PREFIX))


class HooksFile:
    """Raises SetupError where `path` can't be used; one that is damaged is never overwritten."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> tuple[Hook, ...]:
        content = read_file(self._path)
        if content is None:
            return ()
        try:
            return tuple(map(_hook, json.loads(content)["hooks"]))
        except (ValueError, TypeError, KeyError, RecursionError, RefusedError, SetupError) as error:
            raise SetupError(f"{self._path} can't be read ({shortly(error)}): repair or remove it") from None

    def version(self) -> tuple[int, ...]:
        """Another one as soon as the file has changed."""
        try:
            status = self._path.stat()
        except OSError:
            return ()
        return status.st_ino, status.st_mtime_ns, status.st_size

    def add(self, url: str, events: Sequence[Kind], room: str | None, *, any_address: bool) -> Hook:
        hook = Hook(
            id=secrets.token_hex(4),
            url=check_url(url),
            secret=_SECRET_PREFIX + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode(),
            events=tuple(dict.fromkeys(events)) or DEFAULT_KINDS,
            room=check_room_name(room) if room is not None else None,
            any_address=any_address,
        )
        with locked(self._path.parent):
            hooks = self.read()
            if len(hooks) >= MAX_HOOKS:
                raise SetupError(f"there are {MAX_HOOKS} hooks, the most possible: remove one")
            self._write((*hooks, hook))
        return hook

    def remove(self, hook_id: str) -> None:
        with locked(self._path.parent):
            hooks = self.read()
            kept = tuple(hook for hook in hooks if hook.id != hook_id)
            if len(kept) == len(hooks):
                raise SetupError(f"there is no hook {hook_id}; `streamer hook list` shows them")
            self._write(kept)

    def _write(self, hooks: Sequence[Hook]) -> None:
        write_file(self._path, json.dumps({"hooks": [asdict(hook) for hook in hooks]}, indent=2).encode())


def _hook(kept: dict[str, Any]) -> Hook:
    """Raises ValueError, TypeError, KeyError or SetupError for what can't be used."""
    events, room, any_address = tuple(kept["events"]), kept["room"], kept["any_address"]
    if not set(events) <= set(KINDS):
        raise ValueError(f"there are no events {', '.join(sorted(set(map(str, events)) - set(KINDS)))}")
    if (
        not isinstance(kept["id"], str)
        or not isinstance(kept["secret"], str)
        or type(any_address) is not bool
    ):
        raise TypeError("a field of a hook has the wrong type")
    if room is not None:
        check_room_name(room)
    hook = Hook(kept["id"], check_url(kept["url"]), kept["secret"], events, room, any_address)
    try:
        key = hook.key
    except binascii.Error:
        key = b""
    if len(key) < _SECRET_BYTES:
        raise ValueError(f"the secret of the hook {hook.id} is too short")
    return hook
