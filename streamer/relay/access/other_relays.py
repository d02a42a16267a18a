"""The other relays of this service: members go there when this one stops, and their pages may use this one.

A page is of the relay where it was loaded, and stays that when its member has moved on: so the pages of a
relay that is gone by now may use this one, too. And a page may go where its policy said when it was loaded:
so it names those as well that are gone, and may be back.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from streamer.wire.relay_address import MAX_RELAYS, RelayAddress

_IN_PATH: Final = str.maketrans({";": "%3B", ",": "%2C"})
"""What ends a source in a Content-Security-Policy (CSP Level 3, section 2.3.1)."""


MAX_KNOWN: Final = 64
"""Relays that were there at some time since the start: as many as a service can have at once."""

MAX_SOURCES: Final = 2 * MAX_RELAYS
"""Relays in the policy of a page: a header that goes with each answer."""


class OtherRelays:
    """Those that the operator `named`, then those that are found at run time, as a cluster does."""

    def __init__(self, named: Iterable[str] = ()) -> None:
        """What is no address of a relay is left out."""
        self.on_change: Callable[[], None] = lambda: None
        """To be set by the relay: its members are told then."""
        self._named = tuple(named)
        self._all: tuple[RelayAddress, ...] = ()
        self._known: tuple[RelayAddress, ...] = ()
        """Those of `_all` first, then those that are gone, the last one first."""
        self._origins: frozenset[str] = frozenset()
        self._found: tuple[str, ...] = ()
        self._beside: tuple[RelayAddress, ...] = ()
        self._left_out: frozenset[RelayAddress] = frozenset()
        self.near: Callable[[str], Sequence[str]] = lambda room: ()
        """Which of them come first for the members of a room."""
        self.find(())

    def find(self, addresses: Iterable[str]) -> None:
        """From now on these are the ones beside those that were named; what is no address is left out."""
        self._found = tuple(addresses)
        self._follow()

    def stand_beside(self, addresses: Iterable[str]) -> None:
        """From now on these, of which one may be our own, are processes of the same relay: pages may use them
        all."""
        self._beside = _parsed(addresses)
        self._follow()

    def leave_out(self) -> None:
        """Those beside us stop with us, and are no place to go to."""
        self._left_out, self.near = frozenset(self._beside), lambda room: ()
        self._follow()

    def _follow(self) -> None:
        before = self._all, self._origins
        others = [each for each in _parsed((*self._named, *self._found)) if each not in self._left_out]
        self._all = tuple(others[:MAX_RELAYS])
        self._known = tuple(dict.fromkeys((*self._all, *self._known)))[:MAX_KNOWN]
        self._origins = frozenset(each.origin for each in (*self._known, *self._beside))
        if before != (self._all, self._origins):
            self.on_change()

    def __bool__(self) -> bool:
        return bool(self._all)

    @property
    def addresses(self) -> list[str]:
        """In the order in which a client tries them."""
        return [str(each) for each in self._all]

    def addresses_for(self, room: str) -> list[str]:
        """The same, as the members of that room try them."""
        return list(dict.fromkeys([*self.near(room), *self.addresses]))[:MAX_RELAYS]

    def has_origin(self, origin: str) -> bool:
        """Is that where one of them has its page, or had it?"""
        return origin in self._origins

    @property
    def sources(self) -> str:
        """For `connect-src` of the page: their files and sockets. It can't name an IPv6 address."""
        every = dict.fromkeys((*self._beside, *self._known))
        named = [each for each in every if not each.host.startswith("[")][:MAX_SOURCES]
        return "".join(f" {source}" for each in named for source in _sources(each))


def _parsed(addresses: Iterable[str]) -> tuple[RelayAddress, ...]:
    return tuple(dict.fromkeys(filter(None, map(RelayAddress.parse, addresses))))


def _sources(relay: RelayAddress) -> list[str]:
    place = f"{relay.origin}{relay.path.translate(_IN_PATH)}/" if relay.path else relay.origin
    return [place, place.replace("http", "ws", 1)]
