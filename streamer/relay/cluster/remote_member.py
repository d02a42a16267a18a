"""A member of another relay, as this one has it: in the list, heard, and out of reach of sockets."""

from collections.abc import Callable
from typing import Any

from streamer.relay.access.invites import Right
from streamer.relay.access.tokens import Scope
from streamer.relay.cluster.messages import Asked, Present, ToMember
from streamer.relay.rooms.bars import Device
from streamer.relay.rooms.leg import server_us
from streamer.relay.rooms.rights import Voice
from streamer.websocket.sink import Flusher, Sink
from streamer.wire.close_codes import REPLACED
from streamer.wire.messages import FromRelay, MemberClock, Role

Forward = Callable[[str, Any], None]
"""To the relay of this id."""


class RemoteMember:
    """See Member. What is said to all in a room does not come by here: each relay tells its own members."""

    def __init__(self, room: str, talker_id: int, own_relay: str, flusher: Flusher, forward: Forward) -> None:
        self.talker_id = talker_id
        self.relay = self.session = self.name = self.asked_name = ""
        self.term = 0
        self.muted = self.away = self.hand = self.listening = False
        self.hand_us = 0
        self._is_hand_certain = True
        self.right = Right.LISTENER
        self.role: Role = "listen"
        self.turn: object | None = None
        self.voice = Voice.HEARD
        self.last_clock: MemberClock | None = None
        self.scopes: frozenset[Scope] = frozenset()
        self.token_id = ""
        self.is_listener = False
        self.voiced_us = 0
        self.device = Device("", "")
        self.sink = Sink(flusher)
        self._room = room
        self._own_relay = own_relay
        self._forward = forward

    def take(self, present: Present, to_own_us: int | None) -> None:
        """As its relay has it; `to_own_us` is added to the times of that relay's clock.

        While that is not known (None), a hand is as old as the news of it. The next news sets it right.
        """
        self.relay, self.session, self.term = present["relay"], present["session"], present["term"]
        self.name, self.asked_name = present["name"], present["asked_name"]
        self.right = Right(present["right"])
        was_up = self.hand
        self.muted, self.away, self.hand = present["muted"], present["away"], present["hand"]
        self.listening = present["listening"]
        if not self.hand:
            self.hand_us, self._is_hand_certain = 0, True
        elif to_own_us is not None and not (was_up and self._is_hand_certain):
            self.hand_us, self._is_hand_certain = present["hand_us"] + to_own_us, True
        elif not was_up:
            self.hand_us, self._is_hand_certain = server_us(), False
        self.device = Device("", self.asked_name)

    def send_packet(self, packet: bytes) -> None:
        """Its relay has it from the room's subject."""

    def send_control(self, message: FromRelay) -> None:
        """Of what is for this member alone, what a relay passes on."""
        if message["type"] == "mute":
            self._to_member("mute", by=message["talker_id"])
        elif message["type"] == "command":
            asked: Asked = {
                "type": "ask",
                "relay": self._own_relay,
                "room": self._room,
                "talker_id": self.talker_id,
                "id": message["id"],
                "by": message["talker_id"],
                "sender": message["sender"],
                "device": message["device"],
                "name": message["name"],
                "arguments": message["arguments"],
                "deadline_ms": message["deadline_ms"],
            }
            self._forward(self.relay, asked)

    def send_away(self, close_code: int, reason: str) -> None:
        """Where it is because the member came in here, its relay notices that by itself."""
        if close_code != REPLACED:
            self._to_member("away", close_code=close_code, reason=reason)

    def toggle_turn(self) -> None:
        """Its relay decides, as for its own host."""
        self._to_member("turn")

    def _to_member(self, what: str, *, by: int = 0, close_code: int = 0, reason: str = "") -> None:
        message: ToMember = {
            "type": "to-member",
            "relay": self._own_relay,
            "room": self._room,
            "talker_id": self.talker_id,
            "what": what,
            "by": by,
            "code": close_code,
            "reason": reason,
        }
        self._forward(self.relay, message)
