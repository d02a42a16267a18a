"""One member's stay in a room: what they say is checked here, then handed to the room."""

from dataclasses import dataclass, field
from time import monotonic, monotonic_ns
from typing import Final

from streamer.errors import PacketError, ProtocolError
from streamer.relay.access.allowance import (
    ACTIONS,
    ACTIONS_PER_S,
    CLOCKS,
    CLOCKS_PER_S,
    Allowance,
    Writing,
    too_fast,
)
from streamer.relay.access.invites import Right
from streamer.relay.access.rate_limit import Bucket
from streamer.relay.access.sanitize import clean_chat
from streamer.relay.rooms.hosting import REMOVED, Renew, obey_host
from streamer.relay.rooms.post import ToMany
from streamer.relay.rooms.room import Room, state_of
from streamer.relay.rooms.session import Session
from streamer.websocket.budget import Budget
from streamer.websocket.connection import Connection
from streamer.websocket.sink import Sink
from streamer.wire import control
from streamer.wire.control import FROM_CLIENT, MAX_WELCOME_BYTES, Message
from streamer.wire.packet import Packet, stamp

LEFT: Final = 1000
REPLACED: Final = 4409
TOO_FAST: Final = 4429
TEXTS: Final = 120
TEXTS_PER_S: Final = 20
"""A client sends about four a second; a person who types adds one now and then. After the relay was held up for half a
minute, what waited comes at once."""

ERRORS: Final = 5
ERRORS_PER_S: Final = 1.0
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
    stay: Session
    renew: Renew
    asked_name: str = ""
    """Before it was numbered, because somebody has the same."""
    writing: Writing = field(default_factory=Writing)
    """What the address may write, with all its connections."""
    deliveries: Budget | None = None
    """What the address may have delivered in a crowded room."""


class Leg:
    """A member of a room, heard through a connection. The connection calls `open`, `on_…` and `end`.

    Where the room has a fan-out, proper packets go there without coming by here.
    """

    def __init__(self, connection: Connection, entry: Admitted) -> None:
        self.talker_id = entry.stay.talker_id
        self.name = entry.name
        self.asked_name = entry.asked_name
        self.right = entry.stay.right
        self.muted = self.away = self.hand = False
        self._connection = connection
        self._room = entry.room
        self._stay = entry.stay
        self._renew = entry.renew
        self._texts = Bucket(TEXTS, TEXTS_PER_S)
        self._errors = Bucket(ERRORS, ERRORS_PER_S)
        self._clocks = Bucket(CLOCKS, CLOCKS_PER_S)
        self._actions = Bucket(ACTIONS, ACTIONS_PER_S)
        self._allowance = Allowance(Writing(), entry.writing, entry.room.writing)
        connection.deliveries = entry.deliveries

    @property
    def sink(self) -> Sink:
        return self._connection

    def open(self) -> None:
        """Enter the room, or come back to it; raises RefusedError where it is full."""
        before = self._stay.session
        members = self._room.take_over(self, before) if before else self._room.join(self)
        self._stay.begin(self)
        if before:
            before.send_away(REPLACED, "you came back on another connection")
        self._connection.talker_id = self.talker_id
        self.may_talk = self._room.floor.admits(self.talker_id)
        self._welcome(members)
        if self._room.floor.is_on:
            self.send_control(self._room.floor.message)

    def _welcome(self, members: list[Message]) -> None:
        """Members first, then the newest of the history that fits. Members beyond the bound join afterwards."""
        welcome: Message = {
            "type": "welcome",
            "talker_id": self.talker_id,
            "room": self._room.name,
            "name": self.name,
            "members": [],
            "server_us": server_us(),
            "host": self.right is Right.HOST,
            "resume": self._stay.token,
            "history": [],
            "locked": self._room.locked,
        }
        left_bytes = MAX_WELCOME_BYTES - _size(welcome)
        for fitting, member in enumerate(members):
            left_bytes -= _size(member) + 1
            if left_bytes < 0:
                break
            welcome["members"] = members[: fitting + 1]
        else:
            welcome["history"] = self._room.history.tell(monotonic(), left_bytes)
        self.send_control(welcome)
        for member in members[len(welcome["members"]) :]:
            self.send_control({"type": "joined", **member})

    @property
    def may_talk(self) -> bool:
        return self._may_talk

    @may_talk.setter
    def may_talk(self, may_talk: bool) -> None:
        self._may_talk = may_talk
        self._connection.fanout = self._room.fanout if may_talk else None

    def end(self) -> None:
        self._room.leave(self)
        self._stay.end(self, monotonic())

    def send_away(self, close_code: int, reason: str) -> None:
        if close_code == REMOVED:
            self._stay.forget()
        self._connection.close(close_code, reason)

    def send_packet(self, packet: bytes) -> None:
        self._connection.send_binary(packet)

    def send_control(self, message: Message) -> None:
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
        if self.may_talk:
            self._room.fan_out(stamp(data, self.talker_id), self)

    def on_shed(self, packets: int) -> None:
        message = f"Your connection was too slow for {packets} packets of voice"
        self.send_control({"type": "notice", "code": "shed", "message": message})

    def on_text(self, text: str) -> None:
        received_us = server_us()
        if self._texts.overflows(received_us / 1e6):
            self._connection.close(TOO_FAST, "too many text messages")
            return
        try:
            self._obey(control.parse(text, FROM_CLIENT), received_us)
        except ProtocolError as error:
            self._refuse(error)

    def _obey(self, message: Message, received_us: int) -> None:
        match message["type"]:
            case "ping":
                pong = {"type": "pong", "t0": message["t0"], "t1": received_us, "t2": server_us()}
                self.send_control(pong)
            case "pong":
                pass
            case "state":
                self._on_state(message)
            case "clock":
                if not self._clocks.overflows(received_us / 1e6):
                    self._tell_others({**message, "received_us": received_us, "relayed_us": server_us()}, "clock")
            case "chat":
                self._on_chat(message["text"])
            case "leave":
                self._stay.forget()
                self._connection.close(LEFT)
            case kind:
                if self._actions.overflows(received_us / 1e6):
                    raise too_fast("that was not done: you do more than a person can. Try it again in a moment")
                if kind == "floor":
                    self._on_floor(wants=message["wants"])
                else:
                    obey_host(message, self, self._room, self._renew)

    def _on_state(self, message: Message) -> None:
        """Never refused: the others must see the last one. What says nothing new goes no further."""
        before = state_of(self)
        self.muted, self.away, self.hand = message["muted"], message["away"], message["hand"]
        if state_of(self) != before:
            self._tell_others(message, "state")

    def _on_chat(self, typed: str) -> None:
        """Counted before it is cleaned: cleaning costs more than reading."""
        now, size = monotonic(), len(typed.encode())
        self._allowance.check(size, now)
        text = clean_chat(typed)
        self._allowance.check_growth(len(text.encode()) - size, now)
        self._room.history.add(self.name, text, now)
        self.tell_all({"type": "chat", "text": text})

    def _on_floor(self, *, wants: bool) -> None:
        floor = self._room.floor
        is_host = self.right is Right.HOST
        changed = (
            floor.request(self.talker_id, monotonic(), is_host=is_host) if wants else floor.release(self.talker_id)
        )
        if changed:
            self._room.tell_floor()
        elif wants and floor.holder:
            self.send_control(floor.message)

    def tell_all(self, message: Message) -> None:
        """The sender too."""
        self.send_control({**message, "talker_id": self.talker_id})
        self._tell_others(message)

    def _tell_others(self, message: Message, value: str | None = None) -> None:
        """Where it is of a `value` of this member, the newest is enough."""
        about = (self.talker_id, value) if value else None
        self._room.tell_others({**message, "talker_id": self.talker_id}, self, about)

    def _refuse(self, error: ProtocolError) -> None:
        if error.close_code is not None or not self._errors.overflows(monotonic()):
            self.send_control({"type": "error", "code": error.code, "message": str(error)})
        if error.close_code is not None:
            self._connection.close(error.close_code, error.code)


def _size(message: Message) -> int:
    return len(control.serialize(message).encode())
