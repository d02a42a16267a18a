"""Removed means removed: which device a room does not let in, and how it is known again.

A device is known by its session's token, and by its address together with its name. On an address that nobody
else in the room had, the address alone tells it: a new name does not help then. That holds for IPv4: of IPv6
a limit counts the whole network, which all of a household share.
"""

import hashlib
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from streamer.relay.rooms.decisions import Bar

_DIGEST_CHARACTERS: Final = 32
"""128 bits of the token's digest: as many as the token has."""


@dataclass(frozen=True, slots=True)
class Device:
    """A device that asks to enter, or has entered: `source` is its address as limits count it."""

    source: str
    name: str
    token: str = ""


def bar_of(device: Device, number: int, shown_name: str, *, others: Sequence[Device]) -> Bar:
    """`others` are in the room. Who took the name of one of them there, at the same address, is not barred by
    it."""
    beside = [other for other in others if other.source == device.source]
    is_alone = not beside and bool(device.source) and ":" not in device.source
    is_anothers = any(_same_name(other.name, device.name) for other in beside)
    names = shown_name if is_anothers or _same_name(shown_name, device.name) else device.name
    return Bar(number, names, device.source, _digest(device.token), is_alone)


def bars_against(bars: Iterable[Bar], device: Device, *, is_shared: bool) -> list[Bar]:
    """Those that are meant for `device`."""
    token = _digest(device.token)
    return [bar for bar in bars if (token and bar.token == token) or _is_at(bar, device, is_shared)]


def _is_at(bar: Bar, device: Device, is_shared: bool) -> bool:
    if bar.source != device.source:
        return False
    return _same_name(bar.name, device.name) or (bar.is_alone and not is_shared)


def _same_name(name: str, other: str) -> bool:
    return unicodedata.normalize("NFC", name).casefold() == unicodedata.normalize("NFC", other).casefold()


def _digest(token: str) -> str:
    """What tells a token without being one: the file of decisions opens nothing."""
    return hashlib.sha256(token.encode()).hexdigest()[:_DIGEST_CHARACTERS] if token else ""
