"""Where everybody who asks for a room is received: let in, and by which right, or told why not."""

from collections.abc import Callable, Mapping
from time import monotonic
from typing import Any, Final

from streamer.errors import RefusedError
from streamer.relay.access.address_budget import AddressBudget
from streamer.relay.access.guesses import Guesses
from streamer.relay.access.invites import InviteStore, Right
from streamer.relay.access.leaky_buckets import LeakyBuckets
from streamer.relay.access.limits import RelayLimits
from streamer.relay.access.names import distinguish
from streamer.relay.access.open_files import Places
from streamer.relay.access.other_relays import OtherRelays
from streamer.relay.access.sanitize import check_room_name, clean_name
from streamer.relay.access.seats import Seats
from streamer.relay.access.source import source_of
from streamer.relay.access.tokens import Grant, TokenStore
from streamer.relay.background import surviving
from streamer.relay.rooms.bars import Device
from streamer.relay.rooms.decisions import Decisions
from streamer.relay.rooms.desk import RoomDesk
from streamer.relay.rooms.echo_room import EchoRoom
from streamer.relay.rooms.events import Events
from streamer.relay.rooms.glance import Glance, slowest, talking
from streamer.relay.rooms.hosting import tell_invites
from streamer.relay.rooms.knocks import Knock, Knocks
from streamer.relay.rooms.leg import Admitted
from streamer.relay.rooms.post import Later
from streamer.relay.rooms.recording import Record, no_recorder
from streamer.relay.rooms.regulars import Regulars
from streamer.relay.rooms.room import Room
from streamer.relay.rooms.session import Renew, Session, Sessions, attempt_of, own_token_of
from streamer.relay.rooms.used_rooms import UsedRooms
from streamer.wire.close_codes import REMOVED
from streamer.wire.room_link import ECHO_ROOM

GUEST: Final = "Guest"

MAX_PREVIEWED: Final = 12
"""Names that are told before joining: as many as a start page shows."""

PREVIEWS: Final = 60
PREVIEWS_PER_S: Final = 1.0
"""From one address: a class behind one proxy opens the link at once; a page asks once each time it is
opened."""


class Lobby:
    """The rooms of a relay, and who may enter them."""

    def __init__(
        self,
        admission: InviteStore,
        limits: RelayLimits,
        places: Places,
        call_later: Later,
        decisions: Decisions | None = None,
        join_origin: Callable[[], str] = str,
        tokens: TokenStore | None = None,
    ) -> None:
        """`join_origin` returns the origin of the page where devices learn to trust this relay, or an empty
        string."""
        self.is_draining = False
        self.is_starting = False
        """It does not know yet who is a member of this service: somebody who comes back would be a
        stranger."""
        self.record: Record = no_recorder
        """The relay's own recorder, where it has one."""
        self.other_relays = OtherRelays()
        self.on_session: Callable[[Admitted], None] = lambda entry: None
        """Is told of each session that begins, or goes on, or was left."""
        self._join_origin = join_origin
        self.knocks = Knocks()
        self._previews = LeakyBuckets(PREVIEWS, PREVIEWS_PER_S)
        self._admission = admission
        self._limits = limits
        self._addresses: dict[str, AddressBudget] = {}
        self.guesses = Guesses()
        self.events = Events()
        self.used = UsedRooms(limits, decisions or Decisions(), call_later, self.events.add)
        self._tokens = tokens or TokenStore()
        self._token_changes = self._tokens.changes
        self._sessions = Sessions(limits.max_per_address)
        self._regulars = Regulars()
        self._seats = Seats(limits.max_per_address, places)

    @property
    def room_count(self) -> int:
        return sum(room.size > 0 for room in self.used)

    def receive(self, query: Mapping[str, str], address: str) -> Admitted:
        """Raises RefusedError (PROTOCOL.md, Refusals)."""
        room_name = check_room_name(query.get("room", ""))
        attempt = attempt_of(query)
        self._sessions.check_attempt(query.get("resume", ""), room_name, attempt)
        resumed = self._resumed(query, room_name)
        grant = self._grant(query, address, room_name, resumed)
        right = grant.right
        name = clean_name(query["name"]) if query.get("name") else GUEST
        self._check_draining()
        self._seats.check(address, is_expected=resumed is not None or right is Right.HOST)
        source = self._address(address)
        room = self.used.room(room_name)
        self._check_barred(room, query, address, right)
        self._check_space(room, right, resumed)
        own = self._own_name(name, room, resumed)
        self._count_join(source, right)
        session = resumed or Session(
            room_name,
            right,
            source_of(address),
            scopes=grant.scopes,
            token_id=grant.token_id,
            own_token=own_token_of(query),
        )
        return Admitted(
            room,
            own,
            session,
            self.desk(room),
            asked_name=name,
            attempt=attempt,
            source=source_of(address),
            listening=query.get("listen") == "1",
            takes_bundles=query.get("bundles") == "1",
            left_out=query.get("leave_out") == "1",
            writing=source.writing,
            deliveries=source.deliveries,
        )

    def preview(self, query: Mapping[str, str], address: str) -> dict[str, Any]:
        """What somebody with a valid invitation may know before joining. Raises RefusedError as `receive`
        does."""
        if not self._previews.try_take(address, monotonic()):
            message = "this address asks again and again who is here: wait a minute"
            raise RefusedError(message, status=429, code="too-many")
        room_name = check_room_name(query.get("room", ""))
        right = self._grant(query, address, room_name, self._resumed(query, room_name)).right
        self._check_draining()
        room = self.used.as_it_is(room_name)
        self._check_barred(room, query, address, right)
        role = "listen" if right is Right.LISTENER else "talk"
        people = room.names[:MAX_PREVIEWED]
        return {
            "room": room_name,
            "people": people,
            "count": room.size,
            "locked": room.locked,
            "role": role,
            "captions": room.captions.is_on,
            "recording": room.recording.is_on,
        }

    def knock(self, query: Mapping[str, str], address: str) -> Knock:
        """Ask the host to be let in. Removed people may ask, too, if their invitation is still valid."""
        room_name = check_room_name(query.get("room", ""))
        if room_name == ECHO_ROOM:
            raise RefusedError("nobody needs to knock at the room echo", status=404, code="no-room")
        right = self._check_key(room_name, query.get("key"), address)
        self._check_draining()
        room = self.used.as_it_is(room_name)
        name = distinguish(clean_name(query["name"]) if query.get("name") else GUEST, room.names)
        knock = self.knocks.add(room_name, _device(query, address), name, right, monotonic())
        self.tell_knocks(room_name)
        return knock

    def ask_again(self, query: Mapping[str, str]) -> Knock:
        """What became of a knock. Raises RefusedError `no-knock` where it is forgotten."""
        self._check_draining()
        return self.knocks.ask(query.get("id", ""), check_room_name(query.get("room", "")), monotonic())

    def tell_knocks(self, room_name: str) -> None:
        """To the hosts in that room: who waits now."""
        if self.knocks.elsewhere:
            self.knocks.elsewhere.changed(room_name, self.knocks.waiting_here(room_name))
        room = self.used.find(room_name)
        if room:
            room.tell_hosts({"type": "knocks", "knocks": self.knocks.waiting(room_name)})

    def glance(self, room_name: str, now_us: int) -> Glance:
        """What there is to see in a room, for who sits before the relay; `now_us` is of the relay's clock."""
        room = self.used.as_it_is(room_name)
        talkers = talking(room.members, now_us)
        return Glance(
            people=room.size,
            elsewhere=sum(other.size for other in self.used) - room.size,
            talkers=tuple(name for name, _ in talkers),
            slowest=slowest(talkers),
            locked=room.locked,
            knocks=tuple(each["name"] for each in self.knocks.waiting(room_name)),
        )

    @property
    def rooms_with_people(self) -> list[str]:
        return [room.name for room in self.used if room.size]

    def lock(self, room_name: str, *, locked: bool) -> None:
        """Who sits before the relay is its host, too, and has no talker_id."""
        self.used.as_it_is(room_name).lock(0, locked=locked)

    def _check_draining(self) -> None:
        if self.is_draining or self.is_starting:
            words = "the relay is shutting down" if self.is_draining else "the relay is not ready yet"
            raise RefusedError(words, status=503, code="draining")

    def _resumed(self, query: Mapping[str, str], room_name: str) -> Session | None:
        token, now = query.get("resume", ""), monotonic()
        found = self._sessions.find(token, room_name, now, self.knocks.admitted(token, room_name, now))
        is_revoked = found and found.token_id and not self._tokens.has(found.token_id)
        return None if is_revoked else found

    def _grant(
        self, query: Mapping[str, str], address: str, room_name: str, resumed: Session | None
    ) -> Grant:
        """Tells a removed device that has only its old token that it was removed, not that it needs a key."""
        if resumed:
            return Grant(resumed.right, resumed.scopes, resumed.token_id)
        try:
            if query.get("token"):
                return self._check_token(room_name, query["token"], address)
            return Grant(self._check_key(room_name, query.get("key"), address))
        except RefusedError:
            self._check_barred(self.used.as_it_is(room_name), {"resume": query.get("resume", "")}, "")
            raise

    def _check_barred(
        self, room: Room, query: Mapping[str, str], address: str, right: Right = Right.GUEST
    ) -> None:
        if right is not Right.HOST and room.is_barred(_device(query, address)):
            message = "the host removed this device from the room: knock, and ask to be let in again"
            raise RefusedError(message, status=403, code="barred")

    def _own_name(self, name: str, room: Room, resumed: Session | None) -> str:
        """A member that comes back keeps its name, which its own earlier connection may still have."""
        names = room.names
        if resumed and resumed.leg and resumed.leg.name in names:
            names.remove(resumed.leg.name)
            if resumed.leg.asked_name == name:
                return resumed.leg.name
        return distinguish(name, names)

    def entered(self, entry: Admitted, address: str, files: int = 1) -> None:
        self._seats.take(address, files)
        self._address(address).open += 1
        if isinstance(entry.room, EchoRoom):
            return  # it asks for no invite, so it earns nothing
        self._regulars.entered(address)
        self.knocks.begun(entry.session)
        self.on_session(entry)
        uses_invite = self._sessions.keep(entry.session) and not entry.session.token_id
        if uses_invite and self._admission.entered(entry.room.name, entry.session.right):
            tell_invites(entry.room, self.desk(entry.room))

    def left(self, entry: Admitted, address: str, files: int = 1) -> None:
        self._seats.leave(address, files)
        self._address(address).open -= 1
        if not isinstance(entry.room, EchoRoom):
            self._regulars.left(address, monotonic())
            self.on_session(entry)

    def renew_sessions(self, renew: Renew) -> None:
        """Ask `renew` what became of a session on other relays."""
        self._sessions.renew = renew

    @property
    def join_origin(self) -> str:
        """The origin of the page where a device learns to trust this relay; empty if there is no such
        page."""
        return self._join_origin()

    def is_regular(self, address: str) -> bool:
        """Is, or was lately, a member there?"""
        return self._regulars.has(address, monotonic())

    def tick(self) -> None:
        """Once a second: what is over is forgotten."""
        now = monotonic()
        with surviving("the watch of tokens"):
            self._send_revoked_away()
        with surviving("the forgetting of sessions"):
            self._sessions.prune(now)
        with surviving("the forgetting of knocks"):
            for name in self.knocks.prune(now):
                self.tell_knocks(name)
        for room in self.used:
            with surviving("the tick of a room"):
                room.tick(now)
        self.used.forget_unused()
        over = [name for name, source in self._addresses.items() if source.is_forgettable(now)]
        for name in over:
            del self._addresses[name]

    def _send_revoked_away(self) -> None:
        """The members whose token is no longer valid."""
        self._tokens.refresh()
        if self._token_changes == self._tokens.changes:
            return
        self._token_changes = self._tokens.changes
        for room in self.used:
            for member in room.members:
                if member.token_id and not self._tokens.has(member.token_id):
                    member.send_away(REMOVED, "removed")

    def _check_token(self, room_name: str, token: str, address: str) -> Grant:
        try:
            grant = self._tokens.admit(token, room_name)
        except RefusedError as refusal:
            if refusal.code == "token-wrong":
                self.guesses.wrong(address, monotonic())
            raise
        self.check_room(room_name)
        return grant

    def check_room(self, name: str) -> None:
        """Raises RefusedError `no-room` where nobody could be in a room of this name; also for `echo`."""
        is_kept = self._admission.is_open or name in self._admission.rooms
        if name == ECHO_ROOM or not is_kept:
            raise RefusedError(f"there is no room {name} here", status=404, code="no-room")

    @property
    def rooms(self) -> list[Room]:
        """All that are kept or used."""
        names = dict.fromkeys([*self._admission.rooms, *(room.name for room in self.used)])
        return [self.used.as_it_is(name) for name in names]

    def room(self, name: str) -> Room:
        """To be spoken to from outside. Raises RefusedError `no-room`."""
        self.check_room(name)
        return self.used.room(name)

    def room_as_it_is(self, name: str) -> Room:
        """To be looked at from outside. Raises RefusedError `no-room`."""
        self.check_room(name)
        return self.used.as_it_is(name)

    def desk(self, room: Room) -> RoomDesk:
        told = self.tell_knocks, self.record, self.other_relays
        return RoomDesk(self._admission, self.knocks, room, self._join_origin, *told)

    def _check_key(self, room_name: str, key: str | None, address: str) -> Right:
        try:
            return self._admission.admit(room_name, key)
        except RefusedError as refusal:
            if refusal.code == "key-wrong":
                self.guesses.wrong(address, monotonic())
            raise

    def _check_space(self, room: Room, right: Right, resumed: Session | None) -> None:
        if right is Right.HOST or resumed:
            return
        if room.locked:
            raise RefusedError("the host has locked this room: ask to be let in", status=403, code="locked")
        if room.size >= self._limits.max_members:
            raise RefusedError("this room is full", status=429, code="too-many")

    def _count_join(self, source: AddressBudget, right: Right) -> None:
        if not source.joins.try_take(monotonic()) and right is not Right.HOST:
            message = "too many joins from this address: wait half a minute"
            raise RefusedError(message, status=429, code="too-many")

    def _address(self, address: str) -> AddressBudget:
        source = source_of(address)
        if source not in self._addresses:
            self._addresses[source] = AddressBudget(self._limits)
        return self._addresses[source]


def _device(query: Mapping[str, str], address: str) -> Device:
    name = query.get("name")
    return Device(source_of(address), clean_name(name) if name else "", query.get("resume", ""))
