"""Can phones reach the relay on this computer: its page, addresses, name, port and firewall."""

import errno
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

from streamer.doctor.finding import Finding, error, ok, warning
from streamer.relay.http.static_files import read_page
from streamer.relay.network.addresses import has_ipv6, lan_addresses, mdns_name, usable_addresses
from streamer.relay.network.listener import listening_socket
from streamer.relay.network.places import EVERYWHERE, EVERYWHERE_IPV6

PATIENCE_S: Final = 5
"""How long a command of the system may take, in seconds: one that hangs must not hang the doctor."""

UFW: Final = Path("/etc/ufw/ufw.conf")


def page() -> Finding:
    return ok(f"{len(read_page())} files, including the codec")


def addresses() -> Finding:
    found = lan_addresses()
    usable = [f"{each.address} ({each.adapter}, {each.reason})" for each in found if each.is_usable]
    if usable:
        return ok("phones can use " + ", ".join(usable))
    others = ", ".join(f"{each.address} is {each.reason}" for each in found)
    best = usable_addresses(with_ipv6=True)[0]
    return error(
        f"this computer has no address that phones can reach; {others}; the links will use {best}",
        "connect this computer to the same Wi-Fi as the phones",
    )


def name() -> Finding:
    found = mdns_name()
    if found:
        return ok(f"{found}, for phones that look up .local names")
    return warning("this computer has no name", "give it one in the system's settings, or use its address")


def port(number: int, option: str = "--port") -> Finding:
    try:
        listening_socket(EVERYWHERE_IPV6 if has_ipv6() else EVERYWHERE, number).close()
    except OSError as failure:
        if failure.errno == errno.EADDRINUSE:
            return warning(
                f"{number} is in use",
                f"a relay may be running already; if not, stop the other program or choose another {option}",
            )
        if failure.errno == errno.EACCES:
            return error(
                f"this user may not use {number}",
                "let systemd give the right (docs/operations.md, Ports 80 and 443), or choose one above 1023 "
                "with "
                f"{option}",
            )
        return error(f"{number} can't be used ({failure.strerror})", f"choose another one with {option}")
    return ok(f"{number} is free")


def join_port(number: int | None) -> Finding:
    if number is None:
        return ok("not asked for (--http-port); the join page is on the relay's own port")
    return port(number, "--http-port")


def ipv6() -> Finding:
    """The relay listens by IPv4 in any case."""
    if not has_ipv6():
        return ok("this computer has none; the relay listens by IPv4")
    found = [each.address for each in lan_addresses() if each.is_usable and ":" in each.address]
    return ok(
        f"phones can use {', '.join(found)}" if found else "it is on, but no router assigned an address"
    )


def firewall(number: int) -> Finding:
    """Looks as far as a user without administrator rights can; a router may still block phones from this
    computer."""
    for is_on, words, remedy in _firewalls(number):
        if is_on():
            return warning(f"{words} is on", remedy)
    remedy = (
        "if phones can't connect, look for a firewall here "
        "and for “client isolation” in the router's settings"
    )
    return (
        warning("none was found, but there may be one", remedy)
        if sys.platform == "win32"
        else ok(f"none was found; {remedy}")
    )


def _firewalls(number: int) -> list[tuple[Callable[[], bool], str, str]]:
    mac = "/usr/libexec/ApplicationFirewall/socketfilterfw"
    return [
        (_ufw_is_on, "ufw", f"allow the ports: sudo ufw allow {number}/tcp; sudo ufw allow 5353/udp"),
        (
            lambda: _says("running", "firewall-cmd", "--state"),
            "firewalld",
            f"allow the ports: sudo firewall-cmd --add-port={number}/tcp --add-service=mdns",
        ),
        (
            lambda: _says("enabled", mac, "--getglobalstate"),
            "the macOS firewall",
            "choose Allow when it asks about Python",
        ),
        (
            lambda: _says("ON", "netsh", "advfirewall", "show", "currentprofile", "state"),
            "the Windows firewall",
            "choose Allow, for private networks, when it asks about Python",
        ),
    ]


def _ufw_is_on() -> bool:
    try:
        return "ENABLED=yes" in UFW.read_text(errors="replace")
    except OSError:
        return False


def _says(word: str, *command: str) -> bool:
    """Returns True if the command exists and prints `word`."""
    if shutil.which(command[0]) is None:
        return False
    try:
        said = subprocess.run(command, capture_output=True, timeout=PATIENCE_S, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return word.encode() in said.stdout.split()
