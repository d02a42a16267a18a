"""What a room knows of a member: whatever takes packets and messages can be one."""

from typing import Protocol

from streamer.relay.access.invites import Right
from streamer.relay.access.tokens import Scope
from streamer.relay.rooms.bars import Device
from streamer.relay.rooms.rights import Voice
from streamer.websocket.sink import Sink
from streamer.wire import messages
from streamer.wire.messages import FromRelay, Role, Shown


class Member(Protocol):
    """One person in a room, whatever carries what is said to them. `role` is what the others were told
    last."""

    talker_id: int
    name: str
    muted: bool
    away: bool
    hand: bool
    hand_us: int
    listening: bool
    role: Role
    turn: object | None
    voice: Voice
    last_clock: messages.MemberClock | None
    """What this member told last of its voice; None before it talks."""

    @property
    def right(self) -> Right: ...

    @property
    def scopes(self) -> frozenset[Scope]: ...

    @property
    def token_id(self) -> str:
        """Of the token that it came with; empty where it came with an invitation."""

    @property
    def term(self) -> int:
        """How many connections its session has had."""

    @property
    def is_listener(self) -> bool:
        """True if packets of others are for it, too."""

    @property
    def voiced_us(self) -> int:
        """When its last packet with a voice came, in µs of the relay's clock; 0 where none did."""

    @property
    def device(self) -> Device: ...

    @property
    def sink(self) -> Sink:
        """Where packets for this member go on the short way."""

    def send_packet(self, packet: bytes) -> None: ...

    def send_control(self, message: FromRelay) -> None: ...

    def send_away(self, close_code: int, reason: str) -> None:
        """End this member's connection."""


def describe(member: Member) -> messages.Member:
    """As the others see it."""
    return {
        **shown(member),
        "name": member.name,
        "host": member.right is Right.HOST,
        "role": member.role,
    }


def shown(member: Member) -> Shown:
    """What of a member changes while it is here."""
    return {
        "talker_id": member.talker_id,
        "muted": member.muted,
        "away": member.away,
        "hand": member.hand,
        "hand_us": member.hand_us,
        "listening": member.listening,
    }
