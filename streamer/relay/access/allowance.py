"""What one source may say: a member, an address, a room. A person never reaches it; a flood is cut down to
it.

A text goes to everybody in the room, so its sender spends the others' time. Texts are counted, and their
bytes as well, as they are sent (UTF-8, after normalization, which may make a text three times as long). Sixty
connections of one device are one address, so together they say little more than one person does.
"""

from dataclasses import dataclass, field
from typing import Final

from streamer.errors import ControlError
from streamer.relay.access.rate_limit import LeakyBucket

CHATS: Final = 60
"""At once: a person who pastes a list line by line. Half is reached by pasting, double costs the others
more."""

CHATS_PER_S: Final = 1.0
"""Nobody types a line a second for a minute."""

CHAT_BYTES: Final = 32_768
"""At once: four of the longest texts in the longest characters."""

CHAT_BYTES_PER_S: Final = 1_000.0
"""A fast typist writes 15 characters a second, of at most 4 bytes."""

ADDRESS_FACTOR: Final = 2.0
"""A household behind one address writes no faster than two people on end."""

ROOM_FACTOR: Final = 8.0
"""What all of a room together can still read is far less."""

_NOT_SENT: Final = "that was not sent: you write faster than others can read. Try it again in a moment"

CLOCKS: Final = 20
CLOCKS_PER_S: Final = 5.0
"""One begins each talkspurt, and two a second follow (PROTOCOL.md)."""

ACTIONS: Final = 30
ACTIONS_PER_S: Final = 4.0
"""Hands, mutes, the floor, the host's commands: fingers on buttons."""

REPLIES: Final = 30
REPLIES_PER_S: Final = 4.0
"""To notices: fingers on buttons."""

COMMANDS: Final = 64
COMMANDS_PER_S: Final = 8.0
"""A dispatcher who calls all devices of a gateway at once."""

REPORTS: Final = 128
REPORTS_PER_S: Final = 10.0
"""A gateway that tells all its devices when it comes, and then what changes."""

REPORT_BYTES: Final = 131_072
REPORT_BYTES_PER_S: Final = 8_192.0
"""Twice what the relay keeps of one member, and a device's full 4 KiB twice a second."""

CAPTIONS: Final = 60
CAPTIONS_PER_S: Final = 16.0
"""Ten talkers at once: a partial line of each a second, and a final one now and then."""

CAPTION_BYTES: Final = 65_536
CAPTION_BYTES_PER_S: Final = 8_192.0
"""A partial line holds all that was said since the last pause: on average half of the longest."""

CAPTION_SWITCHES: Final = 10
CAPTION_SWITCHES_PER_S: Final = 1.0
"""Captions on, captions off: a finger on a switch, and each reconnect."""


@dataclass(slots=True)
class CaptionBudget:
    """What one member may still write as captions, and how often it may ask for them."""

    lines: LeakyBucket = field(default_factory=lambda: LeakyBucket(CAPTIONS, CAPTIONS_PER_S))
    line_bytes: LeakyBucket = field(default_factory=lambda: LeakyBucket(CAPTION_BYTES, CAPTION_BYTES_PER_S))
    switches: LeakyBucket = field(
        default_factory=lambda: LeakyBucket(CAPTION_SWITCHES, CAPTION_SWITCHES_PER_S)
    )


@dataclass(slots=True)
class ProgramBudget:
    """What one member's program may still say, beside notices, which count as chat."""

    replies: LeakyBucket = field(default_factory=lambda: LeakyBucket(REPLIES, REPLIES_PER_S))
    commands: LeakyBucket = field(default_factory=lambda: LeakyBucket(COMMANDS, COMMANDS_PER_S))
    reports: LeakyBucket = field(default_factory=lambda: LeakyBucket(REPORTS, REPORTS_PER_S))
    report_bytes: LeakyBucket = field(default_factory=lambda: LeakyBucket(REPORT_BYTES, REPORT_BYTES_PER_S))


class Writing:
    """How much may still be written, `factor` times what a person may."""

    def __init__(self, factor: float = 1.0) -> None:
        self._texts = LeakyBucket(CHATS * factor, CHATS_PER_S * factor)
        self._bytes = LeakyBucket(CHAT_BYTES * factor, CHAT_BYTES_PER_S * factor)

    def try_write(self, size: int, now: float) -> bool:
        """Count a text of `size` bytes; False if it is too much."""
        return self._texts.try_take(now) and self._bytes.try_take(now, size)

    def try_grow(self, by: int, now: float) -> bool:
        """Count `by` more bytes for the last text; False if that is too much."""
        return self._bytes.try_take(now, by)

    def is_unused(self, now: float) -> bool:
        return self._texts.is_empty(now) and self._bytes.is_empty(now)


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
