"""What programs and devices say, made safe: notices, telemetry and commands, cleaned, and of bounded size."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any, Final, cast

from streamer.errors import ControlError
from streamer.relay.access.sanitize import clean_chat, clean_line
from streamer.wire.control import (
    MAX_ACTION_CHARACTERS,
    MAX_ACTIONS,
    MAX_COMMAND_CHARACTERS,
    MAX_DEADLINE_MS,
    MAX_DEVICE_CHARACTERS,
    MAX_INTEGER,
    MAX_OBJECT_BYTES,
    MAX_TITLE_CHARACTERS,
)
from streamer.wire.json_size import json_size
from streamer.wire.programs import Level, Outcome, Value, Values

LEVELS: Final = ("info", "warning", "alarm")
OUTCOMES: Final = ("done", "refused", "unknown")
MAX_RESULT_CHARACTERS: Final = 200
MAX_DEPTH: Final = 8
"""Of objects within the arguments of a command: what a person can still read, and far from any parser's
limit."""


@dataclass(frozen=True, slots=True)
class CleanNotice:
    """A notice as its sender wants it, cleaned."""

    text: str
    title: str
    level: Level
    sound: bool
    actions: tuple[str, ...]


def clean_notice(text: str, title: str, level: str, actions: Sequence[Any], *, sound: bool) -> CleanNotice:
    """Raises ControlError `bad-notice`."""
    if level not in LEVELS:
        raise _bad_notice(f"the level of a notice is one of {', '.join(LEVELS)}")
    if len(actions) > MAX_ACTIONS:
        raise _bad_notice(f"a notice has at most {MAX_ACTIONS} actions")
    try:
        cleaned = clean_chat(text)
    except ControlError as error:
        raise _bad_notice(str(error).replace('"chat"', '"notify"')) from None
    return CleanNotice(
        cleaned,
        _short(title, MAX_TITLE_CHARACTERS, "the title of a notice"),
        cast(Level, level),
        sound,
        tuple(_action(each) for each in actions),
    )


def _action(action: Any) -> str:
    cleaned = (
        _short(action, MAX_ACTION_CHARACTERS, "an action of a notice") if isinstance(action, str) else ""
    )
    if not cleaned:
        raise _bad_notice(f"an action of a notice is a text of 1 to {MAX_ACTION_CHARACTERS} characters")
    return cleaned


def _short(text: str, most: int, what: str) -> str:
    cleaned = clean_line(text[: 8 * most])
    if len(cleaned) > most or len(text) > 8 * most:
        raise _bad_notice(f"{what} has at most {most} characters")
    return cleaned


def clean_device(device: str) -> str:
    """Raises ControlError `bad-telemetry`."""
    cleaned = clean_line(device[: 8 * MAX_DEVICE_CHARACTERS])
    if len(cleaned) > MAX_DEVICE_CHARACTERS or (device and not cleaned):
        raise _bad_telemetry(f"the name of a device has 1 to {MAX_DEVICE_CHARACTERS} characters")
    return cleaned


def clean_values(values: Values) -> Values:
    """Raises ControlError `bad-telemetry` where one is nested, or all are too long."""
    if len(values) > MAX_OBJECT_BYTES // 4:  # before each of them is looked at
        raise _bad_telemetry(f"the values of a device have at most {MAX_OBJECT_BYTES} bytes")
    cleaned = {clean_line(name): _value(value) for name, value in values.items()}
    if json_size(cleaned) > MAX_OBJECT_BYTES or "" in cleaned:
        raise _bad_telemetry(f"the values of a device have names, and at most {MAX_OBJECT_BYTES} bytes")
    return cleaned


def _value(value: Any) -> Value:
    if isinstance(value, str):
        return clean_line(value)
    if value is None or isinstance(value, bool) or _is_number(value):
        return cast(Value, value)
    raise _bad_telemetry("a value is a text, a number, true, false or null")


def clean_command(name: str, device: str, arguments: dict[str, Any], deadline_ms: int) -> tuple[str, str]:
    """Name and device. Raises ControlError `bad-command`."""
    cleaned = clean_line(name[: 8 * MAX_COMMAND_CHARACTERS])
    if not 1 <= len(cleaned) <= MAX_COMMAND_CHARACTERS:
        raise bad_command(f"the name of a command has 1 to {MAX_COMMAND_CHARACTERS} characters")
    if not 1 <= deadline_ms <= MAX_DEADLINE_MS:
        raise bad_command(f"the deadline of a command is 1 to {MAX_DEADLINE_MS} ms")
    of_device = clean_line(device[:MAX_DEVICE_CHARACTERS])
    # Else it would be for the member itself.
    if len(device) > MAX_DEVICE_CHARACTERS or (device and not of_device):
        raise bad_command(f"the name of a device has 1 to {MAX_DEVICE_CHARACTERS} characters")
    if not _is_plain(arguments, MAX_DEPTH) or json_size(arguments) > MAX_OBJECT_BYTES:
        raise bad_command(
            f"the arguments of a command have at most {MAX_OBJECT_BYTES} bytes, {MAX_DEPTH} levels deep"
        )
    return cleaned, of_device


def clean_result(outcome: str, message: str) -> tuple[Outcome, str]:
    """Raises ControlError `bad-command`."""
    if outcome not in OUTCOMES:
        raise bad_command(f"the outcome of a command is one of {', '.join(OUTCOMES)}")
    return cast(Outcome, outcome), clean_line(message[: 8 * MAX_RESULT_CHARACTERS])[:MAX_RESULT_CHARACTERS]


def _is_plain(value: Any, depth: int) -> bool:
    """What every JSON parser takes, and not too deep."""
    if isinstance(value, dict):
        return depth > 0 and all(_is_plain(each, depth - 1) for each in value.values())
    if isinstance(value, list):
        return depth > 0 and all(_is_plain(each, depth - 1) for each in value)
    return value is None or isinstance(value, str | bool) or _is_number(value)


def _is_number(value: Any) -> bool:
    """JSON's 1e999 is infinite here, and no JSON any more when it is written."""
    if isinstance(value, float):
        return isfinite(value)
    return isinstance(value, int) and abs(value) <= MAX_INTEGER


def _bad_notice(message: str) -> ControlError:
    return ControlError(message, code="bad-notice", close_code=None)


def _bad_telemetry(message: str) -> ControlError:
    return ControlError(message, code="bad-telemetry", close_code=None)


def bad_command(message: str) -> ControlError:
    return ControlError(message, code="bad-command", close_code=None)
