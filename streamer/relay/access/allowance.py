"""What one source may say: a member, an address, a room. A person never reaches it; a flood is cut down to
it.

A text goes to everybody in the room, so its sender spends the others' time. Texts are counted, and their
bytes as well, as they are sent (UTF-8, after normalization, which may make a text three times as long). Sixty
connections of one device are one address, so together they say little more than one person does.
"""

import functools
from dataclasses import dataclass
from typing import Final

from streamer.errors import ControlError
from streamer.relay.access.rate_limit import Buckets, Rate

CHATS: Final = Rate(60, 1.0)
"""At once: a person who pastes a list line by line. Half is reached by pasting, double costs the others
more. Nobody types a line a second for a minute."""

CHAT_BYTES: Final = Rate(32_768, 1_000.0)
"""At once: four of the longest texts in the longest characters. A fast typist writes 15 characters a second,
of at most 4 bytes."""

ADDRESS_FACTOR: Final = 2.0
"""A household behind one address writes no faster than two people on end."""

ROOM_FACTOR: Final = 8.0
"""What all of a room together can still read is far less."""

_NOT_SENT: Final = "that was not sent: you write faster than others can read. Try it again in a moment"

CLOCKS: Final = Rate(20, 5.0)
"""One begins each talkspurt, and two a second follow (PROTOCOL.md)."""

ACTIONS: Final = Rate(30, 4.0)
"""Hands, mutes, the floor, the host's commands: fingers on buttons."""

REPLIES: Final = Rate(30, 4.0)
"""To notices: fingers on buttons."""

COMMANDS: Final = Rate(64, 8.0)
"""A dispatcher who calls all devices of a gateway at once."""

REPORTS: Final = Rate(128, 10.0)
"""A gateway that tells all its devices when it comes, and then what changes."""

REPORT_BYTES: Final = Rate(131_072, 8_192.0)
"""Twice what the relay keeps of one member, and a device's full 4 KiB twice a second."""

CAPTIONS: Final = Rate(60, 16.0)
"""Ten talkers at once: a partial line of each a second, and a final one now and then."""

CAPTION_BYTES: Final = Rate(65_536, 8_192.0)
"""A partial line holds all that was said since the last pause: on average half of the longest."""

CAPTION_SWITCHES: Final = Rate(10, 1.0)
"""Captions on, captions off: a finger on a switch, and each reconnect."""


class Writing:
    """How much may still be written, `factor` times what a person may; a member's is counted in its own
    `buckets`."""

    __slots__ = ("_buckets", "_bytes", "_texts")

    def __init__(self, factor: float = 1.0, buckets: Buckets | None = None) -> None:
        self._texts, self._bytes = _rates(factor)
        self._buckets = buckets or Buckets()

    def try_write(self, size: int, now: float) -> bool:
        """Count a text of `size` bytes; False if it is too much."""
        take = self._buckets.try_take
        return take(self._texts, now) and take(self._bytes, now, size)

    def try_grow(self, by: int, now: float) -> bool:
        """Count `by` more bytes for the last text; False if that is too much."""
        return self._buckets.try_take(self._bytes, now, by)

    def is_unused(self, now: float) -> bool:
        return self._buckets.are_empty(now)


@functools.lru_cache
def _rates(factor: float) -> tuple[Rate, Rate]:
    """Of texts and of their bytes; the same for all who write equally fast."""
    texts, sizes = (Rate(rate.size * factor, rate.per_s * factor) for rate in (CHATS, CHAT_BYTES))
    return texts, sizes


@dataclass(slots=True)
class Allowance:
    """A member's own, and what it shares: with its address and with its room."""

    own: Writing
    address: Writing
    room: Writing

    def check(self, size: int, now: float) -> None:
        """Raises ControlError `too-fast`, with which the session goes on, if a text of `size` bytes is too
        much."""
        if not all(writing.try_write(size, now) for writing in (self.own, self.address, self.room)):
            raise too_fast(_NOT_SENT)

    def check_growth(self, by: int, now: float) -> None:
        """Likewise, if that text became longer by so many bytes when it was normalized."""
        if by > 0 and not all(writing.try_grow(by, now) for writing in (self.own, self.address, self.room)):
            raise too_fast(_NOT_SENT)


def too_fast(message: str) -> ControlError:
    return ControlError(message, code="too-fast", close_code=None)
