"""The options of `streamer serve` for several relays; it imports nothing of them."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

import click

_FILE: Final = click.Path(dir_okay=False, path_type=Path)


def cluster_options(command: Callable[..., None]) -> Callable[..., None]:
    """Adds `--cluster` and what belongs to it."""
    for option in (
        click.option("--cluster-ca", type=_FILE, help="The NATS server's certificate authority (PEM)."),
        click.option("--cluster-credentials", type=_FILE, help="This relay's NATS credentials (.creds)."),
        click.option(
            "--cluster-name",
            default="default",
            show_default=True,
            help="The name of the service on that server.",
        ),
        click.option(
            "--cluster",
            envvar="STREAMER_CLUSTER",
            metavar="URL",
            help="Form one service with all relays on this NATS server: nats://HOST, "
            "or tls://USER:PASSWORD@HOST.",
        ),
    ):
        command = option(command)
    return command
