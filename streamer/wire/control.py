"""Control messages: one JSON object with a `type` (PROTOCOL.md, Control). Twin of web/shared/control.js.

The unions `FromClient` and `FromRelay` of messages.py are what each side may say. The tables `FROM_CLIENT`
and `FROM_RELAY`, by which text is parsed, are derived from them. What is inside a list is checked by who uses
it.
"""

import json
import re
from collections.abc import Mapping
from types import NoneType, UnionType
from typing import Any, Final, Generic, Literal, TypeVar, get_args, get_origin, get_type_hints

from streamer.errors import ControlError
from streamer.wire.messages import FromClient, FromRelay

MAX_TEXT_BYTES: Final = 16_384
MAX_WELCOME_BYTES: Final = 65_536
MAX_CHAT_CHARACTERS: Final = 2_000
"""Three quarters of a page. Written in JSON, they take 12,000 bytes at most, so they fit into a text."""

MAX_INVITE_HOURS: Final = 876_000
"""A hundred years: an end beyond that is no date on every device. Who wants none sends 0."""
MAX_TITLE_CHARACTERS: Final = 100
MAX_ACTIONS: Final = 4
MAX_ACTION_CHARACTERS: Final = 40
MAX_DEVICE_CHARACTERS: Final = 64
MAX_COMMAND_CHARACTERS: Final = 64
MAX_OBJECT_BYTES: Final = 4_096
"""Of the values of a device, or the arguments of a command, serialized: about a hundred figures with their
names."""

MAX_NESTING: Final = 16
"""Levels of lists and objects within a field. Python gives up at about a thousand, and sooner the deeper its
own calls are: what it could just read might be more than it can write."""

MAX_DEADLINE_MS: Final = 60_000
MAX_ROOM: Final = 256
"""Members that a client keeps; a hundred is what a relay lets into a room by default."""

Message = FromClient | FromRelay
Fields = Mapping[str, type]
_M = TypeVar("_M")


class Table(dict[str, Fields], Generic[_M]):
    """What one side may say: the kind of each field, by the type of the message."""

    def __init__(self, union: Any) -> None:
        """`union` is the one of TypedDicts that the table is of."""
        super().__init__()
        self.optional: dict[str, frozenset[str]] = {}
        self.nullable: dict[str, frozenset[str]] = {}
        for message in get_args(union):
            hints = get_type_hints(message)
            [kind] = get_args(hints.pop("type"))
            self[kind] = {name: _kind_of(hint) for name, hint in hints.items()}
            self.optional[kind] = message.__optional_keys__
            self.nullable[kind] = frozenset(
                name for name, hint in hints.items() if NoneType in get_args(hint)
            )


def _kind_of(hint: Any) -> type:
    """What a field is in JSON."""
    if get_origin(hint) is Literal:
        return str
    if get_origin(hint) is UnionType:
        [hint] = (each for each in get_args(hint) if each is not NoneType)
    kind: type = get_origin(hint) or hint
    return kind


FROM_CLIENT: Final[Table[FromClient]] = Table(FromClient)
FROM_RELAY: Final[Table[FromRelay]] = Table(FromRelay)

_LONE_SURROGATE: Final = re.compile("[\ud800-\udfff]")

MAX_INTEGER: Final = 2**53 - 1
"""What JavaScript holds exactly; a clock in µs reaches it in 285 years."""


def parse(text: str, known: Table[_M]) -> _M:
    """One control message, its fields checked; unknown fields are left out, and optional ones are false or
    empty.

    Raises ControlError `bad-json`, `bad-field` or `unknown-type`; after the last one the session goes on.
    """
    return check(_parse_object(text), known)


def check(message: dict[str, Any], known: Table[_M]) -> _M:
    """What `parse` makes of the object that JSON gave, which has a `type`."""
    kind = message["type"]
    fields = known.get(kind)
    if fields is None:
        raise ControlError(f'no message is of type "{printable(kind)}"', code="unknown-type", close_code=None)
    checked = {"type": kind}
    for name, wanted in fields.items():
        if name in known.optional[kind] and name not in message:
            checked[name] = wanted()
        elif name in known.nullable[kind] and message.get(name, wanted) is None:
            checked[name] = None
        else:
            checked[name] = _field(message, name, wanted)
    return checked  # type: ignore[return-value]  # the table is derived from the union


def serialize(message: Mapping[str, object]) -> str:
    """Always UTF-8: what no encoding can carry is replaced."""
    return json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode(errors="replace").decode()


def printable(text: str, most: int = 40) -> str:
    """The beginning of a peer's text, as it may stand in a line of ours."""
    return "".join(character if character.isprintable() else "?" for character in text[:most])


def _parse_object(text: str) -> dict[str, Any]:
    try:
        message = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise ControlError(
            f"a text message is not JSON: {printable(str(error), 200)}", code="bad-json"
        ) from None
    if not isinstance(message, dict) or not isinstance(message.get("type"), str):
        raise ControlError("a text message is not a JSON object with a type", code="bad-json")
    if _LONE_SURROGATE.search(message["type"]):
        raise ControlError("the type of a text message is not Unicode text", code="bad-json")
    return message


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _field(message: dict[str, Any], name: str, wanted: type) -> Any:
    if name not in message:
        raise ControlError(f'"{message["type"]}" lacks its field "{name}"', code="bad-field")
    value = message[name]
    if type(value) is not wanted or (isinstance(value, int) and abs(value) > MAX_INTEGER):
        raise ControlError(
            f'field "{name}" of "{message["type"]}" is not of type {wanted.__name__}', code="bad-field"
        )
    if isinstance(value, str) and _LONE_SURROGATE.search(value):
        raise ControlError(f'field "{name}" of "{message["type"]}" is not Unicode text', code="bad-field")
    if is_deeper(value, MAX_NESTING):
        raise ControlError(f'field "{name}" of "{message["type"]}" is nested too deeply', code="bad-field")
    return value


def is_deeper(value: Any, most: int) -> bool:
    """True if lists and objects of what JSON gave lie in one another on more than `most` levels."""
    if not isinstance(value, dict | list):
        return False
    inner = value.values() if isinstance(value, dict) else value
    return most <= 0 or any(is_deeper(each, most - 1) for each in inner)
