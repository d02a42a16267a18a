"""What may be said in text: each control message is one TypedDict, and a union joins those of each side
(PROTOCOL.md).

A checker finds a misspelt field, and a forgotten case where `match message["type"]` ends in `assert_never`.
"""

from typing import Literal, NotRequired, TypedDict

from streamer.wire.captions import (
    AskCaptions,
    Caption,
    Captioning,
    KeepCaptions,
    SetKeepCaptions,
    WriteCaption,
)
from streamer.wire.programs import (
    AnswerNotice,
    Ask,
    Command,
    Done,
    Level,
    Notice,
    Notify,
    Reply,
    Report,
    Result,
    Telemetry,
)
from streamer.wire.recording import OfRecording, Recording

Role = Literal["talk", "listen"]


class State(TypedDict):
    """What others see of a member."""

    muted: bool
    away: bool
    hand: bool


class Talker(TypedDict):
    """Whom a message is about, or who sent it."""

    talker_id: int


class Shown(Talker, State):
    """`hand_us`: when the hand was raised, in µs of the relay's clock; 0 while it is down."""

    hand_us: int
    listening: bool


class Member(Shown):
    """One person in the room, as the others see them."""

    name: str
    host: bool
    role: Role


class Line(TypedDict):
    """What was written lately. Only a notice has a `level`, and perhaps a `title`; a `caption` was said."""

    name: str
    text: str
    age_s: int
    title: NotRequired[str]
    level: NotRequired[Level]
    caption: NotRequired[bool]


class WireInvite(TypedDict):
    """`ends_s` is in s since 1970, 0 where it does not end; `key` is empty where none is asked for.

    `uses_left` is how many more people it lets in; left out where that is without limit.
    """

    role: Role
    key: str
    ends_s: int
    uses_left: NotRequired[int]


class Waiting(TypedDict):
    """Somebody who knocks, or who was removed."""

    id: int
    name: str


class ClockFields(TypedDict):
    """See PROTOCOL.md, Mouth to ear."""

    timestamp: int
    server_us: int
    device_us: int
    sent_us: int
    error_us: int


class _Said(TypedDict):
    code: str
    message: str


class Ping(TypedDict):
    """Times are in µs of the sender's clock."""

    type: Literal["ping"]
    t0: int


class Pong(TypedDict):
    """`t0` as it came; receipt and answer by the answerer's clock, in µs."""

    type: Literal["pong"]
    t0: int
    t1: int
    t2: int


class Leave(TypedDict):
    """Goodbye."""

    type: Literal["leave"]


class OwnState(State):
    """A client's own; one that does not know `listening` has a microphone."""

    type: Literal["state"]
    listening: NotRequired[bool]


class OwnClock(ClockFields):
    """From a talker."""

    type: Literal["clock"]


class Write(TypedDict):
    """To everybody in the room."""

    type: Literal["chat"]
    text: str


class AskFloor(TypedDict):
    """Before the first packet of a talkspurt, and behind its last."""

    type: Literal["floor"]
    wants: bool


class Mute(Talker):
    """From the host, the member to ask for silence: 0 is everybody except hosts; from the relay, who asks."""

    type: Literal["mute"]


class Remove(Talker):
    """From the host: out, and barred."""

    type: Literal["remove"]


class Unbar(TypedDict):
    """From the host: that device may come in again."""

    type: Literal["unbar"]
    id: int


class AnswerKnock(TypedDict):
    """From the host."""

    type: Literal["answer"]
    id: int
    admit: bool


class Turn(Talker):
    """From the host, who may talk now; from the relay, to all."""

    type: Literal["turn"]


class SetLock(TypedDict):
    """From the host."""

    type: Literal["lock"]
    locked: bool


class NewInvite(TypedDict):
    """From the host; 0 is no limit."""

    type: Literal["invite"]
    hours: int
    uses: int


class SetOneAtATime(TypedDict):
    """From the host."""

    type: Literal["one_at_a_time"]
    on: bool


class SetOnlyHosts(TypedDict):
    """From the host."""

    type: Literal["only_hosts"]
    on: bool


FromHost = (
    Mute | Remove | Unbar | AnswerKnock | Turn | SetLock | NewInvite | SetOneAtATime | SetOnlyHosts
    | SetKeepCaptions
)  # fmt: skip
"""What only a host may send."""

FromClient = (
    Ping | Pong | Leave | OwnState | OwnClock | Write | AskFloor | FromHost
    | Notify | AnswerNotice | Report | Ask | Done | OfRecording
    | AskCaptions | Captioning | WriteCaption
)  # fmt: skip


class Welcome(Talker):
    """The first message; see PROTOCOL.md."""

    type: Literal["welcome"]
    room: str
    name: str
    members: list[Member]
    server_us: int
    host: bool
    role: Role
    resume: str
    history: list[Line]
    locked: bool
    only_hosts: bool
    invites: list[WireInvite]
    join_origin: str
    barred: list[Waiting]
    knocks: list[Waiting]
    keep_captions: NotRequired[bool]
    rights: NotRequired[list[str]]
    relays: NotRequired[list[str]]


class Joined(Member):
    """A member came."""

    type: Literal["joined"]


class Left(Talker):
    """A member went."""

    type: Literal["left"]


class MemberState(Shown):
    """A member's state changed."""

    type: Literal["state"]


class MemberRole(Talker):
    """What a member may do changed."""

    type: Literal["role"]
    role: Role


class MemberClock(Talker, ClockFields):
    """A talker's clock, and when the relay had it and handed it on, in µs of its own."""

    type: Literal["clock"]
    received_us: int
    relayed_us: int


class Chat(Talker):
    """Said in writing; or a `caption` of what was said, with the `name` of who said it."""

    type: Literal["chat"]
    text: str
    name: NotRequired[str]
    caption: NotRequired[bool]


class Locked(Talker):
    """A host has locked the room, or opened it."""

    type: Literal["lock"]
    locked: bool


class OnlyHosts(Talker):
    """A host has decided that only hosts talk, or everybody again."""

    type: Literal["only_hosts"]
    on: bool


class Invites(TypedDict):
    """What this member may hand on from now on."""

    type: Literal["invite"]
    invites: list[WireInvite]


class Barred(TypedDict):
    """To hosts: who was removed."""

    type: Literal["barred"]
    barred: list[Waiting]


class Knocks(TypedDict):
    """To hosts: who waits at the door."""

    type: Literal["knocks"]
    knocks: list[Waiting]


class FloorTaken(Talker):
    """Who has the floor now; 0 is nobody."""

    type: Literal["floor"]
    on: bool


class Relays(TypedDict):
    """Where else this service is, and whether to `move` there now."""

    type: Literal["relays"]
    relays: list[str]
    move: bool


class Hint(_Said):
    """Something the relay itself wants the member to know."""

    type: Literal["hint"]


class Refusal(_Said):
    """What the client did wrong: with the message of the type `of` and of this `id`, where it had one."""

    type: Literal["error"]
    of: NotRequired[str]
    id: NotRequired[int]


FromRelay = (
    Ping | Pong | Welcome | Joined | Left | MemberState | MemberRole | MemberClock | Chat | Mute | Turn
    | Locked | OnlyHosts | KeepCaptions | Invites | Barred | Knocks | FloorTaken
    | Notice | Reply | Telemetry | Command | Result | Recording | Hint | Refusal
    | Captioning | Caption | Relays
)  # fmt: skip


def id_of(message: FromClient) -> int:
    """By which its sender knows it again; 0 where it has none."""
    match message["type"]:
        case "notify":
            return message.get("id", 0)
        case "reply" | "command" | "result" | "unbar" | "answer":
            return message["id"]
        case _:
            return 0
