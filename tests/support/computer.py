"""A computer of its own: a network namespace, in which a test plugs in networks. Needs root."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest
from audio_rig import wait_until
from processes import START_S, STREAMER, RelayProcess, StreamerProcess

PORT: Final = 8443
ASK_HEALTH: Final = """
import ssl, sys, urllib.request
trusting = ssl.create_default_context(cafile=sys.argv[2])
print(urllib.request.urlopen(sys.argv[1], timeout=10, context=trusting).read().decode())
"""
ASK_ADDRESSES: Final = """
import asyncio, sys
from zeroconf import AddressResolver
from zeroconf.asyncio import AsyncZeroconf
async def ask():
    zeroconf = AsyncZeroconf(interfaces=[sys.argv[2]])
    resolver = AddressResolver(sys.argv[1] + ".")
    await resolver.async_request(zeroconf.zeroconf, 3000)
    print(*resolver.parsed_addresses())
    await zeroconf.async_close()
asyncio.run(ask())
"""


class Computer:
    """A network namespace without a network card, but for loopback."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name = name
        self.streamer = folder / "streamer-there"
        self.streamer.write_text(f'#!/bin/sh\nexec ip netns exec {name} {STREAMER} "$@"\n')
        self.streamer.chmod(0o755)

    def run(self, *command: str) -> str:
        there = ["ip", "netns", "exec", self.name, *command]
        return subprocess.run(there, check=True, capture_output=True, text=True, timeout=30).stdout

    def addresses_of(self, name: str, from_address: str) -> str:
        """What is answered by mDNS to a program there that asks from one of the computer's addresses."""
        return self.run(sys.executable, "-c", ASK_ADDRESSES, name, from_address)

    def add_network(self, card: str, address: str) -> None:
        """A new card, which is the way to the router from now on."""
        self.run("ip", "link", "add", card, "type", "veth", "peer", "name", f"{card}-peer")
        self.run("ip", "link", "set", f"{card}-peer", "up")
        self.run("ip", "addr", "add", f"{address}/24", "dev", card)
        self.run("ip", "link", "set", card, "up", "multicast", "on")
        self.run("ip", "route", "replace", "default", "dev", card)

    def add_address(self, card: str, address: str, *kind: str) -> None:
        """A new card of a `kind` that `ip link add` knows, by default one end of a cable; no route leads over
        it."""
        self.run("ip", "link", "add", card, *(kind or ("type", "veth", "peer", "name", f"{card}-peer")))
        if not kind:
            self.run("ip", "link", "set", f"{card}-peer", "up")
        self.run("ip", "addr", "add", f"{address}/24", "dev", card)
        self.run("ip", "link", "set", card, "up")

    def add_vpn(self, card: str, address: str) -> None:
        """A tunnel that takes all traffic, as a VPN does."""
        self.run("ip", "tuntap", "add", "dev", card, "mode", "tun")
        self.run("ip", "addr", "add", f"{address}/24", "dev", card)
        self.run("ip", "link", "set", card, "up")
        self.run("ip", "route", "replace", "default", "dev", card)


@contextmanager
def a_computer(folder: Path) -> Iterator[Computer]:
    if os.geteuid() != 0:
        pytest.skip("only root can make a network namespace")
    name = f"streamer{os.getpid()}"
    subprocess.run(["ip", "netns", "add", name], check=True)
    try:
        computer = Computer(name, folder)
        computer.run("ip", "link", "set", "lo", "up")
        yield computer
    finally:
        subprocess.run(["ip", "netns", "del", name], check=True)


class RelayThere(RelayProcess):
    """Listens at every address, in a network where only those there can ask it how it is."""

    def __init__(self, home: Path, computer: Computer) -> None:
        StreamerProcess.__init__(self, home, "serve", "--port", str(PORT), program=computer.streamer)
        self._computer = computer

    def wait_ready(self) -> None:
        wait_until(self._announced, START_S, self.complaint)

    def health(self, address: str) -> dict[str, object]:
        """What the relay says at one of its addresses, to a program there that trusts its authority."""
        url = f"https://{address}:{PORT}/healthz"
        answer: dict[str, object] = json.loads(
            self._computer.run(sys.executable, "-c", ASK_HEALTH, url, str(self.authority))
        )
        return answer
