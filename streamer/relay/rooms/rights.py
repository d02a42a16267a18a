"""Who may talk: the one place that decides it, from the invitation, what the host decided, and the floor.

A member's **role** is what it may do at all, and everybody is told of it; its **voice** is whether it is
heard now.

    role   talk     a host; or a guest who was invited to talk, while not only hosts may; or who was given a
           turn
           listen   everybody else
    voice  HEARD    role talk, has not chosen to listen, and has the floor where one talks at a time
           LISTENS  role listen, or has chosen to listen
           WAITS    role talk, without the floor

A host may also send notices, commands and captions, and record; a guest may only if its token has that
**scope**. Everybody may answer notices and commands, and read captions.
"""

from enum import Enum
from typing import Final, Protocol

from streamer.errors import ControlError
from streamer.relay.access.invites import Right
from streamer.relay.access.tokens import BEYOND_TALKING, Scope
from streamer.relay.rooms.floor import Floor
from streamer.wire.messages import Role


class Voice(Enum):
    """Whether what a member says is handed on now, and if not, why."""

    HEARD = "heard"
    LISTENS = "listens"
    WAITS = "waits"


class Speaker(Protocol):
    """What of a member decides whether it may talk. `turn` lasts as long as its session."""

    talker_id: int
    listening: bool
    turn: object | None

    @property
    def right(self) -> Right: ...

    @property
    def scopes(self) -> frozenset[Scope]:
        """Of the token that it came with."""


_NEEDS: Final = "only the host, or a token with the scope {}, may do that here"


def _may(member: Speaker, scope: Scope) -> bool:
    return member.right is Right.HOST or scope in member.scopes


def rights_of(member: Speaker) -> list[str]:
    """What a member may do beyond talking, as it is told."""
    return [scope for scope in BEYOND_TALKING if _may(member, scope)]


def check_may(member: Speaker, scope: Scope) -> None:
    """Raises ControlError `no-right`."""
    if not _may(member, scope):
        raise ControlError(_NEEDS.format(scope), code="no-right", close_code=None)


class Rights:
    """In one room."""

    def __init__(self, floor: Floor, *, only_hosts: bool = False) -> None:
        self._floor = floor
        self._only_hosts = only_hosts
        self._term = object()
        """Turns that were given before the host switched `only_hosts` are not of this term: they are over."""

    @property
    def only_hosts(self) -> bool:
        return self._only_hosts

    def switch_only_hosts(self, *, on: bool) -> None:
        if on != self._only_hosts:
            self._only_hosts, self._term = on, object()

    def has_turn(self, member: Speaker) -> bool:
        return member.turn is self._term

    def give_turn(self, member: Speaker) -> None:
        """In a room where everybody may talk, it says who is heard in any case, however many others talk."""
        member.turn = self._term

    def role_of(self, member: Speaker) -> Role:
        if member.right is Right.HOST or self.has_turn(member):
            return "talk"
        return "listen" if self._only_hosts or member.right is Right.LISTENER else "talk"

    def voice_of(self, member: Speaker) -> Voice:
        if member.listening or self.role_of(member) == "listen":
            return Voice.LISTENS
        return Voice.HEARD if self._floor.admits(member.talker_id) else Voice.WAITS
