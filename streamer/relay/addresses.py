"""Where phones on this network find this computer."""

import ipaddress
import platform
import re
import socket
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

import ifaddr

from streamer.relay.tls import is_private

LOOPBACK: Final = "127.0.0.1"

_ANYWHERE: Final = ("192.0.2.1", 9)
"""TEST-NET-1 (RFC 5737): nothing is sent there; connecting a UDP socket only asks the routing table."""

_BRIDGES: Final = re.compile(r"docker|br-|virbr|veth|vmnet|vbox|lxc|lxd|cni|podman|vEthernet|bridge\d", re.IGNORECASE)
_TUNNELS: Final = re.compile(r"tun|tap|utun|wg|tailscale|zt|ppp|ipsec|nordlynx|proton", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class LanAddress:
    """An IPv4 address of this computer, and why phones may or may not find it there."""

    address: str
    adapter: str
    is_usable: bool
    reason: str


def lan_addresses() -> list[LanAddress]:
    """All of this computer's addresses, the one to give away first."""
    default = default_address()
    found = [judge(address, adapter, default) for adapter, address in _all_addresses()]
    return sorted(found, key=lambda each: (not each.is_usable, each.address != default, not is_private(each.address)))


def usable_addresses() -> list[str]:
    """Those that phones may reach, the likeliest first; loopback where there is none."""
    return [each.address for each in lan_addresses() if each.is_usable] or [LOOPBACK]


def with_loopback(addresses: Iterable[str]) -> list[str]:
    """What a certificate for these is to hold: this computer may ask for itself, too."""
    return [LOOPBACK, "::1", *addresses]


def default_address() -> str | None:
    """The address this computer uses towards the network, if it has a route at all."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(_ANYWHERE)
        except OSError:
            return None
        return str(probe.getsockname()[0])


def local_names() -> list[str]:
    return ["localhost", *filter(None, [mdns_name()])]


def mdns_name() -> str | None:
    """This computer's name under `.local`, where it has a name at all."""
    host = platform.node().split(".")[0].lower()
    return f"{host}.local" if host and host != "localhost" else None


def _all_addresses() -> Iterator[tuple[str, str]]:
    for adapter in ifaddr.get_adapters():
        for address in adapter.ips:
            if isinstance(address.ip, str):
                yield adapter.nice_name, address.ip


def judge(address: str, adapter: str, default: str | None) -> LanAddress:
    """Whether phones may find this computer at an address of its `adapter`; `default` is the way to the router."""
    parsed = ipaddress.ip_address(address)
    if parsed.is_loopback:
        return LanAddress(address, adapter, False, "only this computer itself")
    if parsed.is_link_local:
        return LanAddress(address, adapter, False, "no router gave it an address")
    if _BRIDGES.match(adapter):
        return LanAddress(address, adapter, False, "a network of containers or virtual machines")
    if _TUNNELS.match(adapter):
        return LanAddress(address, adapter, False, "a VPN")
    return LanAddress(address, adapter, True, "the way to the router" if address == default else "another network")
