"""What devices write on their topics, read with care: it is text or JSON of anybody, and of any shape."""

import json
import math
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, get_args

from streamer.errors import StreamerError
from streamer.wire.control import (
    MAX_ACTION_CHARACTERS,
    MAX_ACTIONS,
    MAX_CHAT_CHARACTERS,
    MAX_NESTING,
    MAX_OBJECT_BYTES,
    MAX_TITLE_CHARACTERS,
    is_deeper,
)
from streamer.wire.json_size import json_size
from streamer.wire.programs import Level, Outcome, Value

MAX_TEXT_CHARACTERS: Final = 500
"""Of one value: a position or a state is far shorter, and eight of them fit what a relay keeps of a
device."""

_DEPTH: Final = 4
"""Objects within objects become `outer.inner`; what is deeper is no reading of a device."""


class PayloadError(StreamerError):
    """What came on a topic can't be used; says why."""


@dataclass(frozen=True, slots=True)
class DeviceNotice:
    """What a device wants everybody to know; `id` is the device's own name for it, for the answers."""

    text: str
    title: str = ""
    level: Level = "info"
    sound: bool = False
    actions: tuple[str, ...] = ()
    id: str = ""


@dataclass(frozen=True, slots=True)
class DeviceResult:
    """What a device made of the command `id`."""

    id: str
    outcome: Outcome
    message: str


def text_of(payload: bytes) -> str:
    """Raises PayloadError."""
    try:
        return payload.decode()
    except UnicodeDecodeError:
        raise PayloadError("it is not UTF-8") from None


def values_of(payload: bytes) -> dict[str, Value]:
    """The values of a JSON object, those of inner objects as `outer.inner`. Raises PayloadError."""
    found = _json(payload)
    if not isinstance(found, dict):
        raise PayloadError("it is not a JSON object")
    values = dict(_flat(found, "", _DEPTH))
    check_size(values)
    return values


def name_of(name: str) -> str:
    """The name of a reading as a relay takes it, which refuses all values of a device for one that can't be
    seen.

    Raises PayloadError.
    """
    plain = plain_name(name)
    if not plain:
        raise PayloadError("a reading has a name that can't be seen")
    return plain


def plain_name(name: str) -> str:
    """`name`, normalized and without what can't be printed; empty if nothing of it can be seen."""
    normal = unicodedata.normalize("NFC", name)
    shown = (character for character in normal if character.isprintable() or character.isspace())
    plain = " ".join("".join(shown).split())
    return plain if any(unicodedata.category(character)[0] in "LNPS" for character in plain) else ""


def value_of(payload: bytes) -> Value:
    """A plain value: a JSON number, true, false or null, or else the text as it is. Raises PayloadError."""
    text = text_of(payload)
    try:
        found = _loads(text)
    except (ValueError, RecursionError):
        return _value(text)
    return _value(found)


def check_size(values: Mapping[str, Value]) -> None:
    """Raises PayloadError for more than a relay takes of one device."""
    size = json_size(values)
    if size > MAX_OBJECT_BYTES:
        raise PayloadError(f"it has {size:,} bytes of values, and {MAX_OBJECT_BYTES:,} are allowed")


def notice_of(payload: bytes) -> DeviceNotice:
    """Plain text, or a JSON object with `text` and perhaps title, level, sound, actions, id. Raises
    PayloadError."""
    text = text_of(payload).strip()
    if not text.startswith("{"):
        return DeviceNotice(_short(text, "the text", MAX_CHAT_CHARACTERS))
    found = _json(payload)
    actions = found.get("actions", [])
    if not isinstance(actions, list) or len(actions) > MAX_ACTIONS:
        raise PayloadError(f'"actions" is not a list of at most {MAX_ACTIONS} texts')
    level, sound = found.get("level", "info"), found.get("sound", False)
    if level not in get_args(Level) or type(sound) is not bool:
        raise PayloadError(f'"level" is one of {", ".join(get_args(Level))}, and "sound" is true or false')
    title = found.get("title", "")
    return DeviceNotice(
        text=_short(found.get("text"), '"text"', MAX_CHAT_CHARACTERS),
        title=_short(title, '"title"', MAX_TITLE_CHARACTERS) if title != "" else "",
        level=level,
        sound=sound,
        actions=tuple(_short(action, "an action", MAX_ACTION_CHARACTERS) for action in actions),
        id=str(found.get("id", ""))[:MAX_TITLE_CHARACTERS],
    )


def result_of(payload: bytes) -> DeviceResult:
    """A JSON object {id, outcome, message}. Raises PayloadError."""
    found = _json(payload)
    if not isinstance(found, dict) or not isinstance(found.get("id"), str):
        raise PayloadError('it is not a JSON object with the "id" of a command')
    outcome: Any = found.get("outcome")
    message = found.get("message", "")
    if outcome not in get_args(Outcome) or not isinstance(message, str):
        raise PayloadError(f'"outcome" is one of {", ".join(get_args(Outcome))}, and "message" is a text')
    return DeviceResult(found["id"], outcome, message[:MAX_CHAT_CHARACTERS])


def _json(payload: bytes) -> Any:
    try:
        return _loads(text_of(payload))
    except (ValueError, RecursionError) as error:
        raise PayloadError(f"it is not JSON: {str(error)[:120]}") from None


def _loads(text: str) -> Any:
    """Raises ValueError, or RecursionError."""
    found = json.loads(text, parse_constant=_refuse_constant)
    if is_deeper(found, MAX_NESTING):
        raise ValueError("it is nested too deeply")
    return found


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _flat(found: Mapping[str, Any], outer: str, depth: int) -> Iterator[tuple[str, Value]]:
    for name, value in found.items():
        if isinstance(value, dict) and depth > 1:
            yield from _flat(value, f"{outer}{name}.", depth - 1)
        else:
            yield name_of(f"{outer}{name}"), _value(value)


def _value(value: Any) -> Value:
    if isinstance(value, str):
        text = unicodedata.normalize("NFC", value)  # a relay does so, too; it may become three times as long
        return text if len(text) <= MAX_TEXT_CHARACTERS else text[: MAX_TEXT_CHARACTERS - 1] + "…"
    if isinstance(value, float) and not math.isfinite(value):
        return None  # 1e999 is JSON, and no reading
    if value is None or isinstance(value, bool | float):
        return value
    if isinstance(value, int):
        return value if abs(value) < 2**53 else _as_float(value)
    return _value(json.dumps(value, ensure_ascii=False))


def _as_float(value: int) -> float | None:
    try:
        return float(value)
    except OverflowError:  # as of 1e999
        return None


def _short(text: Any, what: str, most: int) -> str:
    if not isinstance(text, str) or not 0 < len(text.strip()) <= len(text) <= most:
        raise PayloadError(f"{what} is not a text of 1 to {most:,} characters")
    return text
