"""`streamer serve` by one process or by several, and the command that each of the several is started with."""

import gc
import logging
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

import click

from streamer.command import Run
from streamer.relay.access.limits import RelayLimits, raise_file_limit
from streamer.relay.options import ServeOptions
from streamer.relay.workers.options import WorkerOptions
from streamer.sounds import Studio

if TYPE_CHECKING:
    from streamer.relay.screen.qr_code import CodeStyle
    from streamer.relay.screen.screen import Screen


def serving(
    own: WorkerOptions,
    options: ServeOptions,
    limits: RelayLimits,
    say: Callable[[str], None],
    style: "CodeStyle",
    screen: "Screen | None",
    studio: Studio,
) -> Coroutine[Any, Any, None]:
    """To be awaited. Several processes read sounds for announcements each by itself."""
    if own.workers > 1:
        from streamer.relay.workers.parent import serve_by_workers

        return serve_by_workers(options, limits, own, say, style, screen)
    from streamer.relay.serve import serve

    return serve(options, limits, say, style, screen, studio)


def worker_command(run: Run, studio: Studio) -> click.Command:
    """For `serve` alone; `run` runs a coroutine to its end."""

    @click.command(hidden=True)
    def worker() -> None:
        """Be one process of a relay that `serve --workers` runs; what to do comes on standard input."""
        from streamer.relay import logs
        from streamer.relay.workers.channel import take_end
        from streamer.relay.workers.worker import work

        end, told = take_end()
        raise_file_limit()
        logs.begin().setFormatter(logging.Formatter("%(message)s"))  # the parent's lines have the time
        gc.freeze()  # as the other way to serve does
        run(work(told, end, studio))

    return worker
