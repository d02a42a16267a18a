"""What one types while talking: a line is written to everybody, and one that begins with / is a command."""

from collections.abc import Callable
from typing import Final

from streamer.audio_format import PACKET_MS
from streamer.client.ears import Ear
from streamer.client.events import Member, Waiting
from streamer.client.room import Room
from streamer.client.terminal.words import states_of
from streamer.errors import ConnectionLostError
from streamer.terminal_text import one_line
from streamer.wire.control import MAX_ACTIONS, MAX_CHAT_CHARACTERS, MAX_INVITE_HOURS

HELP: Final = """A line is written to everybody. Commands:
  /who                      who is here
  /mute  /unmute            whether the others hear you
  /hand                     raise your hand, or lower it
  /answer N                 answer the last notice with its action N
  /volume NAME PERCENT      how loud NAME is for you; 0 is silence
  /packets MS               how long your packets last: 2.5, 5, 10 or 20 ms; shorter ones are heard sooner
  /replay [SPEED]           replay the last 30 seconds, up to 2 times as fast; nobody else hears it
  /replay off               stop the replay
  /leave-me-out [off]       keep yourself out of recordings; off allows it again
  /help                     this list
  /leave                    leave the room, as Ctrl-C does
For the host:
  /notify TEXT              tell everybody something; add | ACTION for each answer they can choose
  /silence NAME             mute NAME, who can unmute again
  /mute-all                 mute everybody except hosts
  /turn NAME                let NAME talk; once more to take the turn back
  /remove NAME              take NAME out of the room, and keep that device out
  /unbar NAME               let a removed NAME come in again
  /admit N  /decline N      answer knock N
  /lock  /unlock            whether newcomers have to knock
  /one  /all                one person at a time; everybody may talk
  /only-hosts [off]         only hosts talk, and people with a turn; off lets everybody
  /keep-captions [off]      keep captions in the chat for those who come later
  /record [off]             record this room, if the relay can; off ends it
  /invite [HOURS [PEOPLE]]  make new invitations; the old ones stop working"""

_FOR_THE_HOST: Final = {
    "notify", "silence", "mute-all", "turn", "remove", "unbar", "admit", "decline", "lock", "unlock", "one",
    "all",
    "only-hosts", "keep-captions", "record", "invite",
}  # fmt: skip


_REPLAY_SPEEDS: Final = ("1", "1.25", "1.5", "1.75", "2")

_MOST_DIGITS: Final = 15
"""Of a number that is typed: the relay takes no longer ones."""


class CommandError(Exception):
    """What was typed can't be done; says why."""


class Commands:
    """`tell` gets words for the person who types, `leave` ends the session. People have the names that are
    shown."""

    def __init__(
        self, room: Room, *, tell: Callable[[str], None], leave: Callable[[], None], ear: Ear | None = None
    ) -> None:
        self._room = room
        self._ear = ear
        self._send = room.send
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

    def _command(self, name: str = "", rest: str = "") -> None:  # noqa: C901 (a case for each command)
        match name:
            case "who":
                self._tell(describe(self._room))
            case "mute" | "unmute":
                self._mute(muted=name == "mute")
            case "hand":
                self._room.raise_hand(not self._room.me.hand)
                self._tell("Your hand is raised" if self._room.me.hand else "Your hand is down")
            case "volume":
                self._set_volume(rest)
            case "packets":
                self._set_packets(rest.strip())
            case "answer":
                self._answer(rest)
            case "replay":
                self._replay(rest.strip())
            case "leave-me-out":
                self._room.leave_me_out(_on(rest, name))
            case "leave":
                self._leave()
            case "help" | "":
                self._tell(HELP)
            case _:
                self._host_command(name, rest)

    def _host_command(self, name: str, rest: str) -> None:  # noqa: C901 (a case for each command)
        if name not in _FOR_THE_HOST:
            raise CommandError(f"There is no /{name}; /help lists what there is")
        if not self._room.me.host:
            raise CommandError(f"/{name} is for the host, who joined with the host's own link")
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
                self._send({"type": "only_hosts", "on": _on(rest, name)})
            case "keep-captions":
                self._send({"type": "keep_captions", "on": _on(rest, name)})
            case "record":
                self._send({"type": "record", "on": _on(rest, name)})
            case "lock" | "unlock":
                self._send({"type": "lock", "locked": name == "lock"})
            case "one" | "all":
                self._send({"type": "one_at_a_time", "on": name == "one"})
            case "invite":
                hours, uses = _numbers(rest)
                self._send({"type": "invite", "hours": hours, "uses": uses})

    def _remove(self, name: str, rest: str) -> None:
        if name == "remove":
            self._send({"type": "remove", "talker_id": self._member(rest).talker_id})
            return
        found = [barred for barred in self._room.barred if _is_called(barred, rest)]
        if not found:
            names = ", ".join(one_line(barred.name) for barred in self._room.barred)
            raise CommandError(f"Removed: {names}" if names else "Nobody has been removed from this room")
        for barred in found:
            self._send({"type": "unbar", "id": barred.id})

    def _knock(self, rest: str) -> int:
        """The number of a knock; where only one knocks, nobody needs to say it."""
        knocks = self._room.knocks
        if not rest.strip() and len(knocks) == 1:
            return knocks[0].id
        numbers = {str(knock.id): knock.id for knock in knocks}
        if rest.strip() not in numbers:
            waiting = ", ".join(f"{one_line(knock.name)} ({knock.id})" for knock in knocks)
            raise CommandError(f"Waiting to be let in: {waiting}" if waiting else "Nobody is knocking")
        return numbers[rest.strip()]

    def _mute(self, *, muted: bool) -> None:
        self._room.mute(muted)
        if self._room.me.muted != muted:
            raise CommandError("You only listen here; `streamer talk` lets the others hear you")
        self._tell("Nobody hears you; /unmute changes that" if muted else "The others hear you again")

    def _replay(self, rest: str) -> None:
        if self._ear is None:
            raise CommandError("There is no sound here to play again")
        if rest == "off":
            self._ear.stop_replay()
            return
        speeds = {"": 1.0, **{word: float(word) for word in _REPLAY_SPEEDS}}
        if rest not in speeds:
            raise CommandError(
                f"Write /replay, /replay off, or /replay with a speed: {', '.join(_REPLAY_SPEEDS)}"
            )
        names = self._ear.replay(speeds[rest])
        if not names:
            raise CommandError("Nobody has said anything in the last 30 seconds")
        self._tell(f"Replay of {', '.join(map(one_line, names))}; stop it with /replay off")

    def _set_volume(self, rest: str) -> None:
        name, _, percent = rest.rpartition(" ")
        if not percent.isdecimal() or int(percent) > 200:
            raise CommandError("/volume NAME PERCENT: the percentage is a number from 0 to 200")
        member = self._member(name)
        self._room.set_volume(member, int(percent) / 100)
        self._tell(f"{one_line(member.name)} is at {percent} % for you")

    def _set_packets(self, ms: str) -> None:
        lengths = {f"{each:g}": each for each in PACKET_MS}
        if ms not in lengths:
            now = f"Your packets last {self._room.packet_ms:g} ms"
            raise CommandError(f"{now}. Write /packets and one of {', '.join(lengths)}")
        self._room.packet_ms = lengths[ms]
        if self._room.packet_ms == lengths[ms]:
            self._tell(f"Your packets last {ms} ms")

    def _notify(self, rest: str) -> None:
        text, *actions = [part.strip() for part in rest.split("|")]
        if not text or not all(actions) or len(actions) > MAX_ACTIONS:
            raise CommandError(f"/notify TEXT | ACTION | ACTION: a text, and up to {MAX_ACTIONS} actions")
        self._send({"type": "notify", "text": text, "level": "info", "actions": actions})

    def _answer(self, rest: str) -> None:
        """Only the last one can be answered: whoever reads ten at once answers none of the others."""
        if not self._room.notices:
            raise CommandError("No notice is waiting for an answer")
        notice = self._room.notices[-1]
        choices = {str(place): action for place, action in enumerate(notice.actions, 1)}
        if rest.strip() not in choices:
            offered = ", ".join(f"{place} {one_line(action)}" for place, action in choices.items())
            raise CommandError(f"The last notice can be answered with: {offered}")
        self._room.reply(notice, choices[rest.strip()])

    def _member(self, name: str) -> Member:
        found = [member for member in self._room.members if _is_called(member, name)]
        if not name.strip():
            raise CommandError("Who? Add a name; /who lists who is here")
        if len(found) > 1:
            raise CommandError(f"Several people here are called {name}: which one?")
        if not found:
            raise CommandError(f"Nobody here is called {name}; /who lists who is here")
        return found[0]


def describe(room: Room) -> str:
    """Everybody, and what can be seen of them; raised hands in the order in which they were raised."""
    me = room.me
    own = ["you", *(["the host"] if me.host else []), *([] if me.role == "talk" else ["only listening"])]
    lines = [f"{one_line(me.name)} ({', '.join(own)})"]
    for member in room.members:
        lines.append(": ".join(filter(None, (one_line(member.name), ", ".join(states_of(member))))))
    hands = sorted((member for member in room.members if member.hand), key=lambda member: member.hand_us)
    if len(hands) > 1:
        lines.append(f"Hands, the first one first: {', '.join(one_line(member.name) for member in hands)}")
    if room.barred:
        lines.append(f"Removed: {', '.join(one_line(barred.name) for barred in room.barred)}")
    return "\n".join(lines)


def _is_called(somebody: Member | Waiting, name: str) -> bool:
    return one_line(somebody.name).casefold() == name.strip().casefold()


def _on(rest: str, name: str) -> bool:
    """`off` or nothing behind a command that switches something on."""
    if rest.strip() not in ("", "on", "off"):
        raise CommandError(f"/{name}, or /{name} off")
    return rest.strip() != "off"


def _numbers(rest: str) -> tuple[int, int]:
    parts = rest.split()
    if len(parts) > 2 or not all(part.isdecimal() and len(part) <= _MOST_DIGITS for part in parts):
        raise CommandError("/invite HOURS PEOPLE: both are whole numbers, and may be left out")
    hours, uses = [*map(int, parts), 0, 0][:2]
    if hours > MAX_INVITE_HOURS:
        raise CommandError(
            f"An invite lasts {MAX_INVITE_HOURS} hours at most; without a number it does not end"
        )
    return hours, uses
