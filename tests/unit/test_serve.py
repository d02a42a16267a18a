"""A relay whose computer gets another address while people talk, in a network namespace of its own. Needs root."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from audio_rig import wait_until
from processes import STREAMER, RelayProcess, StreamerProcess
from sound import speech
from test_wav_files import write

OLD, NEW = "10.78.1.1", "10.78.2.1"
SIX = 6
ASK = """
import asyncio, socket, sys
from zeroconf import AddressResolverIPv4
from zeroconf.asyncio import AsyncZeroconf
async def ask():
    zeroconf = AsyncZeroconf(interfaces=[sys.argv[2]])
    resolver = AddressResolverIPv4(sys.argv[1] + ".")
    await resolver.async_request(zeroconf.zeroconf, 3000)
    print(*resolver.parsed_addresses())
    await zeroconf.async_close()
asyncio.run(ask())
"""


class Computer:
    """A network namespace with one network card, whose address can change."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name = name
        self.streamer = folder / "streamer-there"
        self.streamer.write_text(f'#!/bin/sh\nexec ip netns exec {name} {STREAMER} "$@"\n')
        self.streamer.chmod(0o755)

    def run(self, *command: str) -> str:
        there = ["ip", "netns", "exec", self.name, *command]
        return subprocess.run(there, check=True, capture_output=True, text=True, timeout=30).stdout

    def add_network(self, card: str, address: str) -> None:
        """A new card, which is the way to the router from now on."""
        self.run("ip", "link", "add", card, "type", "veth", "peer", "name", f"{card}-peer")
        self.run("ip", "link", "set", f"{card}-peer", "up")
        self.run("ip", "addr", "add", f"{address}/24", "dev", card)
        self.run("ip", "link", "set", card, "up", "multicast", "on")
        self.run("ip", "route", "replace", "default", "dev", card)


@pytest.fixture
def computer(tmp_path: Path) -> Iterator[Computer]:
    if os.geteuid() != 0:
        pytest.skip("only root can make a network namespace")
    name = f"streamer{os.getpid()}"
    subprocess.run(["ip", "netns", "add", name], check=True)
    try:
        computer = Computer(name, tmp_path)
        computer.run("ip", "link", "set", "lo", "up")
        computer.add_network("wifi0", OLD)
        yield computer
    finally:
        subprocess.run(["ip", "netns", "del", name], check=True)


class RelayThere(RelayProcess):
    """Listens at every address, in a network where only those there can ask it how it is."""

    def __init__(self, home: Path, computer: Computer) -> None:
        StreamerProcess.__init__(self, home, "serve", "--port", "8443", program=computer.streamer)
        self._computer = computer

    def wait_ready(self) -> None:
        wait_until(self._announced, 20, self.complaint)

    def members(self) -> int:
        ask = "import ssl, sys, urllib.request as u; c = ssl.create_default_context(cafile=sys.argv[2])"
        ask += "; print(u.urlopen(sys.argv[1], context=c).read().decode())"
        url = f"https://{OLD}:8443/healthz"
        health = json.loads(self._computer.run(sys.executable, "-c", ask, url, str(self.authority)))
        return int(health["members"])


def test_who_talks_stays_and_who_comes_gets_the_new_address(tmp_path: Path, computer: Computer) -> None:
    words = tmp_path / "words.wav"
    write(words, speech(), 48_000)
    with ExitStack() as everybody:
        relay = everybody.enter_context(RelayThere(tmp_path / "relay", computer))
        assert f"→ {OLD}" in relay.log
        assert f"http://{OLD}:8443/#room=home" in relay.log
        for number in range(SIX):
            options = ("--ca", str(relay.authority), "--input", str(words), "--stay", "--output", f"heard-{number}.wav")
            home = tmp_path / f"talker-{number}"
            talker = StreamerProcess(home, "talk", relay.link, *options, program=computer.streamer)
            everybody.enter_context(talker)
        wait_until(lambda: relay.members() == SIX, 20, relay.complaint)
        computer.add_network("wifi1", NEW)
        wait_until(lambda: f"→ {NEW}" in relay.log, 10, relay.complaint)
        assert "have changed" in relay.log
        link = re.findall(r"^https://\S+$", relay.log, re.MULTILINE)[-2].replace(OLD, NEW)
        assert f"https://{NEW}:8443/#room=home" in link
        late = StreamerProcess(tmp_path / "late", "talk", link, *options, program=computer.streamer)
        everybody.enter_context(late)
        wait_until(lambda: relay.members() == SIX + 1, 20, relay.complaint)


def test_the_name_under_local_leads_to_the_address(tmp_path: Path, computer: Computer) -> None:
    with RelayThere(tmp_path / "relay", computer):
        name = f"{os.uname().nodename.split('.')[0].lower()}.local"
        wait_until(lambda: OLD in computer.run(sys.executable, "-c", ASK, name, OLD), 15, lambda: f"no {name}")
