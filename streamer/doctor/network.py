"""Do phones find the relay on this machine: addresses, port, certificate, and what may stand in between?"""

import errno
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

from streamer.doctor.finding import Finding, ill, unsure, well
from streamer.relay.http.static_files import read_page
from streamer.relay.network.addresses import lan_addresses, mdns_name, usable_addresses

PATIENCE_S: Final = 5
UFW: Final = Path("/etc/ufw/ufw.conf")


def page() -> Finding:
    return well(f"{len(read_page())} files, the codec among them")


def addresses() -> Finding:
    found = lan_addresses()
    usable = [f"{each.address} ({each.adapter}, {each.reason})" for each in found if each.is_usable]
    if usable:
        return well("phones may use " + ", ".join(usable))
    others = ", ".join(f"{each.address} is {each.reason}" for each in found)
    best = usable_addresses(with_ipv6=True)[0]
    return ill(
        f"there is no address for phones here; {others}; the best there is for the links is {best}",
        "join this computer to the Wi-Fi of the phones",
    )


def name() -> Finding:
    found = mdns_name()
    if found:
        return well(f"{found}, where phones ask for such names")
    return unsure(
        "this computer has no name of its own", "give it one in the system's settings; the address does as well"
    )


def port(number: int) -> Finding:
    try:
        socket.create_server(("0.0.0.0", number)).close()
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            return unsure(
                f"{number} is in use", "it may be a relay that runs already; else stop it, or choose another --port"
            )
        return ill(f"{number} can't be had ({error.strerror})", "choose a port above 1023 with --port")
    return well(f"{number} is free")


def firewall(number: int) -> Finding:
    """What can be seen without the rights of an administrator; a router between may still keep phones apart."""
    for is_on, words, cure in _firewalls(number):
        if is_on():
            return unsure(f"{words} is on", cure)
    cure = "if phones don't get through, look for a firewall here and for “client isolation” in the router's settings"
    return (
        unsure("none was seen; that is not proof", cure) if sys.platform == "win32" else well(f"none was seen; {cure}")
    )


def _firewalls(number: int) -> list[tuple[Callable[[], bool], str, str]]:
    mac = "/usr/libexec/ApplicationFirewall/socketfilterfw"
    return [
        (_ufw_is_on, "ufw", f"allow the port: sudo ufw allow {number}/tcp"),
        (
            lambda: _says("running", "firewall-cmd", "--state"),
            "firewalld",
            f"allow the port: sudo firewall-cmd --add-port={number}/tcp",
        ),
        (
            lambda: _says("enabled", mac, "--getglobalstate"),
            "the firewall of macOS",
            "press Allow when it asks about Python",
        ),
        (
            lambda: _says("ON", "netsh", "advfirewall", "show", "currentprofile", "state"),
            "the firewall of Windows",
            "press Allow, for private networks, when it asks about Python",
        ),
    ]


def _ufw_is_on() -> bool:
    try:
        return "ENABLED=yes" in UFW.read_text()
    except OSError:
        return False


def _says(word: str, *command: str) -> bool:
    """Is the command here, and does it say so?"""
    if shutil.which(command[0]) is None:
        return False
    try:
        said = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return word in said.stdout.split()
