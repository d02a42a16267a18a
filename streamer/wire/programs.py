"""What programs and devices say, and what is said to them: part of messages.py (PROTOCOL.md, Programs and
devices)."""

from typing import Any, Literal, NotRequired, TypedDict

Level = Literal["info", "warning", "alarm"]
Outcome = Literal["done", "refused", "unknown"]
"""What a device makes of a command; `unknown` is a command that it does not know."""

FinalOutcome = Literal["done", "refused", "unknown", "timed-out", "gone"]
"""What the sender hears; the relay itself adds the last two."""

Value = str | int | float | bool | None
Values = dict[str, Value]
"""What a device reports; a value that is null is not known."""


class Notify(TypedDict):
    """To everybody in the room, from a member that may; `actions` are the possible answers, four at most.

    `id` is the sender's own.
    """

    type: Literal["notify"]
    id: NotRequired[int]
    text: str
    title: NotRequired[str]
    level: Level
    sound: NotRequired[bool]
    actions: NotRequired[list[str]]


class AnswerNotice(TypedDict):
    """To who sent the notice `id`: the index of one of its actions."""

    type: Literal["reply"]
    id: int
    action: int


class Report(TypedDict):
    """`device` is empty for the member itself. `values` are all it has; null: that device is gone."""

    type: Literal["telemetry"]
    device: str
    values: Values | None


class Ask(TypedDict):
    """To the member `talker_id`, or to one of its devices; `id` is the sender's own."""

    type: Literal["command"]
    talker_id: int
    id: int
    device: str
    name: str
    arguments: dict[str, Any]
    deadline_ms: int


class Done(TypedDict):
    """To the relay's `command` of this id; `message` is for people, and may be empty."""

    type: Literal["result"]
    id: int
    outcome: Outcome
    message: str


class Notice(TypedDict):
    """Somebody tells the room something; `talker_id` is 0 where it came through the HTTP interface.

    `own_id` is the `id` of our own `notify`, where it answers that.
    """

    type: Literal["notice"]
    talker_id: int
    id: int
    name: str
    title: str
    text: str
    level: Level
    sound: bool
    actions: list[str]
    own_id: NotRequired[int]


class Reply(TypedDict):
    """To who sent the notice `id`: who answered, and which of its actions."""

    type: Literal["reply"]
    talker_id: int
    id: int
    name: str
    action: int


class Telemetry(TypedDict):
    """What a member, or a device of it, reports, and how old that is; `values` null: that device is gone."""

    type: Literal["telemetry"]
    talker_id: int
    device: str
    values: Values | None
    age_ms: int


class Command(TypedDict):
    """To be done within `deadline_ms`, for the member `talker_id` (0: through the HTTP interface), called
    `sender`."""

    type: Literal["command"]
    talker_id: int
    id: int
    sender: str
    device: str
    name: str
    arguments: dict[str, Any]
    deadline_ms: int


class Result(TypedDict):
    """What became of the command of this id, which is the sender's own."""

    type: Literal["result"]
    id: int
    outcome: FinalOutcome
    message: str
