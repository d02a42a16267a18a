"""Which relay's certificate authority a command trusts: the option, and what holds without it."""

from pathlib import Path

import click

ca_option = click.option(
    "--ca",
    "ca_file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The relay's certificate authority (PEM).  [default: that of this computer's own relay]",
)
"""Passes `ca_file`, None if the user named none; `trusted_authority` says which one that is."""


def trusted_authority(ca_file: Path | None, data_dir: Path | None) -> Path | None:
    """None where this computer has no relay of its own."""
    from streamer.client.trust import own_authority_for  # only now: a relay loads nothing of the client

    return ca_file or own_authority_for(data_dir)
