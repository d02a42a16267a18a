"""`streamer captions` on the command line. What is heavy is imported when it is called."""

import sys
from pathlib import Path
from typing import Any, Final

import click

from streamer.command import Run, make_command
from streamer.errors import SetupError
from streamer.printing import log
from streamer.state_directory import data_dir_option, state_directory
from streamer.trust_option import ca_option, trusted_authority

FOLDER: Final = click.Path(file_okay=False, path_type=Path)

_OPTIONS: Final = (
    click.argument("urls", metavar="[URL]...", nargs=-1),
    click.option(
        "--model", "model_folder", type=FOLDER, help="Use the model in this folder.  [default: English]"
    ),
    click.option("--list-models", is_flag=True, help="List the available models and exit."),
    click.option("--get-english", is_flag=True, help="Download the English model (45 MB), and exit."),
    click.option("--show", "shows", is_flag=True, help="Print a room's captions instead of making them."),
    click.option(
        "--filter",
        "command",
        default="",
        help="Also pass each final line through this command, such as a translator.",
    ),
    click.option(
        "--filter-deadline",
        "deadline_s",
        type=click.FloatRange(0.1, 60),
        default=2.0,
        show_default=True,
        help="Seconds that --filter may take for a line; after that, the line is shown unfiltered.",
    ),
    click.option(
        "--threads",
        type=click.IntRange(1, 64),
        default=1,
        show_default=True,
        help="Number of recognition threads.",
    ),
    click.option(
        "--name", default="Captions", show_default=True, help="The captioner's name, as others see it."
    ),
    ca_option,
    data_dir_option,
)


def captions_command(run: Run) -> click.Command:
    def captions(**options: Any) -> None:
        """Transcribe what is said in the rooms that the URLs link to, offline, on this computer.

        URL is the host's link, or one with a token: streamer token create --scope caption. With -, links are
        read from standard input, one per line up to an empty line; the program ends when standard input does.
        """
        _captions(run, **options)

    return make_command("captions", _OPTIONS, captions)


def _captions(
    run: Run,
    data_dir: Path | None,
    ca_file: Path | None,
    list_models: bool,
    get_english: bool,
    **options: Any,
) -> None:
    from streamer.captions import models

    if list_models:
        click.echo(models.MODELS)
        return
    english = state_directory(data_dir) / models.ENGLISH
    if get_english:
        models.get_english(english, click.echo)
        return
    run(_main(ca_file=trusted_authority(ca_file, data_dir), english=english, **options))


async def _main(
    urls: tuple[str, ...],
    shows: bool,
    name: str,
    ca_file: Path | None,
    english: Path,
    model_folder: Path | None,
    threads: int,
    command: str,
    deadline_s: float,
) -> None:
    from streamer.captions import models, program
    from streamer.captions.sherpa import load_engine

    if not urls or (shows and len(urls) > 1):
        raise click.UsageError("The link to one room is missing." if not urls else "--show takes one link.")
    if shows:
        await program.show(urls[0], name, ca_file, click.echo)
        return
    folder = model_folder or english
    engine = load_engine(models.find_model(folder), models.find_vad(folder, english), threads)
    from_input = urls == ("-",)
    caption_options = program.CaptionOptions(
        _links() if from_input else urls, name, ca_file, command, deadline_s, from_input
    )
    await program.caption(caption_options, engine, log)


def _links() -> list[str]:
    """From standard input, up to an empty line."""
    links = []
    while (line := sys.stdin.readline().strip()) != "":
        links.append(line)
    if not links:
        raise SetupError("Standard input holds no link")
    return links

