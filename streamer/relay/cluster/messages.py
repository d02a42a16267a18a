"""What the relays of a service tell each other: one TypedDict each, checked as control messages are.

Values lie in the key-value stores of NATS; the rest is said once on a subject. All of it comes from outside:
it is bounded before it is parsed, unknown fields are left out, and what does not fit is dropped and counted.
"""

import base64
import binascii
import hashlib
from typing import Any, Final, Literal, NotRequired, TypedDict, cast

from streamer.errors import ControlError, RefusedError
from streamer.relay.access.sanitize import check_room_name
from streamer.wire.captions import Caption
from streamer.wire.control import FROM_RELAY, Table, check, parse
from streamer.wire.messages import MemberClock, Turn
from streamer.wire.programs import FinalOutcome, Telemetry

MAX_BYTES: Final = 32_768
"""Of one message: twice the longest message of a client, and what is around it."""

MAX_VALUE_BYTES: Final = 262_144
"""Of what is stored: 256 tokens with the longest names are 110 KB, and 100 who were removed 50 KB."""


class Live(TypedDict):
    """A relay runs: told twice a second. `url` is where people reach it; `slot` its part of the
    talker_ids."""

    type: Literal["live"]
    version: str
    slot: int
    url: str


class Present(TypedDict):
    """A member, as its relay has it. `term` counts the connections of its session, by which the newest is
    told."""

    type: Literal["member"]
    relay: str
    term: int
    session: str
    name: str
    asked_name: str
    right: str
    muted: bool
    away: bool
    hand: bool
    hand_us: int
    listening: bool
    turn: bool
    records: bool
    left_out: bool
    captions: bool


class StoredSession(TypedDict):
    """A member's session, by which it comes back on any relay."""

    type: Literal["session"]
    relay: str
    room: str
    term: int
    talker_id: int
    token: str
    right: str
    source: str
    scopes: str
    token_id: str
    attempt: int
    left_out: bool
    over: bool


class Slot(TypedDict):
    """Whose a part of the talker_ids is."""

    type: Literal["slot"]
    relay: str


class Written(TypedDict):
    """A line of chat, or a notice where `notice` is not 0."""

    type: Literal["line"]
    relay: str
    id: str
    age_ms: int
    talker_id: int
    name: str
    text: str
    notice: int
    title: str
    level: str
    sound: bool
    actions: list[Any]


class Ruled(TypedDict):
    """What the host decided about a room; `barred` is a list of objects."""

    type: Literal["decided"]
    relay: str
    by: int
    locked: bool
    one_at_a_time: bool
    only_hosts: bool
    barred: list[Any]
    keep_captions: NotRequired[bool]


class Floored(TypedDict):
    """Who has the floor of a room, 0 for nobody; and by which connection: see Present."""

    type: Literal["floor"]
    holder: int
    host: bool
    session: str
    term: int


class Host(TypedDict):
    """The host's own key, the same for all relays."""

    type: Literal["host"]
    key: str


class Invited(TypedDict):
    """The invitation of a room; 0 is no end, and −1 uses are no limit."""

    type: Literal["invite"]
    room: str
    key: str
    ends_s: int
    uses_left: int
    lasts_s: int


class Tokens(TypedDict):
    """The tokens in one relay's file, of which only digests are kept."""

    type: Literal["tokens"]
    tokens: list[Any]


class Knocked(TypedDict):
    """Somebody who knocks at that relay and has no answer yet; its key says at which room, by which
    number."""

    type: Literal["knock"]
    relay: str
    name: str


Value = Live | Present | StoredSession | Slot | Written | Ruled | Floored | Host | Invited | Tokens | Knocked


class Said(TypedDict):
    """On a room's subject: what members hear that is not kept."""

    type: Literal["said"]
    relay: str
    message: dict[str, Any]


class ToMember(TypedDict):
    """To the relay that `talker_id` is connected to: `mute`, `turn`, and `away`, which ends its
    connection."""

    type: Literal["to-member"]
    relay: str
    room: str
    talker_id: int
    what: str
    by: int
    code: int
    reason: str


class Asked(TypedDict):
    """A command to a member of that relay."""

    type: Literal["ask"]
    relay: str
    room: str
    talker_id: int
    id: int
    by: int
    sender: str
    device: str
    name: str
    arguments: dict[str, Any]
    deadline_ms: int


class Answered(TypedDict):
    """What became of a command."""

    type: Literal["answer"]
    room: str
    talker_id: int
    id: int
    outcome: FinalOutcome
    message: str


class Replied(TypedDict):
    """The answer of a member to a notice of that relay."""

    type: Literal["reply"]
    room: str
    id: int
    talker_id: int
    name: str
    action: int


class LetIn(TypedDict):
    """A host's answer to who knocks at that relay."""

    type: Literal["let-in"]
    relay: str
    room: str
    number: int
    admit: bool


class WhatTime(TypedDict):
    """`t0` is of the asker's clock, in µs; `t1` of the answerer's, 0 in the question."""

    type: Literal["time"]
    relay: str
    t0: int
    t1: int
    is_answer: NotRequired[bool]


Spoken = Said | ToMember | Asked | Answered | Replied | LetIn | WhatTime

VALUES: Final[Table[Value]] = Table(Value)
SPOKEN: Final[Table[Spoken]] = Table(Spoken)

PassedOn = MemberClock | Turn | Caption | Telemetry
"""What members of one relay hear of those of another, and nobody keeps."""

PASSED_ON: Final = ("clock", "turn", "caption", "telemetry")
"""Their types."""


def parse_bytes(data: bytes, known: Table[Any]) -> Any:
    """Raises ControlError where it is too long, or not what `known` has."""
    if len(data) > (MAX_VALUE_BYTES if known is VALUES else MAX_BYTES):
        raise ControlError(f"what another relay said has {len(data)} bytes", code="bad-field")
    try:
        return parse(data.decode(), known)
    except UnicodeDecodeError:
        raise ControlError("what another relay said is not UTF-8", code="bad-json") from None


def inner(said: Said) -> PassedOn:
    """The message in it. Raises ControlError where it is none that is passed on."""
    message = said["message"]
    if message.get("type") not in PASSED_ON:
        raise ControlError("another relay passes on what it should not", code="bad-field")
    return cast(PassedOn, check(message, FROM_RELAY))


def key_of(room: str) -> str:
    """A room's name, as a part of a subject or key."""
    return base64.urlsafe_b64encode(room.encode()).decode().rstrip("=")


def room_of(key: str) -> str:
    """Raises ControlError where `key` is of no room."""
    try:
        name = base64.urlsafe_b64decode(key + "=" * (-len(key) % 4)).decode()
        if key_of(name) == key and check_room_name(name) == name:
            return name
    except (ValueError, binascii.Error, RefusedError):
        pass
    raise ControlError("what another relay said names no room", code="bad-field")


def digest(token: str) -> str:
    """What tells a session without being its token; empty for none."""
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()[:32] if token else ""


def expect(value: Any, kind: str) -> Any:
    """`value`, if it is of that kind. Raises ControlError."""
    if value["type"] != kind:
        raise ControlError("another relay stored something under the wrong key", code="bad-field")
    return value
