"""What one types while talking: a line is written to everybody, and one that begins with / is a command."""

from collections.abc import Callable
from typing import Final

from streamer.client.own_state import OwnState
from streamer.client.receiver import Receiver
from streamer.client.roster import Roster
from streamer.errors import ConnectionLostError
from streamer.wire.control import Message

HELP: Final = """A line is written to everybody. Commands:
  /who                      who is here
  /mute  /unmute            whether the others hear you
  /hand                     raise your hand, or lower it
  /volume NAME PERCENT      how loud NAME is for you; 0 is silence
  /leave
For the host:
  /silence NAME             ask NAME for silence
  /remove NAME              take NAME out of the room
  /lock  /unlock            whether somebody new may come in
  /one  /all                who is heard: one at a time, or everybody
  /invite [HOURS [PEOPLE]]  make a new invite; the one before opens nothing any more"""


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
        send: Callable[[Message], None],
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
                self._send({"type": "chat", "text": line})
        except (CommandError, ConnectionLostError) as error:
            self._tell(str(error))

    def _command(self, name: str = "", rest: str = "") -> None:
        match name:
            case "who":
                self._tell(self._roster.describe())
            case "mute" | "unmute":
                self._own.change(muted=name == "mute")
                self._tell("Nobody hears you" if self._own.muted else "The others hear you again")
            case "hand":
                self._own.change(hand=not self._own.hand)
                self._tell("Your hand is raised" if self._own.hand else "Your hand is down")
            case "volume":
                self._set_volume(rest)
            case "leave":
                self._leave()
            case _:
                self._host_command(name, rest)

    def _host_command(self, name: str, rest: str) -> None:
        match name:
            case "silence":
                self._send({"type": "mute", "talker_id": self._member(rest).talker_id})
            case "remove":
                self._send({"type": "remove", "talker_id": self._member(rest).talker_id})
            case "lock" | "unlock":
                self._send({"type": "lock", "locked": name == "lock"})
            case "one" | "all":
                self._send({"type": "one_at_a_time", "on": name == "one"})
            case "invite":
                hours, uses = _numbers(rest)
                self._send({"type": "invite", "hours": hours, "uses": uses})
            case _:
                self._tell(HELP)

    def _set_volume(self, rest: str) -> None:
        name, _, percent = rest.rpartition(" ")
        if not percent.isdecimal() or int(percent) > 200:
            raise CommandError("/volume NAME PERCENT: the percentage is a number from 0 to 200")
        self._member(name).gain = int(percent) / 100

    def _member(self, name: str) -> Receiver:
        found = [member for member in self._roster.members if member.name.casefold() == name.strip().casefold()]
        if len(found) != 1:
            raise CommandError(f"{'several here are' if found else 'nobody here is'} called {name or 'nothing'}")
        return found[0]


def _numbers(rest: str) -> tuple[int, int]:
    parts = rest.split()
    if len(parts) > 2 or not all(part.isdecimal() for part in parts):
        raise CommandError("/invite HOURS PEOPLE: both are whole numbers, and may be left out")
    hours, uses = [*map(int, parts), 0, 0][:2]
    return hours, uses
