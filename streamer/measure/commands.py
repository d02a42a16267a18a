"""`streamer measure` on the command line. What is heavy is imported when it is called."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from streamer.command import Run, make_command
from streamer.errors import MeasurementError
from streamer.state_directory import data_dir_option
from streamer.trust_option import ca_option, trusted_authority

if TYPE_CHECKING:
    from streamer.measure.result import Measurement

FILE: Final = click.Path(dir_okay=False, path_type=Path)

_OPTIONS: Final = (
    click.argument("url"),
    click.option(
        "--chirps",
        "count",
        type=click.IntRange(1, 1_000),
        default=20,
        show_default=True,
        help="Number of chirps to send.",
    ),
    click.option(
        "--device", is_flag=False, flag_value="", help="Measure through this sound card, or the default one."
    ),
    click.option(
        "--acoustic", is_flag=True, help="Measure through the air: the other member plays the chirps back."
    ),
    ca_option,
    data_dir_option,
    click.option("--json", "as_json", is_flag=True, help="Print the result as JSON."),
    click.option("--html", type=FILE, help="Write a report with plots into this file."),
)


def measure_command(run: Run) -> click.Command:
    def measure(**options: Any) -> None:
        """Measure how long a voice takes from mouth to ear, in the room that URL links to.

        Without options, two clients inside this program send chirps to each other through the relay. With
        --device, the chirps also go through the sound card: connect its output to its input with a cable, or
        put the loudspeaker beside the microphone. With --acoustic, the only other member of the room, on a
        device beside this one, plays the chirps back.
        """
        _measure(run, **options)

    return make_command("measure", _OPTIONS, measure)


def _measure(
    run: Run,
    url: str,
    count: int,
    device: str | None,
    acoustic: bool,
    ca_file: Path | None,
    data_dir: Path | None,
    as_json: bool,
    html: Path | None,
) -> None:
    from streamer.measure.html_report import import_pyplot
    from streamer.measure.measuring_client import MeasureOptions
    from streamer.measure.run import measure_with_progress

    if html:
        import_pyplot()
    found: list[Measurement] = []

    async def main() -> None:
        trusted = trusted_authority(ca_file, data_dir)
        measure_options = MeasureOptions(url, count, trusted)
        found.append(await measure_with_progress(measure_options, device, acoustic=acoustic))

    run(main())
    if not found:
        raise MeasurementError("Interrupted before anything was measured")
    _show(found[0], as_json, html)


def _show(measured: "Measurement", as_json: bool, html: Path | None) -> None:
    from rich.console import Console

    from streamer.measure.html_report import to_html, write_report
    from streamer.measure.result import to_json, to_table

    if as_json:
        click.echo(json.dumps(to_json(measured), indent=2))
    else:
        Console().print(to_table(measured))
    if html:
        write_report(html, to_html(measured))
        click.echo(f"Report: {html}", err=True)
    if measured.delays_ms is None:
        raise MeasurementError("Nothing could be measured; see above")
