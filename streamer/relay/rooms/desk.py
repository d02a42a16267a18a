"""What a room's members want of the relay beyond their room: invitations, and the people who knock."""

from collections.abc import Callable
from time import monotonic

from streamer.relay.access.invites import InviteStore, Right
from streamer.relay.access.other_relays import OtherRelays
from streamer.relay.rooms.knocks import Knocks
from streamer.relay.rooms.recording import Record
from streamer.relay.rooms.room import Room
from streamer.wire.messages import Waiting, WireInvite


class RoomDesk:
    """The `Desk` (see hosting.py) of one room."""

    def __init__(
        self,
        admission: InviteStore,
        knocks: Knocks,
        room: Room,
        join_origin: Callable[[], str],
        tell_knocks: Callable[[str], None],
        record: Record,
        other_relays: OtherRelays,
    ) -> None:
        self._admission = admission
        self._knocks = knocks
        self._room = room
        self._join_origin = join_origin
        self._tell_knocks = tell_knocks
        self._record = record
        self._other_relays = other_relays

    @property
    def join_origin(self) -> str:
        return self._join_origin()

    @property
    def other_relays(self) -> list[str]:
        return self._other_relays.addresses_for(self._room.name)

    def invites(self, right: Right) -> list[WireInvite]:
        return self._admission.invites(self._room.name, right)

    def renew(self, hours: int, uses: int) -> None:
        self._admission.renew(self._room.name, uses=uses or None, hours=hours)

    def knocks(self) -> list[Waiting]:
        return self._knocks.waiting(self._room.name)

    def record(self, *, on: bool) -> None:
        self._record(self._room.name, on)

    def answer(self, number: int, *, admit: bool) -> bool:
        elsewhere = self._knocks.elsewhere
        knock = self._knocks.answer(self._room.name, number, monotonic(), admit=admit)
        if knock is None:
            return elsewhere is not None and elsewhere.answer(self._room.name, number, admit=admit)
        if knock.session:
            self._room.admit(knock.device)
            if elsewhere:
                elsewhere.admitted(knock.session)
        self._tell_knocks(self._room.name)
        return True
