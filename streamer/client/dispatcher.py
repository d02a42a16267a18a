"""The one place where the client takes in what the relay says: each message goes to the part it concerns."""

from collections.abc import Callable
from typing import assert_never

from streamer.client.captions import Captions
from streamer.client.delay.delay_monitor import DelayMonitor
from streamer.client.events import NOBODY
from streamer.client.members import Roster
from streamer.client.own_packets import LONGER_PACKETS, OwnPackets
from streamer.client.own_state import OwnState
from streamer.client.programs import Programs
from streamer.client.reports import Reports
from streamer.client.speech import Speech
from streamer.wire import messages
from streamer.wire.messages import FromClient, FromRelay
from streamer.wire.programs import Command, Notice, Reply, Result, Telemetry

OfPrograms = Notice | Reply | Telemetry | Command | Result
OfHosts = (
    messages.FloorTaken | messages.OnlyHosts | messages.Turn | messages.Locked | messages.Mute
    | messages.Invites | messages.Barred | messages.Knocks
)  # fmt: skip
"""What a host decides, or is told."""

OfMembers = (
    messages.Joined | messages.Left | messages.MemberState | messages.MemberRole | messages.Chat | OfHosts
)


class Dispatcher:
    """`send` takes a control message for the relay."""

    def __init__(
        self,
        roster: Roster,
        timing: DelayMonitor,
        own: OwnState,
        speech: Speech,
        programs: Programs,
        reports: Reports,
        captions: Captions,
        packets: OwnPackets,
        send: Callable[[FromClient], None],
    ) -> None:
        self._roster = roster
        self._timing = timing
        self._own = own
        self._speech = speech
        self._programs = programs
        self._reports = reports
        self._captions = captions
        self._packets = packets
        self._send = send

    def on_lost(self) -> None:
        self._roster.on_lost()
        self._timing.restart()
        self._programs.on_lost()

    def on_control(self, message: FromRelay, now: float) -> None:
        """Raises ControlError where a list in `message` holds what it must not."""
        match message["type"]:
            case "welcome":
                self._roster.on_welcome(message)
                self._send(self._timing.ping(now))
                self._own.on_welcome()
                self._reports.on_welcome()
                self._captions.on_welcome(keeps=message.get("keep_captions", False))
            case "ping" | "relays":  # the link has answered it, and the line knows where to go
                pass
            case "pong":
                self._timing.on_pong(message, now)
                self._packets.on_pong(self._timing.clock, now)
            case "clock":
                self._timing.on_clock(message, now)
                self._captions.on_clock(message)
            case "notice" | "reply" | "telemetry" | "command" | "result":
                self._on_program(message)
            case "captioning" | "caption" | "keep_captions":
                self._captions.on_message(message)
            case "recording":
                self._roster.on_recording(message)
            case "hint":
                self._on_hint(message, now)
            case "error":
                self._programs.on_refused(message)
            case _:
                self._on_member(message)

    def _on_hint(self, message: messages.Hint, now: float) -> None:
        if message["code"] == LONGER_PACKETS:
            self._packets.on_crowded(now)
        else:
            self._roster.on_hint(message["code"], message["message"])

    def _on_member(self, message: OfMembers) -> None:
        match message["type"]:
            case "joined":
                self._roster.on_joined(message)
            case "left":
                self._roster.on_left(message["talker_id"])
            case "state":
                self._roster.on_state(message)
            case "role":
                self._roster.on_role(message)
            case "chat":
                self._roster.on_chat(message)
            case _:
                self._on_rule(message)

    def _on_rule(self, message: OfHosts) -> None:
        match message["type"]:
            case "floor":
                self._roster.on_floor(message)
                self._speech.on_floor(on=message["on"], is_free=message["talker_id"] == NOBODY)
            case "only_hosts":
                self._roster.on_only_hosts(message)
            case "turn":
                self._roster.on_turn(message["talker_id"])
            case "lock":
                self._roster.on_lock(message)
            case "mute":
                self._own.change(muted=True)
                self._roster.on_mute(message["talker_id"])
            case "invite":
                self._roster.on_invites(message["invites"])
            case "barred":
                self._roster.on_barred(message["barred"])
            case "knocks":
                self._roster.on_knocks(message["knocks"])
            case _:
                assert_never(message)

    def _on_program(self, message: OfPrograms) -> None:
        match message["type"]:
            case "notice":
                notice = self._roster.on_notice(message)
                if notice.member and notice.member.talker_id == self._roster.me.talker_id:
                    self._programs.on_own_notice(notice, message.get("own_id", 0))
            case "reply":
                self._programs.on_reply(message)
            case "telemetry":
                self._programs.on_telemetry(message)
            case "command":
                self._programs.on_command(message)
            case "result":
                self._programs.on_result(message)
            case _:
                assert_never(message)
