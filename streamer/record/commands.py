"""`streamer mixdown` on the command line."""

import math
from pathlib import Path
from typing import Final

import click

MAX_GAIN_DB: Final = 40.0
"""A whisper at 40 dB is a shout; beyond, it was a mistake in typing."""


def _parse_gains(
    context: click.Context, parameter: click.Parameter, values: tuple[str, ...]
) -> dict[str, float]:
    """`NAME=DB`; a name may hold any character, `=` too."""
    gains = {}
    for value in values:
        name, found, decibels = value.rpartition("=")
        try:
            gain = float(decibels)
        except ValueError:
            gain = math.nan
        if not found or not name or not abs(gain) <= MAX_GAIN_DB:
            raise click.BadParameter(f"{value} is not NAME=DB, such as Anna=-6; up to ±{MAX_GAIN_DB:.0f} dB")
        gains[name] = gain
    return gains


@click.command("mixdown")
@click.argument("folder", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write this file: .opus, .wav, .flac, or .mka.  [default: mixdown.opus in DIR]",
)
@click.option(
    "--gain", "gains", multiple=True, callback=_parse_gains, help="Make NAME louder, or softer: NAME=DB."
)
def mixdown(folder: Path, output: Path | None, gains: dict[str, float]) -> None:
    """Make one file of the recording in DIR. A Matroska file keeps the tracks apart, and needs ffmpeg."""
    from streamer.record import mixdown as mixing  # and NumPy with it, which a relay does not need

    click.echo(mixing.mixdown(folder, output or folder / "mixdown.opus", gains))
