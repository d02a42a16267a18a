"""A room that spans relays: members of the others are in it, and what its own members do is told to the
cluster.

Who is in it and what they are is a state: `changed` says that it is another one, and each side makes its own
equal to what the others say. Only what is said once (a chat line, a clock) is passed on as it comes.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from time import monotonic
from typing import Any, Final, Protocol, cast

from streamer.errors import RefusedError
from streamer.relay.cluster.messages import Present, digest
from streamer.relay.cluster.remote_member import Forward, RemoteMember
from streamer.relay.rooms.decisions import Decided
from streamer.relay.rooms.member import Member, shown
from streamer.relay.rooms.rights import Voice
from streamer.relay.rooms.shared_room import SharedRoom
from streamer.websocket.sink import Flusher
from streamer.wire.close_codes import GOING_AWAY, REPLACED
from streamer.wire.messages import FromRelay
from streamer.wire.packet import VOICE

SLOT_BITS: Final = 10
"""Of a talker_id's 16: each relay gives ids of its own slot, 1,023 in a room, so no two relays give the same,
and none has to ask another before somebody may come in. Slot 0 is for a relay that has none yet."""

SLOTS: Final = 1 << 16 - SLOT_BITS
IDS: Final = (1 << SLOT_BITS) - 1

SAID_ONCE: Final = ("clock", "chat", "notice")
"""Messages after which everybody is what they were before."""


class Station(Protocol):
    """What a room wants of its relay's place in the cluster."""

    id: str
    slot: int
    flusher: Flusher
    tells_own_events_only: bool
    """Whoever watches hears of what others did from their own relays."""

    def changed(self, room: "ClusterRoom") -> None:
        """Its members, or something about them, are others than before."""

    def passed_on(self, room: "ClusterRoom", message: FromRelay) -> None:
        """A member here said this, which members elsewhere get once."""

    def decided(self, room: "ClusterRoom", before: Decided) -> None:
        """The host did; until then, `before` held."""

    def floor_moved(self, room: "ClusterRoom", *, is_of_here: bool) -> None:
        """By what somebody here did, or elsewhere."""

    def forward(self, relay: str, message: Any) -> None: ...

    def to_own_us(self, relay: str) -> int | None:
        """What is added to times of that relay's clock; None where that is not known yet."""


class ClusterRoom(SharedRoom):
    """`station` is this relay's."""

    def __init__(self, *arguments: Any, station: Station) -> None:
        self._station = station
        self._elsewhere: dict[int, RemoteMember] = {}
        self._is_told = False
        self.decided_by = 0
        """The talker_id of the host who decided last."""
        super().__init__(*arguments)
        self.notices.step, self.notices.offset = SLOTS, station.slot

    # who is here

    @property
    def here(self) -> list[Member]:
        """The members who are connected to this relay."""
        return [member for member in self._members.values() if member.talker_id not in self._elsewhere]

    @property
    def has_guests_here(self) -> bool:
        return len(self._members) > len(self._elsewhere)

    @property
    def has_guests_elsewhere(self) -> bool:
        return bool(self._elsewhere)

    def is_elsewhere(self, talker_id: int) -> bool:
        return talker_id in self._elsewhere

    def local(self, talker_id: int) -> Member | None:
        return None if talker_id in self._elsewhere else self._members.get(talker_id)

    def remote(self, talker_id: int) -> RemoteMember | None:
        return self._elsewhere.get(talker_id)

    def of_session(self, digest: str) -> RemoteMember | None:
        """The member elsewhere whose session that is."""
        return next(
            (member for member in self._elsewhere.values() if digest and member.session == digest), None
        )

    def _free_talker_id(self) -> int:
        for _ in range(IDS):
            self._last_talker_id = self._last_talker_id % IDS + 1
            talker_id = self._station.slot << SLOT_BITS | self._last_talker_id
            if talker_id not in self._members:
                return talker_id
        raise RefusedError("this room is full", status=429, code="too-many")

    def _enter(self, member: Member) -> None:
        if not isinstance(member, RemoteMember):
            self._elsewhere.pop(member.talker_id, None)
        self.fanout.elsewhere = len(self._elsewhere)
        super()._enter(member)
        self._station.changed(self)

    def leave(self, member: Member) -> None:
        if self._elsewhere.get(member.talker_id) is member:
            del self._elsewhere[member.talker_id]
        self.fanout.elsewhere = len(self._elsewhere)
        super().leave(member)
        self._station.changed(self)

    def show(self, talker_id: int, present: Present | None) -> None:
        """A member elsewhere is this now; None if it is no longer there. Nobody here has that talker_id."""
        known = self._elsewhere.get(talker_id)
        if known and (
            present is None or present["session"] != known.session or present["name"] != known.name
        ):
            self.leave(known)
            known = None
        if present is None:
            return
        if known is None:
            member = self._make(talker_id, present)
            self._elsewhere[talker_id] = member
            self.join(member)
        else:
            member = known
            before = shown(member)
            self._take(member, present)
            if shown(member) != before:
                self.tell_all({"type": "state", **shown(member)}, about=(talker_id, "state"))
        self._take_roles(member, present)

    def give_up(self, member: Member, present: Present) -> None:
        """`member`, who is here, is on another relay by now, or has the same talker_id as somebody there."""
        is_same = present["session"] != "" and present["session"] == digest(member.device.token)
        talker_id = member.talker_id
        if not is_same:
            self.send_back(member)
            self.show(talker_id, present)
            return
        if present["name"] == member.name:
            other = self._make(talker_id, present)
            self._elsewhere[talker_id] = other
            self.take_over(other, member)
        else:
            self.leave(member)
        self.show(talker_id, present)
        member.send_away(REPLACED, "replaced")

    def send_back(self, member: Member) -> None:
        """It comes in again at once: what it has here is somebody's elsewhere."""
        self.leave(member)
        member.send_away(GOING_AWAY, "draining")

    def _make(self, talker_id: int, present: Present) -> RemoteMember:
        station = self._station
        forward: Forward = station.forward
        member = RemoteMember(self.name, talker_id, station.id, station.flusher, forward)
        self._take(member, present)
        return member

    def _take(self, member: RemoteMember, present: Present) -> None:
        member.take(present, self._station.to_own_us(present["relay"]))
        member.sink.is_left_out = present["left_out"]

    def _take_roles(self, member: RemoteMember, present: Present) -> None:
        if present["turn"] != self.rights.has_turn(member):
            if present["turn"]:
                self.rights.give_turn(member)
            else:
                member.turn = None
        self.review_roles()
        is_news = self.recording.set_recorder(member, on=present["records"])
        is_news |= self.recording.leave_out(member, on=present["left_out"]) and self.recording.is_on
        if is_news:
            self.tell_recording()
        if self.captions.switch(member.talker_id, on=present["captions"]):
            self.tell_all(self.captions.message, about="captioning")

    # what is said

    def tell(self, members: Sequence[Member], message: FromRelay, about: Hashable = None) -> None:
        local = [member for member in members if not isinstance(member, RemoteMember)]
        super().tell(local, message, about)
        if message["type"] in ("lock", "only_hosts", "keep_captions") and not self._is_told:
            self.decided_by = message["talker_id"]
        if message["type"] == "mute":
            for member in members:
                if isinstance(member, RemoteMember):
                    member.send_control(message)
        elif message["type"] == "caption" and not self._is_told:
            self._station.passed_on(self, message)

    def _tell_observers(self, message: FromRelay) -> None:
        super()._tell_observers(message)
        if not self._is_told and self._is_of_here(message):
            self._station.passed_on(self, message)
        if message["type"] not in SAID_ONCE:
            self._station.changed(self)

    def _is_of_here(self, message: FromRelay) -> bool:
        kind = message["type"]
        if kind not in ("turn", *SAID_ONCE):
            return False
        return cast(int, message.get("talker_id", 0)) not in self._elsewhere

    def note_untold(self) -> None:
        self._station.changed(self)

    def observe(self, kind: str, fields: Mapping[str, object]) -> None:
        talks_elsewhere = kind in ("talking", "silent") and fields["talker_id"] in self._elsewhere
        if not self._station.tells_own_events_only or not (self._is_told or talks_elsewhere):
            super().observe(kind, fields)
        if kind == "telemetry" and not self._is_told and fields["talker_id"] not in self._elsewhere:
            self._station.passed_on(self, cast(FromRelay, {"type": kind, **fields}))

    def from_elsewhere(self, act: Callable[[], None]) -> None:
        """Do what somebody elsewhere said; it goes no further than the members here."""
        before, self._is_told = self._is_told, True
        try:
            act()
        finally:
            self._is_told = before

    def take_packet(self, packet: bytes, now_us: int) -> bool:
        """Hand on what somebody elsewhere says. False where nobody there may say it."""
        member = self._elsewhere.get(packet[2] << 8 | packet[3])
        if member is None or member.voice is not Voice.HEARD:
            return False
        if packet[1] & VOICE:
            member.voiced_us = now_us
        self.fanout.send(packet, member.sink)
        return True

    # what hosts do

    def toggle_turn(self, member: Member, now: float) -> None:
        if isinstance(member, RemoteMember):
            member.toggle_turn()
        else:
            super().toggle_turn(member, now)

    def bar(self, member: Member) -> None:
        """Its own relay knows the device, and bars it."""
        if not isinstance(member, RemoteMember):
            super().bar(member)

    def _keep(self, decided: Decided) -> None:
        before = self._decided
        super()._keep(decided)
        if not self._is_told and decided != before:
            self._station.decided(self, before)

    def rule(self, decided: Decided, by: int) -> None:
        """The host decided so on another relay."""
        before = self._decided
        if decided.locked != before.locked:
            self.lock(by, locked=decided.locked)
        if decided.only_hosts != before.only_hosts:
            self.switch_only_hosts(by, on=decided.only_hosts)
        if decided.keep_captions != before.keep_captions:
            self.switch_keep_captions(by, on=decided.keep_captions)
        if decided.one_at_a_time != before.one_at_a_time:
            self.switch_floor(on=decided.one_at_a_time)
            super().tell_floor()
        self._keep_barred(decided.barred)

    def tell_floor(self) -> None:
        super().tell_floor()
        self._station.floor_moved(self, is_of_here=not self._is_told)

    def tick(self, now: float) -> None:
        if self.is_elsewhere(self.floor.holder):  # its own relay counts for how long it has had it
            self.floor.give(self.floor.holder, now, is_host=self.floor.is_hosts)
        super().tick(now)

    def take_floor(self, holder: int, *, is_host: bool) -> None:
        """Somebody has it by what was decided elsewhere; 0 is nobody."""
        holder = holder if holder in self._members else 0
        if not self.floor.is_on or self.floor.holder == holder:
            return
        if holder:
            self.floor.give(holder, monotonic(), is_host=is_host)
        else:
            self.floor.release(self.floor.holder)
        self.tell_floor()
