"""One connection of a member's session: what they say is checked here, then handed to the room."""

from dataclasses import dataclass, field
from time import monotonic, monotonic_ns
from typing import Final, assert_never

from streamer.errors import ControlError, PacketError, ProtocolError
from streamer.relay.access.allowance import (
    ACTIONS,
    CLOCKS,
    Allowance,
    Writing,
    too_fast,
)
from streamer.relay.access.invites import Right
from streamer.relay.access.rate_limit import Buckets, Rate
from streamer.relay.access.sanitize import clean_chat
from streamer.relay.access.tokens import Scope
from streamer.relay.rooms.bars import Device
from streamer.relay.rooms.captions import Captions
from streamer.relay.rooms.hosting import Desk, Hosting
from streamer.relay.rooms.member import shown
from streamer.relay.rooms.post import ToMany
from streamer.relay.rooms.programs import Programs
from streamer.relay.rooms.recording_wishes import RecordingWishes
from streamer.relay.rooms.rights import Voice, rights_of
from streamer.relay.rooms.room import Room
from streamer.relay.rooms.session import Session
from streamer.websocket.budget import Budget
from streamer.websocket.connection import Connection
from streamer.websocket.sink import Sink
from streamer.wire import control, messages
from streamer.wire.close_codes import LEFT, REMOVED, REPLACED, TOO_FAST
from streamer.wire.control import FROM_CLIENT, MAX_WELCOME_BYTES
from streamer.wire.json_size import json_size
from streamer.wire.messages import FromClient, FromRelay, MemberClock, OwnClock, OwnState, Role, Welcome
from streamer.wire.packet import Packet, stamp

TEXTS: Final = Rate(120, 20)
"""A client sends about four a second; a person who types adds one now and then. After the relay was held up
for half a minute, what waited comes at once."""

ERRORS: Final = Rate(5, 1.0)
"""What a person reads; a flood is not answered with a flood."""

TEXT: Final = 1
"""The opcode (RFC 6455, section 5.2)."""


def server_us() -> int:
    """The relay's clock, as the protocol speaks of it."""
    return monotonic_ns() // 1000


@dataclass(frozen=True, slots=True)
class Admitted:
    """What the relay knows of one who may come in."""

    room: Room
    name: str
    session: Session
    desk: Desk
    asked_name: str = ""
    """Before it was numbered, because somebody has the same."""
    attempt: int = 0
    """To come in, by the client's own count; 0 where it does not count."""
    source: str = ""
    """The address, as limits count it."""
    listening: bool = False
    """By its own choice."""
    writing: Writing = field(default_factory=Writing)
    """What the address may write, with all its connections."""
    takes_bundles: bool = False
    """Packets of several talkers may come to it as one message."""
    left_out: bool = False
    """Of recordings, by its own wish."""
    deliveries: Budget | None = None
    """What the address may have delivered in a crowded room."""


class Leg:
    """A member of a room, heard through a connection. The connection calls `open`, `on_…` and `end`.

    Where the room has a fan-out, proper packets go there without coming by here.
    """

    def __init__(self, connection: Connection, entry: Admitted) -> None:
        self.talker_id = entry.session.talker_id
        self.name = entry.name
        self.asked_name = entry.asked_name
        self.right = entry.session.right
        self.role: Role = "talk"
        self.muted = self.away = self.hand = False
        self.hand_us = 0
        self.listening = entry.listening
        self.last_clock: MemberClock | None = None
        self._source = entry.source
        self._attempt = entry.attempt
        self._connection = connection
        self._room = entry.room
        self._session = entry.session
        self._desk = entry.desk
        self._voice = Voice.HEARD
        self._buckets = Buckets()
        self._allowance = Allowance(Writing(buckets=self._buckets), entry.writing, entry.room.writing)
        connection.deliveries = entry.deliveries
        connection.fanout = entry.room.fanout
        connection.is_recorder = "record" in entry.session.scopes
        connection.takes_bundles = entry.takes_bundles and not connection.is_recorder
        entry.session.left_out |= entry.left_out

    @property
    def sink(self) -> Sink:
        return self._connection

    @property
    def scopes(self) -> frozenset[Scope]:
        return self._session.scopes

    @property
    def token_id(self) -> str:
        return self._session.token_id

    @property
    def term(self) -> int:
        return self._session.term

    @property
    def is_listener(self) -> bool:
        return True

    @property
    def voiced_us(self) -> int:
        return self._connection.voiced_us

    @property
    def device(self) -> Device:
        return Device(self._source, self.asked_name or self.name, self._session.token)

    @property
    def turn(self) -> object | None:
        """What the room gave this member; it lasts as long as the session."""
        return self._session.turn

    @turn.setter
    def turn(self, turn: object | None) -> None:
        self._session.turn = turn

    @property
    def voice(self) -> Voice:
        return self._voice

    @voice.setter
    def voice(self, voice: Voice) -> None:
        self._voice = voice
        self._connection.may_talk = voice is Voice.HEARD

    def open(self) -> None:
        """Enter the room, or come back to it; raises RefusedError where it is full."""
        before = self._session.leg
        self._connection.is_left_out = self._session.left_out
        members = self._room.take_over(self, before) if before else self._room.join(self)
        self._session.begin(self, self._attempt)
        if before:
            before.send_away(REPLACED, "replaced")
        self._connection.talker_id = self.talker_id
        self._welcome(members)
        if self._room.floor.is_on:
            self.send_control(self._room.floor.message)
        if self._room.captions.is_on:
            self.send_control(self._room.captions.message)
        RecordingWishes(self, self._room, self._session).on_entered()

    def _welcome(self, members: list[messages.Member]) -> None:
        """Members first, those beyond the bound join later; then the newest of the history that fits."""
        is_host = self.right is Right.HOST
        welcome: Welcome = {
            "type": "welcome",
            "talker_id": self.talker_id,
            "room": self._room.name,
            "name": self.name,
            "members": [],
            "server_us": server_us(),
            "host": is_host,
            "role": self.role,
            "resume": self._session.token,
            "history": [],
            "locked": self._room.locked,
            "only_hosts": self._room.rights.only_hosts,
            "invites": self._desk.invites(self.right),
            "join_origin": self._desk.join_origin,
            "barred": self._room.barred if is_host else [],
            "knocks": self._desk.knocks() if is_host else [],
            "keep_captions": self._room.keeps_captions,
            "rights": rights_of(self),
            "relays": self._desk.other_relays,
        }
        left_bytes = MAX_WELCOME_BYTES - json_size(welcome)
        for fitting, member in enumerate(members):
            left_bytes -= json_size(member) + 1
            if left_bytes < 0:
                break
            welcome["members"] = members[: fitting + 1]
        else:
            welcome["history"] = self._room.history.tell(monotonic(), left_bytes)
        self.send_control(welcome)
        for member in members[len(welcome["members"]) :]:
            self.send_control({"type": "joined", **member})
        for report in self._room.telemetry.all(monotonic()):
            self._room.tell([self], report)

    def end(self) -> None:
        self._room.leave(self)
        self._session.end(self, monotonic())

    def send_away(self, close_code: int, reason: str) -> None:
        if close_code == REMOVED:
            self._session.forget(self)
        self._connection.close(close_code, reason)

    def send_packet(self, packet: bytes) -> None:
        self._connection.send_binary(packet)

    def send_control(self, message: FromRelay) -> None:
        if not isinstance(message, ToMany):
            self._connection.send_text(control.serialize(message))
            return
        if message.frame is None:
            message.frame = self._connection.serialize(TEXT, control.serialize(message).encode())
        self._connection.send_frame(message.frame)

    def on_packet(self, data: bytes) -> None:
        try:
            if Packet.parse(data).talker_id:
                raise PacketError("packet has a talker_id, which only the relay gives")
        except PacketError as error:
            self._refuse(error)
            return
        if self.voice is Voice.HEARD:
            self._room.fan_out(stamp(data, self.talker_id), self)

    def on_shed(self, packets: int) -> None:
        message = f"Your connection was too slow for {packets} packets of voice"
        self.send_control({"type": "hint", "code": "shed", "message": message})

    def on_too_short(self) -> None:
        message = "This room is crowded: packets of 10 ms get through better"
        self.send_control({"type": "hint", "code": "longer-packets", "message": message})

    def on_text(self, text: str) -> None:
        received_us = server_us()
        if not self._buckets.try_take(TEXTS, received_us / 1e6):
            self._connection.close(TOO_FAST, "too-fast")
            return
        message: FromClient | None = None
        try:
            message = control.parse(text, FROM_CLIENT)
            self._obey(message, received_us)
        except ProtocolError as error:
            self._refuse(error, message)

    def _obey(self, message: FromClient, received_us: int) -> None:  # noqa: C901 (a case for each message)
        """The one dispatcher: a message that is forgotten here fails mypy."""
        match message["type"]:
            case "ping":
                self.send_control({"type": "pong", "t0": message["t0"], "t1": received_us, "t2": server_us()})
            case "pong":
                pass
            case "state":
                self._on_state(message, received_us)
            case "clock":
                self._on_clock(message, received_us)
            case "chat":
                self._on_chat(message["text"])
            case "leave":
                self._on_leave()
            case "floor":
                self._on_floor(wants=message["wants"], received_us=received_us)
            case "mute":
                self._hosting(received_us).mute(message["talker_id"])
            case "remove":
                self._hosting(received_us).remove(message["talker_id"])
            case "unbar":
                self._hosting(received_us).unbar(message["id"])
            case "answer":
                self._hosting(received_us).answer(message["id"], admit=message["admit"])
            case "turn":
                self._hosting(received_us).turn(message["talker_id"])
            case "lock":
                self._hosting(received_us).lock(locked=message["locked"])
            case "invite":
                self._hosting(received_us).invite(message["hours"], message["uses"])
            case "one_at_a_time":
                self._hosting(received_us).one_at_a_time(on=message["on"])
            case "only_hosts":
                self._hosting(received_us).only_hosts(on=message["on"])
            case "keep_captions":
                self._hosting(received_us).keep_captions(on=message["on"])
            case "notify" | "reply" | "telemetry" | "command" | "result":
                Programs(self, self._room, self._allowance, self._buckets).on(message, received_us / 1e6)
            case "captions" | "captioning" | "caption":
                Captions(self, self._room, self._room.captions, self._buckets).on(message, received_us / 1e6)
            case "recording" | "record" | "leave-me-out":
                self._count_action(received_us)
                wishes = RecordingWishes(self, self._room, self._session)
                wishes.on(message, lambda: self._hosting(received_us))
            case _:
                assert_never(message)

    def _count_action(self, received_us: int) -> None:
        """Raises ControlError `too-fast`."""
        if not self._buckets.try_take(ACTIONS, received_us / 1e6):
            raise too_fast("that was not done: you do more than a person can. Try it again in a moment")

    def _hosting(self, received_us: int) -> Hosting:
        """Raises ControlError `too-fast`, or `not-host` for a guest."""
        self._count_action(received_us)
        if self.right is not Right.HOST:
            raise ControlError("only the host of this room may do that", code="not-host", close_code=None)
        return Hosting(self.talker_id, self._room, self._desk)

    def _on_state(self, message: OwnState, received_us: int) -> None:
        """Never refused: the others must see the last one. What says nothing new goes no further."""
        before = shown(self)
        self.muted, self.away = message["muted"], message["away"]
        self.listening = message.get("listening", False)
        if self.hand != message["hand"]:
            self.hand, self.hand_us = message["hand"], received_us if message["hand"] else 0
        if shown(self) != before:
            self.voice = self._room.rights.voice_of(self)
            self._tell_others({"type": "state", **shown(self)}, "state")

    def _on_clock(self, message: OwnClock, received_us: int) -> None:
        """Nobody needs the clock of a member who is not heard."""
        if self.voice is not Voice.HEARD or not self._buckets.try_take(CLOCKS, received_us / 1e6):
            return
        times: MemberClock = {
            **message,
            "talker_id": self.talker_id,
            "received_us": received_us,
            "relayed_us": server_us(),
        }
        self.last_clock = times
        self._tell_others(times, "clock")

    def _on_leave(self) -> None:
        self._session.forget(self)
        self._connection.close(LEFT)

    def _on_chat(self, typed: str) -> None:
        """Counted before it is cleaned: cleaning costs more than reading."""
        now, size = monotonic(), len(typed.encode())
        self._allowance.check(size, now)
        text = clean_chat(typed)
        self._allowance.check_growth(len(text.encode()) - size, now)
        self._room.history.add(self.name, text, now)
        said: FromRelay = {"type": "chat", "talker_id": self.talker_id, "text": text}
        self._room.observe("chat", {"talker_id": self.talker_id, "name": self.name, "text": text})
        self.send_control(said)
        self._tell_others(said)

    def _on_floor(self, *, wants: bool, received_us: int) -> None:
        self._count_action(received_us)
        floor = self._room.floor
        if wants and self.voice is not Voice.LISTENS:
            changed = floor.request(self.talker_id, monotonic(), is_host=self.right is Right.HOST)
        else:
            changed = not wants and floor.release(self.talker_id)
        if changed:
            self._room.tell_floor()
        elif wants and floor.is_on and (floor.holder or self.voice is Voice.LISTENS):
            self.send_control(floor.message)

    def _tell_others(self, message: FromRelay, value: str | None = None) -> None:
        """Where it is of a `value` of this member, the newest is enough."""
        about = (self.talker_id, value) if value else None
        self._room.tell_others(message, self, about)

    def _refuse(self, error: ProtocolError, message: FromClient | None = None) -> None:
        """What has an id is always answered, for somebody waits for it."""
        refusal: messages.Refusal = {"type": "error", "code": error.code, "message": str(error)}
        if message:
            refusal["of"], refusal["id"] = message["type"], messages.id_of(message)
        if error.close_code is not None or refusal.get("id") or self._buckets.try_take(ERRORS, monotonic()):
            self.send_control(refusal)
        if error.close_code is not None:
            self._connection.close(error.close_code, "bad-message")
