"""What happens in the room, in words for the one at the terminal."""

from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace
from typing import Any, Final, TypeVar, assert_never, cast

from streamer.client.events import (
    NOBODY,
    Back,
    Caption,
    Captioning,
    Changed,
    Chat,
    Command,
    Entered,
    Event,
    Floor,
    Hint,
    Joined,
    KeepCaptions,
    Knocks,
    Left,
    Locked,
    Lost,
    Member,
    Missed,
    Muted,
    NewLink,
    Notice,
    OnlyHosts,
    Recording,
    Refused,
    Reply,
    Talking,
    Telemetry,
    Trouble,
    Turn,
)
from streamer.client.told import Told
from streamer.terminal_text import one_line

_CHANGES: Final = (
    ("muted", "muted", "no longer muted"),
    ("away", "away", "back"),
    ("hand", "raising a hand", "lowered the hand"),
    ("listening", "only listening", "no longer only listening"),
)
"""A member's field, and what is said where it begins to hold and where it ends."""

OfHosts = Floor | Turn | OnlyHosts | KeepCaptions | Locked | Muted | NewLink | Knocks

_T = TypeVar("_T")


class Words:
    """`tell` gets our own lines; `tell_said` gets a writer's name and words; without it, `tell` does.

    `ring` is for a notice that wants to be heard.
    """

    def __init__(
        self,
        tell: Callable[[str], None],
        tell_said: Callable[[str, str], None] | None = None,
        ring: Callable[[], None] = lambda: None,
    ) -> None:
        self._ring = ring
        self._tell = Told(tell)
        self._show_said = tell_said or (lambda name, text: tell(f"{name}: {text}"))
        self._my_id = NOBODY
        self._room = ""
        self._is_recorded = False

    def on_event(self, event: Event) -> None:  # noqa: C901 (a case for each event)
        """Whatever text is in it comes from others: none of it may pass for a line of ours."""
        event = for_terminal(event)
        match event:
            case Entered():
                self._my_id, self._room = event.me.talker_id, event.room
                self._on_here(f"You are in {event.room} as {event.me.name}", event.me, event.members)
            case Back():
                self._my_id, self._is_recorded = event.me.talker_id, False
                self._on_here("Back", event.me, event.members)
            case Lost():
                self._tell("Lost the relay. Trying again …")
            case Trouble():
                self._tell(event.text)
            case Joined(member):
                states = ", ".join(states_of(member))
                self._tell(f"{member.name} joined" + (f" ({states})" if states else ""))
            case Left(member):
                self._tell(f"{member.name} left")
            case Changed():
                self._on_changed(event)
            case Chat():
                name = event.name or "Somebody"
                written = f"{name} said" if event.caption else f"{name} wrote" if event.age_s else name
                self._tell_said(written, event.text)
            case Notice():
                self._on_notice(event)
            case Reply():
                self._tell(f"{event.name} answers: {event.action}")
            case Recording():
                self._on_recording(event)
            case Hint():
                self._tell(f"The relay says: {event.text}")
            case Refused():
                self._tell(f"The relay rejected our message: {event.text}")
            case Missed(count):
                self._tell(f"{count:,} events were left out: too much is happening to show it all")
            case Captioning(on):
                self._tell(f"Captions are {'on: what is said here is written down' if on else 'off'}")
            case Talking() | Telemetry() | Command() | Caption():  # the meters show who talks
                pass
            case _:
                self._on_rule(event)

    def _on_recording(self, recording: Recording) -> None:
        """The answer to /leave-me-out is one, too."""
        was_on, self._is_recorded = self._is_recorded, recording.on
        if self._my_id in recording.left_out:
            self._tell("You are in no recording of this room; /leave-me-out off changes that")
        elif recording.on:
            self._tell(f"{recording.by} records this room; /leave-me-out keeps you out of it")
        elif was_on:
            self._tell("This room is no longer recorded")
        if recording.on and not was_on:
            self._ring()

    def _on_rule(self, event: OfHosts) -> None:
        """What a host decided, or is told."""
        match event:
            case Floor():
                self._on_floor(event)
            case Turn(member):
                self._tell("It is your turn" if self._is_me(member) else f"It is {_name(member)}'s turn")
            case OnlyHosts(member, on):
                self._tell(
                    f"{_host(member)} has decided: {'only hosts talk' if on else 'everybody may talk'}"
                )
            case KeepCaptions(member, on):
                chat = "is kept in the chat" if on else "is not kept in the chat any more"
                self._tell(f"{_host(member)} has decided: what is captioned {chat}")
            case Locked(member, locked):
                self._tell(f"{_host(member)} has {'locked the room' if locked else 'opened the room again'}")
            case Muted(member):
                self._tell(f"{_name(member)}, the host, has muted you; /unmute lets you talk again")
            case NewLink(role, url):
                self._tell(
                    f"The new link to {self._room}, {'to talk' if role == 'talk' else 'only to listen'}: "
                    f"{url}"
                )
            case Knocks():
                for knock in event.new:
                    number, name = knock.id, knock.name
                    self._tell(
                        f"{name} is knocking; /admit {number} lets {name} in, /decline {number} does not"
                    )
            case _:
                assert_never(event)

    def _on_here(self, where: str, me: Member, members: tuple[Member, ...]) -> None:
        others = ", ".join(member.name for member in members)
        self._tell(f"{where}; " + (f"with you: {others}" if others else "nobody else yet"))
        if me.role == "listen":
            self._tell("You only listen here; /hand asks to talk")

    def _on_changed(self, changed: Changed) -> None:
        member, before = changed.member, changed.before
        if member.role != before.role:
            self._on_role(member)
        for field, starts, ends in _CHANGES:
            if getattr(member, field) != getattr(before, field):
                self._tell(f"{member.name} is {starts if getattr(member, field) else ends}")

    def _on_role(self, member: Member) -> None:
        may_talk = member.role == "talk"
        if self._is_me(member):
            self._tell("You may talk now" if may_talk else "You only listen now; /hand asks to talk")
        else:
            self._tell(f"{member.name} {'may talk now' if may_talk else 'only listens now'}")

    def _on_floor(self, floor: Floor) -> None:
        if not floor.on:
            self._tell("Everybody may talk")
        elif floor.member is None:
            self._tell("One person at a time; nobody is talking now")
        else:
            self._tell("It is your turn" if self._is_me(floor.member) else f"{floor.member.name} talks now")

    def _on_notice(self, notice: Notice) -> None:
        level = "" if notice.level == "info" else f", {notice.level}"
        text = f"{notice.title}: {notice.text}" if notice.title else notice.text
        self._tell_said(f"{notice.name}{level}", text, rings=notice.sound and not notice.age_s)
        if notice.actions and not self._is_me(notice.member):
            answers = (f"/answer {number} {action}" for number, action in enumerate(notice.actions, 1))
            self._tell("To answer: " + ", ".join(answers))

    def _is_me(self, member: Member | None) -> bool:
        return member is not None and member.talker_id == self._my_id

    def _tell_said(self, name: str, text: str, *, rings: bool = False) -> None:
        def show(words: str) -> None:
            self._show_said(name, words)
            if rings:
                self._ring()

        self._tell(text, show)


def states_of(member: Member) -> list[str]:
    """In words."""
    found = {
        "the host": member.host,
        "muted": member.muted,
        "only listening": member.only_listens,
        "away": member.away,
        "hand raised": member.hand,
    }
    return [words for words, holds in found.items() if holds]


def for_terminal(value: _T) -> _T:
    """`value`, every text within it as a terminal may show it."""
    shown: Any = value
    match shown:
        case str():
            shown = one_line(shown)
        case tuple():
            shown = tuple(map(for_terminal, shown))
        case _ if is_dataclass(shown) and not isinstance(shown, type):
            names = [
                each.name
                for each in fields(shown)
                if isinstance(getattr(shown, each.name), str | tuple | Member)
            ]
            shown = replace(shown, **{name: for_terminal(getattr(shown, name)) for name in names})
    return cast(_T, shown)


def _name(member: Member | None) -> str:
    return member.name if member else "Somebody"


def _host(member: Member | None) -> str:
    """Who decides at the relay itself, or by its HTTP interface, is no member."""
    return member.name if member else "The host"
