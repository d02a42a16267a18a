"""The relays of a service that a client knows: in which order it tries them, and by which token it comes to
each.

Twin of web/worker/connection/relays.js. The relay that let us in last comes first, then those that it lists,
then the one of our link. Each knows us by the token that it gave us; one that gave us none may know the
newest (relays of a cluster do), and else lets us in by the invitation.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from streamer.wire.relay_address import RelayAddress, usable_relays
from streamer.wire.room_link import Address

FIRST_PATIENCE_S: Final = 1.0
"""For a relay that does not answer, where there are others: one in the same network answers within 0.1 s. It
doubles with each round, for one that is far away."""
_MOST_DOUBLINGS: Final = 5

MOVE_PATIENCE_S: Final = 2.5
"""For a relay to let us in while another one still has us: nothing is lost by waiting for one that is busy,
but by giving it up when it has just let us in. What says nothing for so long is gone everywhere else, too. It
doubles with each round."""
_MOST_MOVE_DOUBLINGS: Final = 3

_Where = tuple[bool, str, int, str]


class Relays:
    """`own_token` is what the client comes by before a relay gave it one."""

    def __init__(self, address: Address, own_token: str) -> None:
        self._link = address
        self.home = address
        self._listed: tuple[Address, ...] = ()
        self._newest = own_token
        self._tokens: dict[_Where, str] = {}
        self._is_leaving = False

    def joined(self, address: Address, token: str, listed: Iterable[object]) -> None:
        """The relay at `address` has let us in, and knows us by `token`."""
        if self.home is self._link and address.host == self._link.host:  # an http: link may lead to TLS
            self._link = address
        self.home = address
        self._newest = token
        self._tokens[_where(address)] = token
        self.learn(listed)

    def learn(self, listed: Iterable[object], *, is_leaving: bool = False) -> None:
        """What the relay at `home` says of the others, which replaces what was known, and whether they come
        first."""
        self._is_leaving = is_leaving
        usable = usable_relays(listed, "https" if self.home.secure else "http")
        self._listed = tuple(map(self._at, usable))
        known = {_where(each) for each in (self.home, self._link, *self._listed)}
        self._tokens = {where: token for where, token in self._tokens.items() if where in known}

    def leave_home(self) -> None:
        """The relay that we are at drains: the others come first."""
        self._is_leaving = True

    @property
    def others(self) -> tuple[Address, ...]:
        """Where to move to. A load balancer may have the address of `home` itself."""
        return self._listed

    @property
    def all(self) -> list[Address]:
        """In the order in which they are tried after a loss."""
        by_rank = (
            (*self._listed, self.home, self._link)
            if self._is_leaving
            else (self.home, *self._listed, self._link)
        )
        return list({_where(each): each for each in reversed(by_rank)}.values())[::-1]

    def token(self, address: Address) -> str:
        return self._tokens.get(_where(address), self._newest)

    def _at(self, relay: RelayAddress) -> Address:
        host = relay.host.removeprefix("[").removesuffix("]")
        return replace(
            self._link, secure=relay.scheme == "https", host=host, port=relay.port, path=relay.path
        )


def patience_s(tries: int, relays: int, most_s: float) -> float:
    """How long the next of `tries` may take, by the number of relays that are tried in turn."""
    if relays < 2:
        return most_s
    return min(most_s, FIRST_PATIENCE_S * 2.0 ** min((tries - 1) // relays, _MOST_DOUBLINGS))


def move_patience_s(tries: int, others: int) -> float:
    """How long the next of `tries` of a move may take, by the number of relays that are tried in turn."""
    return MOVE_PATIENCE_S * 2.0 ** min((tries - 1) // others, _MOST_MOVE_DOUBLINGS)


def _where(address: Address) -> _Where:
    return address.secure, address.host, address.port, address.path
