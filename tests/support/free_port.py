"""Ports for programs that must be told theirs before they start."""

import os
import random
import socket
from contextlib import suppress
from typing import Final

FIRST: Final = 20_000
"""Below those that Linux gives to connections by itself (net.ipv4.ip_local_port_range, from 32,768): of a
port that it had just given and taken back, any connection of any test may get hold before the program has
started."""

EACH: Final = 750
"""For each of the processes that run tests at once."""

PROCESSES: Final = 16
_given: set[int] = set()


def free_port() -> int:
    """One that nobody listens on, and that no other process of this test run is given."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % PROCESSES
    begin = FIRST + worker * EACH
    for port in random.sample(range(begin, begin + EACH), EACH):
        with suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            if port not in _given:
                _given.add(port)
                return port
    raise RuntimeError(f"every port from {begin} to {begin + EACH - 1} is taken")
