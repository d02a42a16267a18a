"""The other relays of the service: which are alive, and how far their clocks are from ours. Times are in s
and µs."""

from collections import deque
from dataclasses import dataclass, field
from typing import Final

from streamer.relay.cluster.messages import Live

BEAT_S: Final = 0.4
"""Between two signs of life."""

DEAD_S: Final = 2.2
"""Without a sign of life: five were missed. Half of it would take a relay for dead that a busy computer holds
up."""

MAX_PEERS: Final = 63
SAMPLES: Final = 16
"""Round trips of which the shortest tells the offset best: as many as six seconds bring."""


@dataclass(slots=True)
class Peer:
    """`heard_s` is of our own clock."""

    live: Live
    heard_s: float
    times: deque[tuple[int, int]] = field(default_factory=lambda: deque(maxlen=SAMPLES))
    """Round trip and offset, in µs."""

    @property
    def to_own_us(self) -> int | None:
        return min(self.times)[1] if self.times else None


class Peers:
    """By id. Those of another version are known, but are none of ours."""

    def __init__(self, own_id: str, version: str) -> None:
        self._own_id = own_id
        self._version = version
        self._peers: dict[str, Peer] = {}
        self.own_heard_s = 0.0
        """When our own sign of life came back to us: the whole way works."""

    def take(self, relay: str, live: Live, now_s: float) -> bool:
        """True if that is news: it was not known as alive."""
        if relay == self._own_id:
            self.own_heard_s = now_s
            return False
        known = self._peers.get(relay)
        if known is None and len(self._peers) >= MAX_PEERS:
            return False
        if known is None:
            self._peers[relay] = Peer(live, now_s)
            return True
        is_other = known.live["url"] != live["url"] or known.live["slot"] != live["slot"]
        known.live, known.heard_s = live, now_s
        return is_other

    def expire(self, now_s: float) -> list[str]:
        """Those that have died."""
        dead = [relay for relay, peer in self._peers.items() if now_s - peer.heard_s > DEAD_S]
        for relay in dead:
            del self._peers[relay]
        return dead

    def discard(self, relay: str) -> bool:
        """It has said that it goes."""
        return self._peers.pop(relay, None) is not None

    def excuse(self, lag_s: float) -> None:
        """We were held up ourselves: what they said meanwhile has not been read yet."""
        for peer in self._peers.values():
            peer.heard_s += lag_s

    def is_ours(self, relay: str) -> bool:
        """Alive, and of our version."""
        peer = self._peers.get(relay)
        return peer is not None and peer.live["version"] == self._version

    def take_time(self, relay: str, t0: int, t1: int, now_us: int) -> None:
        """It answered `t1` of its clock to a question of `t0` of ours."""
        peer = self._peers.get(relay)
        if peer is None or now_us < t0:
            return
        trip_us, offset_us = now_us - t0, (t0 + now_us) // 2 - t1
        if peer.times:
            best_us, known_us = min(peer.times)
            if abs(offset_us - known_us) > (trip_us + best_us) // 2 + 1:
                peer.times.clear()  # both can't be true: one of the computers slept, and its clock with it
        peer.times.append((trip_us, offset_us))

    def to_own_us(self, relay: str) -> int | None:
        peer = self._peers.get(relay)
        return peer.to_own_us if peer else None

    def error_us(self, relay: str) -> int:
        """How far that may be off."""
        peer = self._peers.get(relay)
        return min(peer.times)[0] // 2 if peer and peer.times else 0

    @property
    def ours(self) -> list[str]:
        return [relay for relay in self._peers if self.is_ours(relay)]

    @property
    def addresses(self) -> list[str]:
        """Where people reach the other relays of this service, in the order of their ids."""
        return [
            self._peers[relay].live["url"] for relay in sorted(self.ours) if self._peers[relay].live["url"]
        ]

    @property
    def slots(self) -> set[int]:
        return {peer.live["slot"] for peer in self._peers.values()}

    @property
    def strange(self) -> set[str]:
        """Those of another version."""
        return {relay for relay, peer in self._peers.items() if peer.live["version"] != self._version}

    @property
    def strangers(self) -> list[str]:
        """The versions of those that are of another one."""
        return sorted({self._peers[relay].live["version"] for relay in self.strange})
