"""What a network adapter is: a network that phones may be in, one of containers or virtual machines, or a
tunnel.

Linux tells it under /sys/class/net (Documentation/ABI/testing/sysfs-class-net), and a name tells nothing
there: anybody may call an adapter anything. Elsewhere, and for drivers that don't say what they are, the name
must do.
"""

import re
from enum import Enum
from pathlib import Path
from typing import Final

SYSFS: Final = Path("/sys/class/net")


class Kind(Enum):
    """The value says it to the host."""

    LAN = "another network"
    CONTAINERS = "a network of containers or virtual machines"
    TUNNEL = "a VPN"


_CONTAINER_NAMES: Final = re.compile(
    r"docker|br-|virbr|veth|vmnet|vbox|lxc|lxd|cni|podman|vEthernet|bridge\d", re.IGNORECASE
)
_TUNNEL_NAMES: Final = re.compile(r"tun|tap|utun|wg|tailscale|zt|ppp|ipsec|nordlynx|proton", re.IGNORECASE)

_TUNNEL_TYPES: Final = {512, 768, 769, 776, 778, 823, 65534}
"""Hardware types of if_arp.h without an Ethernet of their own: PPP, IP in IP, IPv6 in IPv4, GRE, none
(WireGuard)."""
_TUNNEL_DRIVERS: Final = {"wireguard", "ppp", "gre", "gretap", "ipip", "sit", "ip6tnl", "vti", "xfrm"}
_OVERLAY_DRIVERS: Final = {"vxlan", "geneve"}
_PLAIN_DRIVERS: Final = {"wlan", "vlan", "bond", "team", "macvlan", "ipvlan", "wwan"}


def adapter_kind(name: str, sysfs: Path = SYSFS) -> Kind:
    """What the adapter called `name` is."""
    return _by_sysfs(sysfs / name) or _by_name(name)


def _by_sysfs(adapter: Path) -> Kind | None:
    """None if the system doesn't say."""
    try:
        if not adapter.is_dir():
            return None
        if (adapter / "tun_flags").exists() or _hardware_type(adapter) in _TUNNEL_TYPES:
            return Kind.TUNNEL
        driver = _driver(adapter)
        if driver in _TUNNEL_DRIVERS:
            return Kind.TUNNEL
        if driver in _OVERLAY_DRIVERS:
            return Kind.CONTAINERS
        if (adapter / "bridge").is_dir():
            return Kind.LAN if _leads_outside(adapter) else Kind.CONTAINERS
        if (adapter / "device").exists() or driver in _PLAIN_DRIVERS or _is_pair(adapter):
            return Kind.LAN
    except (OSError, ValueError):
        return None
    return None


def _leads_outside(bridge: Path) -> bool:
    """True if one of its members is more than the cable to a container or the card of a virtual machine."""
    members = [bridge.parent / member.name for member in (bridge / "brif").iterdir()]
    return any(not (member / "tun_flags").exists() and not _leads_to_container(member) for member in members)


def _leads_to_container(member: Path) -> bool:
    """True for one end of a virtual cable (veth) whose other end is in another network namespace."""
    other_end, own = _number(member / "iflink"), _number(member / "ifindex")
    if other_end == own or (member / "device").exists() or _driver(member) in _PLAIN_DRIVERS:
        return False
    adapters = [each for each in member.parent.iterdir() if (each / "ifindex").exists()]
    return not any(
        _number(each / "ifindex") == other_end and _number(each / "iflink") == own for each in adapters
    )


def _is_pair(adapter: Path) -> bool:
    """True for one end of a virtual cable: inside a container, that is the way out."""
    return _number(adapter / "iflink") != _number(adapter / "ifindex")


def _driver(adapter: Path) -> str:
    found = re.search(r"^DEVTYPE=(\S+)$", (adapter / "uevent").read_text(), re.MULTILINE)
    return found[1] if found else ""


def _hardware_type(adapter: Path) -> int:
    return _number(adapter / "type")


def _number(path: Path) -> int:
    return int(path.read_text())


def _by_name(name: str) -> Kind:
    if _CONTAINER_NAMES.match(name):
        return Kind.CONTAINERS
    if _TUNNEL_NAMES.match(name):
        return Kind.TUNNEL
    return Kind.LAN
