"""The options of `streamer serve` for several processes; it imports nothing of them."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Self

import click

from streamer.errors import SetupError

MAX_WORKERS: Final = 8
"""As many addresses as a client is told (`wire/relay_address.py`): it can go to each of them."""

LAST_PORT: Final = 65_535


@dataclass(frozen=True, slots=True)
class WorkerOptions:
    """How many processes, and the own port of the first one; None for free ones."""

    workers: int
    worker_port: int | None = None

    @classmethod
    def taken_from(cls, options: dict[str, Any]) -> Self:
        """Out of those of `serve`. Raises SetupError for what can't be."""
        own = cls(options.pop("workers"), options.pop("worker_port"))
        own.check(options["port"], options["http_port"])
        return own

    def check(self, *taken: int | None) -> None:
        """Raises SetupError for what can't be; `taken` are ports that are asked for, too."""
        if self.workers == 1:
            if self.worker_port is not None:
                raise SetupError("--worker-port is for --workers 2 or more: with one, choose --port")
            return
        if sys.platform != "linux":
            words = "start one relay for each processor with --cluster instead"
            raise SetupError(f"--workers needs Linux: {words}")
        if self.worker_port is None:
            return
        last = self.worker_port + self.workers - 1
        if last > LAST_PORT:
            words = f"--worker-port {self.worker_port} is too high for {self.workers} workers"
            raise SetupError(f"{words}: the last port is {LAST_PORT}")
        for port in taken:
            if port is not None and self.worker_port <= port <= last:
                words = f"--worker-port {self.worker_port} leads to port {port}"
                raise SetupError(f"{words}, which --port or --http-port has: choose another one")


def worker_options(command: Callable[..., None]) -> Callable[..., None]:
    """Adds `--workers` and what belongs to it."""
    for option in (
        click.option(
            "--worker-port",
            type=click.IntRange(1, LAST_PORT),
            help="The first worker's own port; the others have the next ones.  [default: free ones]",
        ),
        click.option(
            "--workers",
            type=click.IntRange(1, MAX_WORKERS),
            default=1,
            show_default=True,
            help="Run as this many processes on one port, each room in one of them. Needs nats-server.",
        ),
    ):
        command = option(command)
    return command

