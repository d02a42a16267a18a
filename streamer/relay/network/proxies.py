"""The proxies in front of this relay: who they are, and how they say whom they bring."""

from collections.abc import Iterable
from contextlib import suppress
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network, IPv6Network, ip_address, ip_network
from typing import Final

from streamer.errors import SetupError
from streamer.relay.access.source import plain_address

_MAPPED_BITS: Final = 96
"""Of an IPv4 address that is written in IPv6, what is before it (RFC 4291, section 2.5.5.2)."""

Network = IPv4Network | IPv6Network


class ProxyProtocol(StrEnum):
    """Whether a trusted proxy begins its connections with a header of the PROXY protocol."""

    OPTIONAL = "optional"
    """It may. Not for one that passes bytes through without a header: its clients could send one of their
    own."""
    REQUIRED = "required"
    OFF = "off"


class TrustedProxies:
    """Only what comes from these `networks` (CIDR, or one address) may say that it comes from elsewhere."""

    def __init__(
        self, networks: Iterable[str] = (), protocol: ProxyProtocol = ProxyProtocol.OPTIONAL
    ) -> None:
        """Raises SetupError for what is no network."""
        self.protocol = protocol
        self._networks = tuple(map(_network, networks))

    def trusts(self, address: str) -> bool:
        """Is this a proxy of ours? An IPv4 address that is written in IPv6 is the same as its plain form."""
        if not self._networks:
            return False
        try:
            found = ip_address(plain_address(address))
        except ValueError:
            return False
        return any(found in network for network in self._networks)


def _network(text: str) -> Network:
    try:
        if "%" in text:
            raise ValueError("a network has no zone")
        return _plain(ip_network(text.strip()))
    except ValueError as error:
        hint = "give one such as 10.0.0.0/8, 192.168.1.5 or ::1"
        with suppress(ValueError):
            hint = f"do you mean {ip_network(text.strip(), strict=False)}?"
        words = " ".join(text.split())
        raise SetupError(f"--trust-proxy {words} is not a network ({error}): {hint}") from None


def _plain(network: Network) -> Network:
    mapped = network.network_address.ipv4_mapped if isinstance(network, IPv6Network) else None
    if not isinstance(mapped, IPv4Address) or network.prefixlen < _MAPPED_BITS:
        return network
    return IPv4Network((mapped, network.prefixlen - _MAPPED_BITS))
