"""What one types while talking: a line is written to everybody, and one that begins with / is a command."""

from collections.abc import Callable
from typing import Final

from streamer.client.members import Roster
from streamer.client.own_state import OwnState
from streamer.client.receiver import Receiver
from streamer.client.volume import gain_of
from streamer.errors import ConnectionLostError
from streamer.wire.control import MAX_ACTIONS, MAX_CHAT_CHARACTERS
from streamer.wire.messages import FromClient

HELP: Final = """A line is written to everybody. Commands:
  /who                      who is here
  /mute  /unmute            whether the others hear you
  /hand                     raise your hand, or lower it
  /answer N                 answer the last notice with its action N
  /volume NAME PERCENT      how loud NAME is for you; 0 is silence
  /help                     this list
  /leave                    go; Ctrl-C does it too
For the host:
  /notify TEXT              tell everybody something; after TEXT, | ACTION for each that they may answer
  /silence NAME             ask NAME for silence
  /mute-all                 ask everybody for silence, but hosts
  /turn NAME                let NAME talk; again, and NAME only listens
  /remove NAME              take NAME out of the room, and keep that device out
  /unbar NAME               let a removed NAME come in again
  /admit N  /decline N      answer knock N
  /lock  /unlock            whether somebody new may come in
  /one  /all                who is heard: one at a time, or everybody
  /only-hosts [off]         only hosts talk, and whose turn it is; or everybody
  /invite [HOURS [PEOPLE]]  make new invites; those before open nothing any more"""

_FOR_THE_HOST: Final = {
    "notify", "silence", "mute-all", "turn", "remove", "unbar", "admit", "decline", "lock", "unlock", "one", "all",
    "only-hosts", "invite",
}  # fmt: skip


class CommandError(Exception):
    """What was typed can't be done; says why."""


class Commands:
    """`send` takes a control message, `tell` words for the one who types, `leave` ends the stay.

    `send` may raise ConnectionLostError, whose words are then told.
    """

    def __init__(
        self,
        roster: Roster,
        own: OwnState,
        *,
        send: Callable[[FromClient], None],
        tell: Callable[[str], None],
        leave: Callable[[], None],
    ) -> None:
        self._roster = roster
        self._own = own
        self._send = send
        self._tell = tell
        self._leave = leave

    def obey(self, line: str) -> None:
        line = line.strip()
        try:
            if line.startswith("/"):
                self._command(*line[1:].split(maxsplit=1))
            elif line:
                self._write(line)
        except (CommandError, ConnectionLostError) as error:
            self._tell(str(error))

    def _write(self, text: str) -> None:
        if len(text) > MAX_CHAT_CHARACTERS:
            raise CommandError(f"That line has {len(text):,} characters; {MAX_CHAT_CHARACTERS:,} are allowed")
        self._send({"type": "chat", "text": text})

    def _command(self, name: str = "", rest: str = "") -> None:
        match name:
            case "who":
                self._tell(self._roster.describe())
            case "mute" | "unmute":
                self._mute(muted=name == "mute")
            case "hand":
                self._own.change(hand=not self._own.hand)
                self._tell("Your hand is raised" if self._own.hand else "Your hand is down")
            case "volume":
                self._set_volume(rest)
            case "answer":
                self._answer(rest)
            case "leave":
                self._leave()
            case "help" | "":
                self._tell(HELP)
            case _:
                self._host_command(name, rest)

    def _host_command(self, name: str, rest: str) -> None:  # noqa: C901 (a case for each command)
        if name not in _FOR_THE_HOST:
            raise CommandError(f"There is no /{name}; /help lists what there is")
        if not self._roster.host:
            raise CommandError(f"/{name} is for the host, who joined by the host's own link")
        match name:
            case "notify":
                self._notify(rest)
            case "silence":
                self._send({"type": "mute", "talker_id": self._member(rest).talker_id})
            case "mute-all":
                self._send({"type": "mute", "talker_id": 0})
            case "turn":
                self._send({"type": "turn", "talker_id": self._member(rest).talker_id})
            case "remove" | "unbar":
                self._remove(name, rest)
            case "admit" | "decline":
                self._send({"type": "answer", "id": self._knock(rest), "admit": name == "admit"})
            case "only-hosts":
                self._send({"type": "only_hosts", "on": _on(rest)})
            case "lock" | "unlock":
                self._send({"type": "lock", "locked": name == "lock"})
            case "one" | "all":
                self._send({"type": "one_at_a_time", "on": name == "one"})
            case "invite":
                hours, uses = _numbers(rest)
                self._send({"type": "invite", "hours": hours, "uses": uses})

    def _notify(self, rest: str) -> None:
        text, *actions = [part.strip() for part in rest.split("|")]
        if not text or not all(actions) or len(actions) > MAX_ACTIONS:
            raise CommandError(f"/notify TEXT | ACTION | ACTION: a text, and up to {MAX_ACTIONS} actions")
        self._send({"type": "notify", "text": text, "level": "info", "actions": actions})

    def _answer(self, rest: str) -> None:
        asked = [(number, actions) for number, actions in self._roster.notices.items() if actions]
        if not asked:
            raise CommandError("No notice asks for an answer")
        number, actions = asked[-1]
        choices = {str(place): place - 1 for place in range(1, len(actions) + 1)}
        if rest.strip() not in choices:
            offered = ", ".join(f"{place} {action}" for place, action in enumerate(actions, 1))
            raise CommandError(f"The last notice can be answered with: {offered}")
        self._send({"type": "reply", "id": number, "action": choices[rest.strip()]})

    def _remove(self, name: str, rest: str) -> None:
        if name == "remove":
            self._send({"type": "remove", "talker_id": self._member(rest).talker_id})
            return
        barred = self._roster.barred
        found = [number for number, other in barred.items() if other.casefold() == rest.strip().casefold()]
        if not found:
            names = ", ".join(barred.values())
            raise CommandError(f"Removed are: {names}" if names else "Nobody is removed from this room")
        for number in found:
            self._send({"type": "unbar", "id": number})

    def _knock(self, rest: str) -> int:
        """The number of a knock; where only one knocks, nobody needs to say it."""
        knocks = self._roster.knocks
        if not rest.strip() and len(knocks) == 1:
            return next(iter(knocks))
        numbers = {str(number): number for number in knocks}
        if rest.strip() not in numbers:
            waiting = ", ".join(f"{name} ({number})" for number, name in knocks.items())
            raise CommandError(f"These knock: {waiting}" if waiting else "Nobody knocks")
        return numbers[rest.strip()]

    def _mute(self, *, muted: bool) -> None:
        self._own.change(muted=muted)
        if self._own.muted != muted:
            raise CommandError("You only listen here; `streamer talk` lets the others hear you")
        self._tell("Nobody hears you; /unmute changes that" if muted else "The others hear you again")

    def _set_volume(self, rest: str) -> None:
        name, _, percent = rest.rpartition(" ")
        if not percent.isdecimal() or int(percent) > 200:
            raise CommandError("/volume NAME PERCENT: the percentage is a number from 0 to 200")
        member = self._member(name)
        self._roster.set_gain(member, gain_of(int(percent) / 100))
        self._tell(f"{member.name} is at {percent} % for you")

    def _member(self, name: str) -> Receiver:
        found = [member for member in self._roster.members if member.name.casefold() == name.strip().casefold()]
        if not name.strip():
            raise CommandError("Whom? Say the name too; /who lists who is here")
        if len(found) > 1:
            raise CommandError(f"Several here are called {name}: who is meant?")
        if not found:
            raise CommandError(f"Nobody here is called {name}; /who lists who is here")
        return found[0]


def _on(rest: str) -> bool:
    """`off` or nothing behind a command that switches something on."""
    if rest.strip() not in ("", "on", "off"):
        raise CommandError("/only-hosts, or /only-hosts off")
    return rest.strip() != "off"


def _numbers(rest: str) -> tuple[int, int]:
    parts = rest.split()
    if len(parts) > 2 or not all(part.isdecimal() for part in parts):
        raise CommandError("/invite HOURS PEOPLE: both are whole numbers, and may be left out")
    hours, uses = [*map(int, parts), 0, 0][:2]
    return hours, uses
