"""What relays say to each other once: voice, clocks, captions, and what is for one member alone.

All of it comes from outside. What is not proper, is of nobody, or comes too fast, is dropped and counted.
"""

import logging
from collections import Counter
from collections.abc import Callable
from time import monotonic, monotonic_ns
from typing import Any, Final, assert_never, cast, get_args

from streamer.errors import ControlError, PacketError, RefusedError
from streamer.relay.access.programs import clean_command, clean_device, clean_values
from streamer.relay.access.rate_limit import LeakyBucket
from streamer.relay.access.sanitize import clean_caption, clean_chat, clean_name
from streamer.relay.cluster.cluster_room import ClusterRoom
from streamer.relay.cluster.messages import (
    SPOKEN,
    Answered,
    Asked,
    LetIn,
    PassedOn,
    Replied,
    Said,
    ToMember,
    WhatTime,
    inner,
    key_of,
    parse_bytes,
    room_of,
)
from streamer.relay.cluster.peers import Peers
from streamer.relay.cluster.voice import published_us, unpack
from streamer.relay.rooms.captions import keep_in_chat
from streamer.relay.rooms.commands import CommandRequest
from streamer.wire.captions import Caption
from streamer.wire.close_codes import REMOVED
from streamer.wire.messages import FromRelay, MemberClock
from streamer.wire.packet import Packet
from streamer.wire.programs import FinalOutcome, Reply, Telemetry

PACKETS: Final = 8_192
PACKETS_PER_S: Final = 60_000
"""Of all other relays: 600 people who talk at once."""

MESSAGES: Final = 4_096
MESSAGES_PER_S: Final = 4_000
"""Two clocks a second of 600 people who talk, and as much again."""

FindRoom = Callable[[str], ClusterRoom | None]
Say = Callable[[str, str, object], None]

logger = logging.getLogger(__name__)


def _now_us() -> int:
    return monotonic_ns() // 1_000


class Spoken:
    """`say` takes `text` or `relay`, a room's key or a relay's id, and a message.

    Voice that is older than `deadline_us` is shed: a relay that was held up for seconds has as much of it to
    read.
    """

    def __init__(
        self, own_id: str, peers: Peers, find_room: FindRoom, say: Say, counts: Counter[str], deadline_us: int
    ) -> None:
        self._own_id = own_id
        self._peers = peers
        self._find_room = find_room
        self._say = say
        self._counts = counts
        self._deadline_us = deadline_us
        self.let_in: Callable[[str, int, bool], object] = lambda room, number, admit: None
        """To be set: the answer of a host elsewhere to who knocks here, by room and number."""
        self._packets = LeakyBucket(PACKETS, PACKETS_PER_S)
        self._messages = LeakyBucket(MESSAGES, MESSAGES_PER_S)

    # to others

    def pass_on(self, room: ClusterRoom, message: FromRelay) -> None:
        said: Said = {"type": "said", "relay": self._own_id, "message": dict(message)}
        self._say("text", key_of(room.name), said)

    def forward(self, relay: str, message: object) -> None:
        self._say("relay", relay, message)

    def answer_notice(self, relay: str, room: ClusterRoom, reply: Reply) -> None:
        replied: Replied = {
            "type": "reply",
            "room": room.name,
            "id": reply["id"],
            "talker_id": reply["talker_id"],
            "name": reply["name"],
            "action": reply["action"],
        }
        self._say("relay", relay, replied)

    # from others

    def take_row(self, room_key: str, row: bytes) -> None:
        """Packets of a room."""
        now_us, now = _now_us(), monotonic()
        try:
            room = self._find_room(room_of(room_key))
            is_stale: bool | None = None  # the same for all, as soon as one of them tells whose row it is
            for packet in unpack(row):
                talker = room.remote(Packet.parse(packet).talker_id) if room else None
                if talker and is_stale is None:
                    is_stale = self._is_stale(talker.relay, published_us(row), now_us)
                if not self._packets.try_take(now):
                    self._counts["too_fast"] += 1
                elif is_stale:
                    self._counts["stale_packet"] += 1
                elif room is None or not room.take_packet(packet, now_us):
                    self._counts["nobodys_packet"] += 1
        except (PacketError, ControlError):
            self._counts["unusable"] += 1

    def _is_stale(self, relay: str, published_us: int, now_us: int) -> bool:
        """Only what is so for certain, as far as the clocks of the two relays are known."""
        to_own_us = self._peers.to_own_us(relay)
        if to_own_us is None:
            return False
        age_us = now_us - (published_us + to_own_us)
        return age_us - self._peers.error_us(relay) > self._deadline_us

    def take_said(self, room_key: str, data: bytes) -> None:
        """What members of a room are to hear."""

        def take(said: Any) -> None:
            room = self._find_room(room_of(room_key))
            if room and said["type"] == "said" and self._peers.is_ours(said["relay"]):
                room.from_elsewhere(lambda: self._tell(room, said["relay"], inner(said)))

        self._take(data, take)

    def take_direct(self, own_id: str, data: bytes) -> None:
        """What is for this relay alone."""
        self._take(data, self._obey)

    def _take(self, data: bytes, take: Callable[[Any], None]) -> None:
        if not self._messages.try_take(monotonic()):
            self._counts["too_fast"] += 1
            return
        try:
            take(parse_bytes(data, SPOKEN))
        except (ControlError, RefusedError, ValueError, TypeError, KeyError) as error:
            self._counts["unusable"] += 1
            logger.debug("%s", error)

    def _tell(self, room: ClusterRoom, relay: str, message: PassedOn) -> None:
        match message["type"]:
            case "clock":
                self._tell_clock(room, relay, message)
            case "turn":
                if room.is_elsewhere(message["talker_id"]):
                    room.tell_all(message)
            case "caption":
                self._tell_caption(room, relay, message)
            case "telemetry":
                self._tell_telemetry(room, relay, message)
            case _:
                assert_never(message)

    def _tell_clock(self, room: ClusterRoom, relay: str, clock: MemberClock) -> None:
        """In the time of this relay; not before that can be told."""
        member, to_own_us = room.remote(clock["talker_id"]), self._peers.to_own_us(relay)
        if member is None or member.relay != relay or to_own_us is None:
            return
        times: MemberClock = {
            **clock,
            "server_us": clock["server_us"] + to_own_us,
            "sent_us": clock["sent_us"] + to_own_us,
            "received_us": clock["received_us"] + to_own_us,
            "relayed_us": _now_us(),
            "error_us": clock["error_us"] + self._peers.error_us(relay),
        }
        member.last_clock = times
        room.tell_others(times, member, (member.talker_id, "clock"))

    def _tell_caption(self, room: ClusterRoom, relay: str, line: Caption) -> None:
        to_own_ms = (self._peers.to_own_us(relay) or 0) // 1_000
        text = clean_caption(line["text"], may_be_empty=line["final"])
        talker = room.captions.talker(line["talker_id"], room.members)
        here: Caption = {
            **line,
            "text": text,
            "name": talker.name,
            "start_ms": line["start_ms"] + to_own_ms,
            "end_ms": line["end_ms"] + to_own_ms,
        }
        room.tell(
            room.captions.readers(room.here, talker), here, ("caption", relay, line["talker_id"], line["id"])
        )
        keep_in_chat(room, here, room.here)

    def _tell_telemetry(self, room: ClusterRoom, relay: str, report: Telemetry) -> None:
        member = room.remote(report["talker_id"])
        if member is None or member.relay != relay:
            return
        values = report["values"]
        clean = clean_values(values) if values is not None else None
        age_s = min(3_600.0, max(0, report["age_ms"]) / 1_000)
        room.telemetry.take(member.talker_id, clean_device(report["device"]), clean, monotonic() - age_s)
        room.tell_telemetry(monotonic())

    def _obey(self, message: ToMember | Asked | Answered | Replied | LetIn | WhatTime | Said) -> None:
        match message["type"]:
            case "to-member":
                self._to_member(message)
            case "ask":
                self._ask(message)
            case "answer":
                self._answered(message)
            case "reply":
                self._replied(message)
            case "let-in":
                if self._peers.is_ours(message["relay"]):
                    self.let_in(message["room"], message["number"], message["admit"])
            case "time":
                self._time(message)
            case "said":
                raise ControlError("that is for a room", code="bad-field")
            case _:
                assert_never(message)

    def _to_member(self, message: ToMember) -> None:
        room = self._find_room(message["room"]) if self._peers.is_ours(message["relay"]) else None
        member = room.local(message["talker_id"]) if room else None
        if room is None or member is None:
            return
        what = message["what"]
        if what == "mute":
            room.tell([member], {"type": "mute", "talker_id": message["by"]})
        elif what == "turn":
            room.toggle_turn(member, monotonic())
        elif what == "away" and message["code"] == REMOVED:
            room.bar(member)
            member.send_away(REMOVED, "removed")

    def _ask(self, asked: Asked) -> None:
        """Whatever becomes of it, the relay that asks is told."""
        if not self._peers.is_ours(asked["relay"]):
            return

        def answer(outcome: FinalOutcome, words: str) -> None:
            answered: Answered = {
                "type": "answer",
                "room": asked["room"],
                "talker_id": asked["talker_id"],
                "id": asked["id"],
                "outcome": outcome,
                "message": words,
            }
            self._say("relay", asked["relay"], answered)

        room = self._find_room(asked["room"])
        target = room.local(asked["talker_id"]) if room else None
        if room is None or target is None:
            answer("gone", "")
            return
        name, device = clean_command(asked["name"], asked["device"], asked["arguments"], asked["deadline_ms"])
        sender = clean_name(asked["sender"][:256])
        request = CommandRequest(asked["by"], sender, device, name, asked["arguments"], asked["deadline_ms"])
        try:
            room.commands.ask(request, target, ("relay", asked["relay"]), answer)
        except ControlError as error:
            answer("refused", str(error))

    def _answered(self, answered: Answered) -> None:
        room = self._find_room(answered["room"])
        if (
            room
            and answered["outcome"] in get_args(FinalOutcome)
            and room.is_elsewhere(answered["talker_id"])
        ):
            words = clean_chat(answered["message"]) if answered["message"] else ""
            room.commands.take(answered["id"], answered["talker_id"], cast(Any, answered["outcome"]), words)

    def _replied(self, reply: Replied) -> None:
        room = self._find_room(reply["room"])
        if room and room.is_elsewhere(reply["talker_id"]):
            name = clean_name(reply["name"][:256])
            room.notices.reply(reply["id"], reply["action"], reply["talker_id"], name)

    def _time(self, time: WhatTime) -> None:
        if not self._peers.is_ours(time["relay"]):
            return
        if time.get("is_answer"):
            self._peers.take_time(time["relay"], time["t0"], time["t1"], _now_us())
            return
        answer: WhatTime = {
            "type": "time",
            "relay": self._own_id,
            "t0": time["t0"],
            "t1": _now_us(),
            "is_answer": True,
        }
        self._say("relay", time["relay"], answer)
