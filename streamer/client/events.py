"""What happens in a room, as a program is told it: each event is a frozen dataclass, and `Event` is their
union.

Texts are as the relay sent them. They come from other people, so print none of them without `one_line` of
`streamer.terminal_text`: a text can hold what a terminal obeys.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from streamer.client.audio.samples import Samples
from streamer.wire.messages import Role
from streamer.wire.packet import Packet
from streamer.wire.programs import FinalOutcome, Level, Outcome, Value

NOBODY: Final = 0
"""No member has this talker_id."""


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody in the room, as known at one moment; a later moment has a `Member` of its own.

    `talker_id` (1 to 65,535) stays the same while its owner is in the room, over lost connections too.
    `hand_us` is when the hand was raised, in µs of the relay's clock, and 0 while it is down. `listening`
    means that there is no microphone.
    """

    talker_id: int
    name: str
    host: bool = False
    role: Role = "talk"
    muted: bool = False
    away: bool = False
    hand: bool = False
    hand_us: int = 0
    listening: bool = False

    @property
    def only_listens(self) -> bool:
        """By its own choice, or because it may not talk."""
        return self.listening or self.role == "listen"


@dataclass(frozen=True, slots=True)
class Entered:
    """We are in the room for the first time. Only who calls `events()` before `async with` gets it."""

    me: Member
    room: str
    members: tuple[Member, ...]


@dataclass(frozen=True, slots=True)
class Lost:
    """The connection is gone.

    It is tried again by itself; until `Back`, nothing is heard, and what is sent is dropped.
    """


@dataclass(frozen=True, slots=True)
class Back:
    """We are in the room again, perhaps at another relay.

    `members` may be others than before; `Chat` events of what was missed follow.
    """

    me: Member
    members: tuple[Member, ...]


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why there is no connection, a slow one, or longer packets of ours, in words; told only if the reason is
    known."""

    text: str


@dataclass(frozen=True, slots=True)
class Joined:
    """A member came."""

    member: Member


@dataclass(frozen=True, slots=True)
class Left:
    """A member went."""

    member: Member


@dataclass(frozen=True, slots=True)
class Changed:
    """A member's state or role is another one; `member` may be ourselves."""

    member: Member
    before: Member


@dataclass(frozen=True, slots=True)
class Talking:
    """A member began to send sound (`on`), or has sent none for 0.3 s."""

    member: Member
    on: bool


@dataclass(frozen=True, slots=True)
class Chat:
    """Something was written; `member` is None where its writer is not here (any more).

    `age_s` is 0 for what was written just now. It is more for what was written while we were away. A
    `caption` was said, and written down by somebody, in a room whose host keeps captions in the chat.
    """

    member: Member | None
    name: str
    text: str
    age_s: int = 0
    caption: bool = False


@dataclass(frozen=True, slots=True)
class Floor:
    """Where one member talks at a time (`on`): who has the floor; None is nobody."""

    on: bool
    member: Member | None


@dataclass(frozen=True, slots=True)
class Turn:
    """A host gave the turn to talk to this member, who may be ourselves; None is somebody who is gone."""

    member: Member | None


@dataclass(frozen=True, slots=True)
class KeepCaptions:
    """A host has decided that captions are kept in the chat (`on`), or no longer; None is somebody who is
    gone."""

    member: Member | None
    on: bool


@dataclass(frozen=True, slots=True)
class OnlyHosts:
    """A host decided that only hosts talk (`on`), or everybody again."""

    member: Member | None
    on: bool


@dataclass(frozen=True, slots=True)
class Locked:
    """A host locked the room against newcomers, or opened it again."""

    member: Member | None
    locked: bool


@dataclass(frozen=True, slots=True)
class Muted:
    """A host muted us. Nothing that we say is sent until `room.mute(False)`."""

    member: Member | None


@dataclass(frozen=True, slots=True)
class Waiting:
    """Somebody who knocks, or who was removed. `id` is the relay's number for it."""

    id: int
    name: str


@dataclass(frozen=True, slots=True)
class Knocks:
    """Only for a host: who waits at the door now. `new` are those who did not before."""

    waiting: tuple[Waiting, ...]
    new: tuple[Waiting, ...]


@dataclass(frozen=True, slots=True)
class NewLink:
    """The links that others can join by from now on: one to talk, maybe one only to listen."""

    role: Role
    url: str


@dataclass(frozen=True, slots=True)
class Hint:
    """The relay remarks something about our connection.

    `code` is stable (PROTOCOL.md); `text` is for people.
    """

    code: str
    text: str


@dataclass(frozen=True, slots=True)
class Refused:
    """The relay did not do what a message of ours asked for.

    `code` is stable (PROTOCOL.md); `text` is for people. `of` is the type of that message, and `id` its id:
    that of the notice that `Room.reply` answered, or of what `Room.send` was given; 0 where it has none.
    """

    code: str
    text: str
    of: str = ""
    id: int = 0


@dataclass(frozen=True, slots=True)
class Notice:
    """A person or a program tells the room something; `room.reply` answers with one of `actions`.

    `member` is None where the sender is not here, such as a program that came through the HTTP interface.
    `age_s` is more than 0 for what was told while we were away; then there is nothing to answer with, and
    `id` is 0.
    """

    member: Member | None
    name: str
    text: str
    title: str = ""
    level: Level = "info"
    sound: bool = False
    actions: tuple[str, ...] = ()
    id: int = 0
    age_s: int = 0


@dataclass(frozen=True, slots=True)
class Reply:
    """Somebody called `name` answered the notice `id` of ours with `action`."""

    id: int
    member: Member | None
    name: str
    action: str


@dataclass(frozen=True, slots=True)
class Telemetry:
    """What a member reports of itself (`device` is empty), or of a device behind it; it replaces what was
    known before.

    A value that is None is not known. `values` are None where that device is gone. `age_s` is how long ago it
    was reported.
    """

    member: Member | None
    device: str
    values: Mapping[str, Value] | None
    age_s: float


@dataclass(frozen=True, slots=True)
class Command:
    """We, or `device` behind us, are asked to do something within `deadline_s` seconds; `answer` says what
    became of it.

    `sender` is the name of who asks. The relay has checked that it may.
    """

    member: Member | None
    sender: str
    device: str
    name: str
    arguments: Mapping[str, Any]
    deadline_s: float
    _answer: Callable[[Outcome, str], Awaitable[None]] = field(repr=False, compare=False)

    async def answer(self, outcome: Outcome, message: str = "") -> None:
        """Says "done", "refused" (we will not, or can't) or "unknown" (there is no such command), and why."""
        await self._answer(outcome, message)


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a command of ours: its target's word, "timed-out", or "gone" where it is not here."""

    outcome: FinalOutcome
    message: str


@dataclass(frozen=True, slots=True)
class Captioning:
    """Somebody begins to write down what is said in this room (`on`), or nobody does any longer."""

    on: bool


@dataclass(frozen=True, slots=True)
class Caption:
    """A line of what `member`, called `name`, said from `start_ms` to `end_ms` of the relay's clock.

    It replaces the line of the same `id` and member, until it is `final`; no text withdraws it. `member` is
    None where the talker is not here any more.
    """

    member: Member | None
    name: str
    text: str
    id: int
    start_ms: int
    end_ms: int
    final: bool


@dataclass(frozen=True, slots=True)
class Recording:
    """This room is recorded (`on`) by somebody called `by`, or no longer; `left_out` are talker_ids.

    It comes with each change, behind `Entered` and `Back` while the room is recorded, and as the answer to
    `leave_me_out`.
    """

    on: bool
    by: str
    left_out: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Missed:
    """The reader was too slow: `count` events before the next one were dropped, the oldest first."""

    count: int


Event = (
    Entered | Lost | Back | Trouble | Joined | Left | Changed | Talking | Chat | Floor | Turn | OnlyHosts
    | Locked | Muted | Knocks | NewLink | Notice | Reply | Telemetry | Command | Recording | Hint | Refused
    | Missed
    | Captioning | Caption | KeepCaptions
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Heard:
    """10 ms of one talker, decoded: `samples` is float32, shape (480,), at 48 kHz, full scale at ±1.

    In a room joined with `music=True` the shape is (480, 2): left and right. `captured_s` is when the first
    sample entered the talker's microphone, in seconds of this process's `time.perf_counter()`; None while
    that is unknown, and for sound that conceals a lost packet.
    """

    member: Member
    samples: Samples
    captured_s: float | None


@dataclass(frozen=True, slots=True)
class Received:
    """One packet as it came, not decoded; `arrived_s` is in seconds of this process's `perf_counter()`."""

    member: Member
    packet: Packet
    arrived_s: float
