"""Which addresses a hook may be sent to.

A hook's URL is a way to make this computer ask another one. It must not reach what trusts this computer for
being this computer: its own services, or a cloud's metadata. A name is no proof, since it may lead elsewhere
a moment later. So the check is made where the socket is opened, for the very address that it is about to
connect to.
"""

import ipaddress
import socket
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import urldefrag, urlsplit

from streamer.errors import SetupError

MAX_URL_CHARACTERS: Final = 2_000
"""Longer ones fail at some server or proxy in any case."""

RECEIVED_BYTES: Final = 4_096
"""Of an answer, of which the status is all that counts."""

_SCHEMES: Final = ("http", "https")
_DISCARD_PORT: Final = 9
"""RFC 863; nothing is sent there: connecting a UDP socket only asks the routing table."""

_METADATA: Final = frozenset(
    map(
        ipaddress.ip_address,
        (
            "169.254.169.254",  # most clouds
            "fd00:ec2::254",  # Amazon
            "fd20:ce::254",  # Google
            "100.100.100.200",  # Alibaba
            "192.0.0.192",  # Oracle
            "168.63.129.16",  # Azure
        ),
    )
)
_IPV4_INSIDE: Final = tuple(
    (ipaddress.IPv6Network(network), shift)
    for network, shift in (
        ("::ffff:0:0/96", 0),  # IPv4-mapped, RFC 4291
        ("::/96", 0),  # IPv4-compatible, RFC 4291
        ("::ffff:0:0:0/96", 0),  # IPv4-translated, RFC 2765
        ("64:ff9b::/96", 0),  # NAT64, RFC 6052
        ("64:ff9b:1::/48", 0),  # NAT64 of a network's own, RFC 8215
        ("2002::/16", 80),  # 6to4, RFC 3056
    )
)
"""IPv6 networks whose addresses carry an IPv4 address, and how many bits are to the right of it."""

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class ForbiddenTargetError(OSError):
    """A hook would go to an address that it is not allowed to."""


def check_url(url: str) -> str:
    """Returns `url` as it is sent to. Raises SetupError if no hook can have it."""
    if len(url) > MAX_URL_CHARACTERS or not url.isprintable():
        raise SetupError(f"the URL of a hook is at most {MAX_URL_CHARACTERS:,} printable characters long")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise SetupError(f"{url} is not a URL: {error}") from None
    if parts.scheme not in _SCHEMES or not parts.hostname:
        raise SetupError(f"{url} is not the URL of a hook, which begins with https:// or http://")
    if port == 0:
        raise SetupError(f"{url} is not the URL of a hook: nothing listens on port 0")
    if parts.username or parts.password:
        raise SetupError("the URL of a hook holds no password: the signature tells the receiver who sends it")
    return urldefrag(url).url


def guarded_socket(info: tuple[Any, ...]) -> socket.socket:
    """A socket for an entry of `getaddrinfo`; raises ForbiddenTargetError if its address is forbidden."""
    address = info[4]
    reason = why_forbidden(address[0])
    if reason:
        raise ForbiddenTargetError(
            f"{address[0]} is {reason}; `streamer hook add --allow-any-address` allows that"
        )
    return open_socket(info)


def open_socket(info: tuple[Any, ...]) -> socket.socket:
    """A socket for an entry of `getaddrinfo`. It takes little at once: voice waits while an answer is
    read."""
    family, kind, protocol, _, _ = info
    opened = socket.socket(family, kind, protocol)
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVED_BYTES)
    return opened


def why_forbidden(address: str) -> str | None:
    """Says in words what an IP address is, if no hook may be sent there."""
    for form in _forms(ipaddress.ip_address(address.split("%")[0])):
        reason = _reason(form)
        if reason:
            return reason
    return None


def _forms(address: Address) -> Iterator[Address]:
    """The address, and each IPv4 address that a router may find in it."""
    yield address
    if isinstance(address, ipaddress.IPv4Address):
        return
    for network, shift in _IPV4_INSIDE:
        if address in network and int(address) > 1:  # :: and ::1 are themselves
            yield ipaddress.IPv4Address(int(address) >> shift & 0xFFFF_FFFF)


def _reason(address: Address) -> str | None:
    if address in _METADATA:
        return "where clouds keep their metadata"
    if address.is_loopback or address.is_unspecified or _is_own(address):
        return "this computer's own address"
    if address.is_link_local:
        return "a link-local address"
    if address.is_multicast or str(address) == "255.255.255.255":
        return "not the address of one computer"
    return None


def _is_own(address: Address) -> bool:
    """A system that is to reach itself takes the address itself as the source."""
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((str(address), _DISCARD_PORT))
            return ipaddress.ip_address(probe.getsockname()[0].split("%")[0]) == address
    except OSError:  # there is no way there
        return False
