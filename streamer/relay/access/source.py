"""What counts as one address, for every limit per address.

A device with IPv6 may take any address of its network's /64 (RFC 8981), so a /64 is one address to a limit.
An IPv4 address that is written in IPv6 (RFC 4291, section 2.5.5.2) is the same as its plain form.
"""

from functools import lru_cache
from ipaddress import IPv6Address, IPv6Network, ip_address

_PREFIX_BITS = 64
_REMEMBERED = 1_024
"""Addresses whose form is not worked out again; a few for each device of a large network."""


@lru_cache(_REMEMBERED)
def plain_address(address: str) -> str:
    """`address` without its zone, and as IPv4 where it is that."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(found, IPv6Address) and found.ipv4_mapped:
        return str(found.ipv4_mapped)
    return str(found)


@lru_cache(_REMEMBERED)
def source_of(address: str) -> str:
    """The name under which limits count `address`; anything but an IP address is its own name."""
    plain = plain_address(address)
    return str(IPv6Network((plain, _PREFIX_BITS), strict=False)) if ":" in plain else plain
