"""What was heard lately, as it came: Opus packets of each talker, in memory alone.

Bounded by time, by bytes of all and by bytes of each, so that nobody can make it grow, or push out the
others: whoever holds most loses first. Twin of web/worker/replay/store.js; tests/vectors/replay.json keeps
both equal.

A packet is kept with the time at which it belongs on the listener's clock: within a talkspurt by its
timestamp, so that what arrived in a burst plays evenly; a talkspurt begins when it arrived.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from streamer.wire.packet import Packet, samples_ahead

LAST_MS: Final = 30_000.0
"""Half a minute holds what somebody just did not catch; a quarter of it is gone before one asks."""

MOST_BYTES: Final = 2 * 1024 * 1024
"""90 s of one voice, or the last 30 s of three; 1 in 8,000 of a phone's memory."""

MOST_BYTES_OF_TALKER: Final = 1024 * 1024
"""30 s of music at 128 kb/s."""

PACKET_OVERHEAD_BYTES: Final = 150
"""What it takes to keep a payload, beside its bytes: else tiny packets would cost ten times what is
counted."""

MOST_TRACKS: Final = 64
"""Ten times as many as are heard at once: a relay that invents talkers gets no more."""

_LARGEST_DRIFT_MS: Final = 500.0
"""A packet that is farther from its place than any network delays it belongs to another clock."""

_SAMPLES_PER_MS: Final = 48


class KeptPacket(NamedTuple):
    """`start_ms` on the listener's clock."""

    start_ms: float
    lasts_ms: float
    payload: bytes

    @property
    def end_ms(self) -> float:
        return self.start_ms + self.lasts_ms


@dataclass(frozen=True, slots=True)
class Said:
    """What one talker said; packets in order, none overlaps another."""

    name: str
    packets: Sequence[KeptPacket]


class _Track:
    def __init__(self, talker_id: int, name: str) -> None:
        self.talker_id = talker_id
        self.name = name
        self.packets: deque[KeptPacket] = deque()
        self.bytes = 0
        self._end_ms = float("-inf")
        self._end_timestamp = 0

    def add(self, packet: Packet, at_ms: float, *, starts: bool) -> None:
        samples = packet.duration_samples
        ahead = samples_ahead(packet.timestamp, self._end_timestamp)
        expected_ms = self._end_ms + ahead / _SAMPLES_PER_MS
        follows = not starts and abs(expected_ms - at_ms) <= _LARGEST_DRIFT_MS
        if follows and expected_ms < self._end_ms:
            return  # a second copy, or too late for its place
        kept = KeptPacket(
            expected_ms if follows else max(at_ms, self._end_ms), samples / _SAMPLES_PER_MS, packet.payload
        )
        self.packets.append(kept)
        self.bytes += _cost(kept)
        self._end_ms = kept.end_ms
        self._end_timestamp = (packet.timestamp + samples) % 2**32

    def drop_oldest(self) -> None:
        self.bytes -= _cost(self.packets.popleft())


class ReplayStore:
    """`keep_ms` is how long a packet stays."""

    def __init__(self) -> None:
        self.keep_ms = LAST_MS
        self._tracks: list[_Track] = []
        self._current: dict[int, _Track] = {}
        """Of who is there now, by talker."""
        self._left_out: frozenset[int] = frozenset()

    @property
    def bytes(self) -> int:
        """What is kept, with what it takes to keep it."""
        return sum(track.bytes for track in self._tracks)

    def keep(self, name: str, packet: Packet, at_ms: float, *, starts: bool) -> None:
        """Keeps a packet of `name` that came at `at_ms`; `starts` says that a talkspurt begins with it."""
        self.expire(at_ms)
        if packet.talker_id in self._left_out:
            return
        track = self._current.get(packet.talker_id) or self._begin(packet.talker_id, name)
        track.add(packet, at_ms, starts=starts)
        while track.bytes > MOST_BYTES_OF_TALKER:
            track.drop_oldest()
        while self.bytes > MOST_BYTES:
            max(self._tracks, key=lambda each: each.bytes).drop_oldest()

    def expire(self, now_ms: float) -> None:
        for track in self._tracks:
            while track.packets and track.packets[0].start_ms < now_ms - self.keep_ms:
                track.drop_oldest()
        if not all(track.packets for track in self._tracks):
            self._retain([track for track in self._tracks if track.packets])

    def renew(self, talker_id: int) -> None:
        """From here on this id is another's."""
        self._current.pop(talker_id, None)

    def renew_all(self) -> None:
        """From here on all ids are others'."""
        self._current.clear()
        self._left_out = frozenset()

    def leave_out(self, talker_ids: Sequence[int], names: Sequence[str]) -> None:
        """Those who want to be in no recording: nothing of them is kept, and what was kept is deleted."""
        self._left_out = frozenset(talker_ids)
        self._retain(
            [each for each in self._tracks if each.talker_id not in self._left_out and each.name not in names]
        )

    def said(self, from_ms: float, to_ms: float) -> list[Said]:
        """Of everybody who said something in between."""
        found = (
            Said(track.name, [packet for packet in track.packets if from_ms <= packet.start_ms < to_ms])
            for track in self._tracks
        )
        return [said for said in found if said.packets]

    def _begin(self, talker_id: int, name: str) -> _Track:
        track = self._current[talker_id] = _Track(talker_id, name)
        self._retain([*self._tracks, track][-MOST_TRACKS:])
        return track

    def _retain(self, tracks: list[_Track]) -> None:
        self._tracks = tracks
        self._current = {key: track for key, track in self._current.items() if track in tracks}


def _cost(packet: KeptPacket) -> int:
    return len(packet.payload) + PACKET_OVERHEAD_BYTES
