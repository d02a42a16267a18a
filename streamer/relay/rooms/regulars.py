"""The addresses that are members, or were lately: they come back first, whatever strangers do at the door."""

from typing import Final

from streamer.relay.access.source import plain_address
from streamer.relay.rooms.session import RESUME_S

MAX_ADDRESSES: Final = 1_024
"""More than a local network has members; at about 150 bytes each that is 150 KB."""


class Regulars:
    """Counts members by address, and remembers an address for as long as somebody can come back to their
    session."""

    def __init__(self) -> None:
        self._members: dict[str, int] = {}
        self._left: dict[str, float] = {}  # when, in s; who left longest ago comes first

    def entered(self, address: str) -> None:
        address = plain_address(address)
        self._members[address] = self._members.get(address, 0) + 1

    def left(self, address: str, now: float) -> None:
        """A member at `address` is gone at `now`, in s of a monotonic clock."""
        address = plain_address(address)
        self._members[address] -= 1
        if self._members[address]:
            return
        del self._members[address]
        self._left.pop(address, None)
        self._left[address] = now
        if len(self._left) > MAX_ADDRESSES:
            del self._left[next(iter(self._left))]

    def has(self, address: str, now: float) -> bool:
        address = plain_address(address)
        return address in self._members or now - self._left.get(address, float("-inf")) < RESUME_S
