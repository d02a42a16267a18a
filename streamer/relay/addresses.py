"""Where phones on this network find this computer."""

import ipaddress
import platform
import socket
from typing import Final

import ifaddr

from streamer.relay.tls import is_private

_ANYWHERE: Final = ("192.0.2.1", 9)
"""TEST-NET-1 (RFC 5737): nothing is sent there; connecting a UDP socket only asks the routing table."""


def lan_addresses() -> list[str]:
    """The IPv4 addresses of this computer that phones may reach, the likeliest first; loopback where there is none."""
    found = [
        str(address.ip)
        for adapter in ifaddr.get_adapters()
        for address in adapter.ips
        if isinstance(address.ip, str) and _is_usable(str(address.ip))
    ]
    default = default_address()
    found.sort(key=lambda address: (address != default, not is_private(address)))
    return found or ["127.0.0.1"]


def default_address() -> str | None:
    """The address this computer uses towards the network, if it has a route at all."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(_ANYWHERE)
        except OSError:
            return None
        return str(probe.getsockname()[0])


def local_names() -> list[str]:
    host = platform.node().split(".")[0].lower()
    return ["localhost", f"{host}.local"] if host else ["localhost"]


def _is_usable(address: str) -> bool:
    parsed = ipaddress.ip_address(address)
    return not (parsed.is_loopback or parsed.is_link_local)
