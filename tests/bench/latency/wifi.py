"""Wi-Fi, emulated: stations in network namespaces of their own, and the air between them, which makes packets
wait.

    with WiFi("busy", ("ann", "ben", "relay"), wired=("relay",), folder=folder) as wifi:
        subprocess.run([wifi.program("ann", "/bin/ping"), wifi.address("relay")])

Every station has a TUN device; this process carries the IP packets of all, TCP and UDP alike. In each
direction of each station's radio a packet waits for what the profile says, behind those before it: Wi-Fi
repeats what is lost and keeps the order. Needs root. The figures are those of FACTS: a good LAN answers a
ping in 2 to 8 ms, 95 % under 20; a busy one holds everything up for some 40 ms again and again; a radio that
looks for other networks is away for 200 ms.
"""

import asyncio
import ctypes
import fcntl
import os
import random
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Self

NETWORK = "10.77.0"
TUNSETIFF = 0x400454CA
TUN_NO_PI = 0x1001
CLONE_NEWNET = 0x40000000
PACKET_BYTES = 2_048

Wait = Callable[[random.Random, float], float]
"""How long, in seconds, a packet that starts at a time in seconds waits."""


def clean(rng: random.Random, now: float) -> float:
    return 0.0


def good(rng: random.Random, now: float) -> float:
    return 0.001 + rng.expovariate(1 / 0.002)


def jitter(rng: random.Random, now: float) -> float:
    return rng.uniform(0, 0.02)


def busy(rng: random.Random, now: float) -> float:
    """Others take the air for 40 ms about twice a second, in each second at other times."""
    second = int(now)
    takes = [random.Random(f"{second} {n}").random() * 0.95 for n in range(2)]
    blocked = max((second + start + 0.04 - now for start in takes if second + start <= now), default=0.0)
    return 0.002 + rng.expovariate(1 / 0.005) + max(0.0, blocked)


def stalls(rng: random.Random, now: float) -> float:
    """Every 4 s the radio is away for 200 ms."""
    return good(rng, now) + max(0.0, 0.2 - now % 4)


PROFILES: dict[str, Wait] = {"clean": clean, "jitter": jitter, "good": good, "busy": busy, "stalls": stalls}


class WiFi:
    def __init__(self, network: str, stations: tuple[str, ...], wired: tuple[str, ...], folder: Path) -> None:
        self._stations = stations
        self._folder = folder
        self._prefix = f"streamer{os.getpid()}-"
        self._command = [sys.executable, __file__, network, self._prefix, ",".join(stations), ",".join(wired)]

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(self._command, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        if self._process.stdout.readline().strip() != "ready":
            raise RuntimeError("there is no air here: network namespaces and TUN devices need root")
        return self

    def __exit__(self, *_: object) -> None:
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(10)

    def address(self, station: str) -> str:
        return f"{NETWORK}.{self._stations.index(station) + 1}"

    def program(self, station: str, path: str | Path) -> Path:
        """A program that starts the one at `path` at a station."""
        here = self._folder / f"{station}-{Path(path).name}"
        here.write_text(f'#!/bin/sh\nexec ip netns exec {self._prefix}{station} {path} "$@"\n')
        here.chmod(0o755)
        return here


class Radio:
    """One direction of one station."""

    def __init__(self, wait: Wait, seed: str) -> None:
        self._wait = wait
        self._rng = random.Random(seed)
        self._last = 0.0

    def delay(self, now: float) -> float:
        self._last = max(self._last, now + self._wait(self._rng, now))
        return self._last - now


class Switch:
    def __init__(self, profile: str, stations: dict[str, int], wired: list[str]) -> None:
        """`stations`: the file of each one's TUN device, by its address."""
        self._files = stations
        waits = {address: clean if address in wired else PROFILES[profile] for address in stations}
        self._up = {address: Radio(wait, f"{address} up") for address, wait in waits.items()}
        self._down = {address: Radio(wait, f"{address} down") for address, wait in waits.items()}
        self._loop = asyncio.get_running_loop()
        for address, file in stations.items():
            self._loop.add_reader(file, self._take, address, file)

    def _take(self, source: str, file: int) -> None:
        packet = os.read(file, PACKET_BYTES)
        target = ".".join(map(str, packet[16:20]))
        if packet[0] >> 4 == 4 and target in self._files:
            self._later(
                self._up[source], lambda: self._later(self._down[target], lambda: self._give(target, packet))
            )

    def _later(self, radio: Radio, call: Callable[[], None]) -> None:
        delay = radio.delay(time.monotonic())
        if delay > 0:
            self._loop.call_later(delay, call)
        else:
            call()

    def _give(self, target: str, packet: bytes) -> None:
        os.write(self._files[target], packet)


def open_tun(namespace: str, address: str) -> int:
    subprocess.run(["ip", "netns", "add", namespace], check=True)
    libc = ctypes.CDLL(None, use_errno=True)
    home = os.open("/proc/self/ns/net", os.O_RDONLY)
    there = os.open(f"/run/netns/{namespace}", os.O_RDONLY)
    if libc.setns(there, CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "setns")
    file = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(file, TUNSETIFF, struct.pack("16sH", b"wifi0", TUN_NO_PI))
    libc.setns(home, CLONE_NEWNET)
    for command in (f"addr add {address}/24 dev wifi0", "link set wifi0 up", "link set lo up"):
        subprocess.run(["ip", "-n", namespace, *command.split()], check=True)
    return file


async def carry(profile: str, prefix: str, stations: list[str], wired: list[str]) -> None:
    addresses = {name: f"{NETWORK}.{number}" for number, name in enumerate(stations, 1)}
    try:
        files = {address: open_tun(prefix + name, address) for name, address in addresses.items()}
        switch = Switch(profile, files, [addresses[name] for name in wired])
        print("ready", flush=True)
        stopped = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
        await stopped.wait()
        del switch
    finally:
        for name in stations:
            subprocess.run(["ip", "netns", "del", prefix + name], check=False)


if __name__ == "__main__":
    asyncio.run(carry(sys.argv[1], sys.argv[2], sys.argv[3].split(","), sys.argv[4].split(",")))
