"""Where a relay listens, from what its host typed, and how its links name that."""

import ipaddress
import socket
from dataclasses import dataclass
from typing import Final

from streamer.errors import SetupError
from streamer.relay.network.addresses import (
    LOOPBACK,
    default_address,
    has_ipv6,
    local_names,
    mdns_name,
    needs_ipv6,
    usable_addresses,
)

EVERYWHERE: Final = "0.0.0.0"
EVERYWHERE_IPV6: Final = "::"
"""By IPv4 as well: the listener takes both."""


@dataclass(frozen=True, slots=True)
class Place:
    """`bind` is the address to listen on; `name` is what the host called it, if that is no address."""

    bind: str
    name: str | None = None

    @property
    def is_everywhere(self) -> bool:
        return self.bind in (EVERYWHERE, EVERYWHERE_IPV6)

    @property
    def names(self) -> list[str]:
        """The names that a certificate should be for."""
        named = [self.name] if self.name else []
        return local_names() if self.is_everywhere else list(dict.fromkeys(["localhost", *named]))

    @property
    def addresses(self) -> list[str]:
        """Where phones find this relay now, the best first. Raises OSError if the system doesn't tell."""
        return usable_addresses(with_ipv6=self.bind == EVERYWHERE_IPV6) if self.is_everywhere else [self.bind]

    def first_addresses(self) -> list[str]:
        """The same at the start, where something must be said."""
        try:
            return self.addresses
        except OSError:
            return [default_address() or LOOPBACK]


def place(host: str | None, *, no_tls: bool) -> Place:
    """The place of `--host`; raises SetupError if no place has this name."""
    if not host:
        return Place(LOOPBACK) if no_tls else _everywhere()
    host = host.strip()
    if host == "*":
        return _everywhere()
    bare = host.removeprefix("[").removesuffix("]")
    try:
        address = ipaddress.ip_address(bare)
    except ValueError:
        return _named(host)
    if address.is_link_local and address.version == 6:
        words = (
            f"browsers can't open links with the link-local address {bare}: "
            "choose another --host, or * for all"
        )
        raise SetupError(words)
    return Place(str(address))


def place_of(listener: socket.socket) -> Place:
    """Where a socket listens that somebody else opened."""
    return Place(str(listener.getsockname()[0]))


def _everywhere(name: str | None = None) -> Place:
    """By IPv4 and, where this computer has it, by IPv6."""
    try:
        return Place(EVERYWHERE_IPV6 if has_ipv6() or needs_ipv6() else EVERYWHERE, name)
    except OSError:
        return Place(EVERYWHERE, name)


def _named(name: str) -> Place:
    if name.lower().rstrip(".") == "localhost":
        return Place(LOOPBACK, "localhost")
    if name.lower().rstrip(".") == mdns_name():
        return _everywhere(mdns_name())  # which we announce ourselves
    try:
        found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is no name"
        words = f"there is no address for --host {name} ({reason}): give an address of this computer"
        raise SetupError(words) from None
    by_ipv4 = sorted(found, key=lambda each: each[0] != socket.AF_INET)
    return Place(str(by_ipv4[0][4][0]), name)
