"""Where phones on this network find this computer."""

import ipaddress
import platform
import re
import socket
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

import ifaddr

from streamer.relay.network.adapters import Kind, adapter_kind
from streamer.relay.tls.authority import Authority, is_private

LOOPBACK: Final = "127.0.0.1"

_ANYWHERE: Final = ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1"))
"""For documentation only (RFC 5737, RFC 3849): nothing is sent; connecting a UDP socket asks the routing
table."""
_DISCARD_PORT: Final = 9
_USUAL_PORTS: Final = {"https": 443, "http": 80}
_MAX_LABEL_CHARACTERS: Final = 63
"""Of one part of a name (RFC 1035, section 2.3.4)."""


@dataclass(frozen=True, slots=True)
class LanAddress:
    """An address of this computer, and why phones may or may not find it there."""

    address: str
    adapter: str
    is_usable: bool
    reason: str
    rank: int = 0
    """How good it is if no address is usable: the lower, the better."""


def lan_addresses() -> list[LanAddress]:
    """All of this computer's addresses, the one to give away first. Raises OSError if the system doesn't tell
    them."""
    default = default_address()
    found = [judge(address, adapter, default) for adapter, address in _all_addresses()]
    return sorted(found, key=lambda each: _preference(each, default))


def usable_addresses(*, with_ipv6: bool = False) -> list[str]:
    """Those that phones may reach, the likeliest first; if there are none, the best of the others; loopback
    comes last.

    IPv6 comes behind IPv4: its addresses are hard to type, and change often.
    """
    found = [each for each in lan_addresses() if with_ipv6 or not _is_ipv6(each.address)]
    usable = [each.address for each in found if each.is_usable]
    usable.sort(key=_is_ipv6)
    best = [each.address for each in found[:1] if not ipaddress.ip_address(each.address).is_loopback]
    return usable or best or [LOOPBACK]


def to_be_typed(addresses: Iterable[str]) -> list[str]:
    """Those of `addresses` that links may hold: IPv4, and IPv6 where there is nothing else."""
    found = list(addresses)
    return [address for address in found if not _is_ipv6(address)] or found


def uncertified(authority: Authority) -> tuple[str, str] | None:
    """What phones may reach and `authority` can't certify, in words, and what to do; None if it certifies
    all."""
    usable = [each.address for each in lan_addresses() if each.is_usable]
    outside = [address for address in usable if not authority.covers(address)]
    if not outside:
        return None
    are = "are not private addresses" if len(outside) > 1 else "is not a private address"
    return (
        f"{', '.join(outside)} {are}, so the relay's authority can't certify "
        f"{'them' if len(outside) > 1 else 'it'}",
        "use a certificate of your own (--cert, --key), or give this computer a private address",
    )


def has_ipv6() -> bool:
    """True if this computer has IPv6 at all, and one socket can take both."""
    if not socket.has_dualstack_ipv6():
        return False
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


def needs_ipv6() -> bool:
    """True if phones may reach this computer by IPv6 alone."""
    usable = [each for each in lan_addresses() if each.is_usable]
    return bool(usable) and all(_is_ipv6(each.address) for each in usable)


def with_loopback(addresses: Iterable[str]) -> list[str]:
    """What a certificate for these is to hold: this computer may ask for itself, too."""
    return [LOOPBACK, "::1", *addresses]


def default_address() -> str | None:
    """The address this computer uses towards the network, if it has a route at all."""
    for family, anywhere in _ANYWHERE:
        try:
            with socket.socket(family, socket.SOCK_DGRAM) as probe:
                probe.connect((anywhere, _DISCARD_PORT))
                return str(probe.getsockname()[0])
        except OSError:
            continue
    return None


def in_url(host: str) -> str:
    """`host` as a URL has it: IPv6 in brackets (RFC 3986, section 3.2.2)."""
    return f"[{host}]" if ":" in host else host


def site(scheme: str, host: str, port: int) -> str:
    """What links to this place begin with; the usual port is left out."""
    return f"{scheme}://{in_url(host)}" + ("" if port == _USUAL_PORTS[scheme] else f":{port}")


def local_names() -> list[str]:
    return ["localhost", *filter(None, [mdns_name()])]


def mdns_name() -> str | None:
    """This computer's name under `.local`, where it has a name at all.

    People and systems name computers as they like. Only what a host name may hold is kept (RFC 1123, section
    2.1).
    """
    plain = (
        unicodedata.normalize("NFKD", platform.node().split(".")[0])
        .encode("ascii", "ignore")
        .decode()
        .lower()
    )
    label = re.sub(r"[^a-z0-9]+", "-", plain)[:_MAX_LABEL_CHARACTERS].strip("-")
    return f"{label}.local" if label and label != "localhost" else None


def judge(address: str, adapter: str, default: str | None, kind: Kind | None = None) -> LanAddress:
    """Says if phones may reach this computer at `address`; `default` is the address of the route to the
    router."""
    parsed = ipaddress.ip_address(address)
    is_way_out = address == default
    if parsed.is_loopback:
        return LanAddress(address, adapter, False, "this computer only", rank=4)
    if parsed.is_link_local:
        return LanAddress(address, adapter, False, "no router gave it an address", rank=2)
    kind = kind or adapter_kind(adapter)
    if kind is Kind.TUNNEL:
        return LanAddress(address, adapter, False, kind.value, rank=1)
    if kind is Kind.CONTAINERS and not is_way_out:
        return LanAddress(address, adapter, False, kind.value, rank=3)
    return LanAddress(address, adapter, True, "the way to the router" if is_way_out else "another network")


def _preference(each: LanAddress, default: str | None) -> tuple[object, ...]:
    return (
        not each.is_usable,
        each.rank,
        _is_ipv6(each.address),
        each.address != default,
        not is_private(each.address),
    )


def _all_addresses() -> Iterator[tuple[str, str]]:
    """Adapter and address; without the link-local addresses of IPv6, which no link can hold."""
    for adapter in ifaddr.get_adapters():
        for address in adapter.ips:
            if isinstance(address.ip, str):
                yield adapter.nice_name, address.ip
            elif not (parsed := ipaddress.ip_address(address.ip[0])).is_link_local and not parsed.is_loopback:
                yield adapter.nice_name, address.ip[0]


def _is_ipv6(address: str) -> bool:
    return ":" in address
