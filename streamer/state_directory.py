"""The directory where streamer keeps what outlives a run: the relay's authority, its certificate, its
invitations.

Every command finds it in the same way: `--data-dir`, then STREAMER_DATA_DIR, then the place that the system
gives to an application's data.
"""

from pathlib import Path
from typing import Final

import click
import platformdirs

from streamer.errors import SetupError

ENVIRONMENT: Final = "STREAMER_DATA_DIR"

data_dir_option = click.option(
    "--data-dir",
    "data_dir",
    type=click.Path(file_okay=False, path_type=Path),
    envvar=ENVIRONMENT,
    help="Where the relay keeps its keys and invitations.  [default: the user's own data directory]",
)
"""Passes `data_dir`, None if the user named no directory; `state_directory` says which one that is."""


def state_directory(data_dir: Path | None = None) -> Path:
    """The directory to use; it may not exist yet. Raises SetupError if this user has no home and named no
    directory."""
    if data_dir is not None:
        return data_dir.absolute()
    try:
        directory = Path(platformdirs.user_data_dir("streamer", appauthor=False))
    except RuntimeError:  # of a newer platformdirs
        directory = Path("~")
    if directory.parts[0] == "~":  # what is left of a path in a home that nobody knows
        raise SetupError(
            "this user has no home directory: choose with --data-dir where to keep keys and invitations"
        )
    return directory.absolute()


def own_authority(data_dir: Path | None = None) -> Path | None:
    """The certificate authority of this computer's relay; None if it has none, or if this user may not read
    it."""
    try:
        certificate = state_directory(data_dir) / "ca.pem"
        with certificate.open("rb"):
            return certificate
    except (SetupError, OSError):
        return None
