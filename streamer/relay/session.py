"""One member's stay in a room: what they say is checked here, then handed to the room."""

import time
from typing import Final

from streamer.errors import PacketError, ProtocolError
from streamer.hot.connection import Connection
from streamer.hot.sink import Sink
from streamer.relay.bucket import Bucket
from streamer.relay.hub import Room
from streamer.relay.plain_text import clean_chat
from streamer.wire import control
from streamer.wire.control import FROM_CLIENT, Message
from streamer.wire.packet import Packet, stamp

LEFT: Final = 1000
TOO_FAST: Final = 4429
TEXTS: Final = 60
TEXTS_PER_S: Final = 20
"""A client sends about four a second; a person who types adds one now and then."""


def server_us() -> int:
    """The relay's clock, as the protocol speaks of it."""
    return time.monotonic_ns() // 1000


class Session:
    """A member of a room, heard through a connection. The connection calls `open`, `on_…` and `end`.

    Where the room has a fan-out, proper packets go there without coming by here.
    """

    def __init__(self, connection: Connection, room: Room, name: str) -> None:
        self.talker_id = 0
        self.name = name
        self.muted = False
        self._connection = connection
        self._room = room
        self._texts = Bucket(TEXTS, TEXTS_PER_S)

    @property
    def sink(self) -> Sink:
        return self._connection

    def open(self) -> None:
        """Enter the room; raises RefusedError where it is full."""
        members = self._room.join(self)
        self._connection.talker_id = self.talker_id
        self._connection.fanout = self._room.fanout
        self.send_control(
            {
                "type": "welcome",
                "talker_id": self.talker_id,
                "room": self._room.name,
                "name": self.name,
                "members": members,
                "server_us": server_us(),
            }
        )

    def end(self) -> None:
        self._room.leave(self)

    def send_packet(self, packet: bytes) -> None:
        self._connection.send_binary(packet)

    def send_control(self, message: Message) -> None:
        self._connection.send_text(control.serialize(message))

    def on_packet(self, data: bytes) -> None:
        try:
            if Packet.parse(data).talker_id:
                raise PacketError("packet has a talker_id, which only the relay gives")
        except PacketError as error:
            self._refuse(error)
        else:
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
            case "state":
                self.muted = message["muted"]
                self._tell_others(message)
            case "clock":
                self._tell_others({**message, "received_us": received_us, "relayed_us": server_us()})
            case "chat":
                chat = {**message, "text": clean_chat(message["text"])}
                self.send_control({**chat, "talker_id": self.talker_id})
                self._tell_others(chat)
            case "leave":
                self._connection.close(LEFT)

    def _tell_others(self, message: Message) -> None:
        self._room.tell_others({**message, "talker_id": self.talker_id}, self)

    def _refuse(self, error: ProtocolError) -> None:
        self.send_control({"type": "error", "code": error.code, "message": str(error)})
        if error.close_code is not None:
            self._connection.close(error.close_code, error.code)
