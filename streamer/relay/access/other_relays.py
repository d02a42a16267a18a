"""The other relays of this service: members go there when this one stops, and their pages may use this one."""

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from streamer.wire.relay_address import MAX_RELAYS, RelayAddress

_IN_PATH: Final = str.maketrans({";": "%3B", ",": "%2C"})
"""What ends a source in a Content-Security-Policy (CSP Level 3, section 2.3.1)."""


class OtherRelays:
    """Those that the operator `named`, then those that are found at run time, as a cluster does."""

    def __init__(self, named: Iterable[str] = ()) -> None:
        """What is no address of a relay is left out."""
        self.on_change: Callable[[], None] = lambda: None
        """To be set by the relay: its members are told then."""
        self._named = tuple(named)
        self._all: tuple[RelayAddress, ...] = ()
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
        """From now on these, of which one may be our own, are processes of the same relay: pages may use them all."""
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
        self._origins = frozenset(each.origin for each in (*self._all, *self._beside))
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
        """Is that where one of them has its page?"""
        return origin in self._origins

    @property
    def sources(self) -> str:
        """For `connect-src` of the page: their files and sockets. It can't name an IPv6 address."""
        every = dict.fromkeys((*self._all, *self._beside))
        named = [each for each in every if not each.host.startswith("[")]
        return "".join(f" {source}" for each in named for source in _sources(each))


def _parsed(addresses: Iterable[str]) -> tuple[RelayAddress, ...]:
    return tuple(dict.fromkeys(filter(None, map(RelayAddress.parse, addresses))))


def _sources(relay: RelayAddress) -> list[str]:
    place = f"{relay.origin}{relay.path.translate(_IN_PATH)}/" if relay.path else relay.origin
    return [place, place.replace("http", "ws", 1)]
