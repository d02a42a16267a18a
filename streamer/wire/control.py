"""Control messages: one JSON object with a `type` (PROTOCOL.md, Control).

`FROM_CLIENT` and `FROM_RELAY` are the tables of the document. Both ends parse with the table of what the other may say,
so that a message which passes has every field it should, of the right kind.
"""

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from streamer.errors import ControlError

Message = dict[str, Any]
Fields = Mapping[str, type]

MAX_TEXT_BYTES: Final = 16_384
MAX_WELCOME_BYTES: Final = 65_536
MAX_CHAT_CHARACTERS: Final = 2_000

_PING: Final[Fields] = {"t0": int}
_PONG: Final[Fields] = {"t0": int, "t1": int, "t2": int}
_STATE: Final[Fields] = {"muted": bool, "away": bool, "hand": bool}
_CLOCK: Final[Fields] = {"timestamp": int, "server_us": int, "device_us": int, "sent_us": int, "error_us": int}
_RELAYED: Final[Fields] = {"received_us": int, "relayed_us": int}
_CHAT: Final[Fields] = {"text": str}
_SAID: Final[Fields] = {"code": str, "message": str}
_TALKER: Final[Fields] = {"talker_id": int}
_LOCK: Final[Fields] = {"locked": bool}
_LIMITS: Final[Fields] = {"hours": int, "uses": int}

FROM_CLIENT: Final[Mapping[str, Fields]] = {
    "ping": _PING,
    "pong": _PONG,
    "state": _STATE,
    "clock": _CLOCK,
    "chat": _CHAT,
    "leave": {},
    "mute": _TALKER,
    "remove": _TALKER,
    "lock": _LOCK,
    "invite": _LIMITS,
    "one_at_a_time": {"on": bool},
    "floor": {"wants": bool},
}

FROM_RELAY: Final[Mapping[str, Fields]] = {
    "welcome": {
        **_TALKER,
        "room": str,
        "name": str,
        "members": list,
        "server_us": int,
        "host": bool,
        "resume": str,
        "history": list,
        **_LOCK,
    },
    "joined": {**_TALKER, "name": str, **_STATE},
    "left": _TALKER,
    "state": {**_TALKER, **_STATE},
    "clock": {**_TALKER, **_CLOCK, **_RELAYED},
    "ping": _PING,
    "pong": _PONG,
    "chat": {**_TALKER, **_CHAT},
    "mute": _TALKER,
    "lock": {**_TALKER, **_LOCK},
    "invite": {"key": str, **_LIMITS},
    "floor": {**_TALKER, "on": bool},
    "notice": _SAID,
    "error": _SAID,
}

_LONE_SURROGATE: Final = re.compile("[\ud800-\udfff]")

MAX_INTEGER: Final = 2**53 - 1
"""What JavaScript holds exactly; a clock in µs reaches it in 285 years."""


def parse(text: str, known: Mapping[str, Fields]) -> Message:
    """One control message, its fields checked; unknown fields are left out.

    Raises ControlError `bad-json`, `bad-field` or `unknown-type`; after the last one the session goes on.
    """
    message = _parse_object(text)
    kind = message["type"]
    fields = known.get(kind)
    if fields is None:
        raise ControlError(f'no message is of type "{printable(kind)}"', code="unknown-type", close_code=None)
    return {"type": kind} | {name: _field(message, name, wanted) for name, wanted in fields.items()}


def serialize(message: Message) -> str:
    """Always UTF-8: what no encoding can carry is replaced."""
    return json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode(errors="replace").decode()


def printable(text: str, most: int = 40) -> str:
    """The beginning of a peer's text, as it may stand in a line of ours."""
    return "".join(character if character.isprintable() else "?" for character in text[:most])


def _parse_object(text: str) -> Message:
    try:
        message = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise ControlError(f"a text message is not JSON: {printable(str(error), 200)}", code="bad-json") from None
    if not isinstance(message, dict) or not isinstance(message.get("type"), str):
        raise ControlError("a text message is not a JSON object with a type", code="bad-json")
    if _LONE_SURROGATE.search(message["type"]):
        raise ControlError("the type of a text message is not Unicode text", code="bad-json")
    return message


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _field(message: Message, name: str, wanted: type) -> Any:
    if name not in message:
        raise ControlError(f'"{message["type"]}" lacks its field "{name}"', code="bad-field")
    value = message[name]
    if type(value) is not wanted or (isinstance(value, int) and abs(value) > MAX_INTEGER):
        raise ControlError(f'field "{name}" of "{message["type"]}" is not of type {wanted.__name__}', code="bad-field")
    if isinstance(value, str) and _LONE_SURROGATE.search(value):
        raise ControlError(f'field "{name}" of "{message["type"]}" is not Unicode text', code="bad-field")
    return value
