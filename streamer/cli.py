"""The command line: the only file that knows all rooms."""

import asyncio
import json
import signal
import sys
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import fields
from pathlib import Path
from typing import Any, Final

import click
from rich.console import Console

from streamer import __version__
from streamer.client import session
from streamer.client.audio.microphone import list_devices
from streamer.client.trust import is_usable
from streamer.doctor.report import findings, is_ill, to_lines
from streamer.errors import MeasurementError, StreamerError
from streamer.measure.html_report import import_pyplot, to_html
from streamer.measure.measuring_client import MeasureOptions
from streamer.measure.result import Measurement, to_json, to_table
from streamer.measure.run import measure_with_progress
from streamer.relay import logs
from streamer.relay import serve as serving
from streamer.relay.access.limits import RelayLimits, raise_file_limit
from streamer.relay.banner import code_style
from streamer.state_directory import data_dir_option, own_authority, state_directory
from streamer.terminal_text import one_line
from streamer.wire.room_link import Address

DEFAULT_PORT: Final = 8443
DEFAULT_ROOM: Final = "home"

FILE: Final = click.Path(dir_okay=False, path_type=Path)
FILE_OR_STREAM: Final = click.Path(dir_okay=False, allow_dash=True, path_type=Path)
POSITIVE: Final = click.FloatRange(min=0, min_open=True)


def run(main: Coroutine[Any, Any, None]) -> None:
    """Run `main`, on the fastest event loop there is here, to its end or until Ctrl-C or SIGTERM cancels it."""
    loop_factory: Callable[[], asyncio.AbstractEventLoop] = asyncio.SelectorEventLoop
    if sys.platform != "win32":
        import uvloop

        loop_factory = uvloop.new_event_loop
    with asyncio.Runner(loop_factory=loop_factory) as runner, suppress(KeyboardInterrupt, asyncio.CancelledError):
        runner.run(_cancelled_by_sigterm(main))


async def _cancelled_by_sigterm(main: Coroutine[Any, Any, None]) -> None:
    task = asyncio.current_task()
    if sys.platform != "win32" and task:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    await main


class Streamer(click.Group):
    """Says what went wrong in words, not in tracebacks."""

    def invoke(self, context: click.Context) -> Any:
        try:
            return super().invoke(context)
        except StreamerError as error:
            raise click.ClickException(one_line(str(error))) from error


@click.group(cls=Streamer)
@click.version_option(__version__, prog_name="streamer")
def main() -> None:
    """Talk to everyone on your Wi-Fi."""


def limit_options(command: Callable[..., None]) -> Callable[..., None]:
    """One option for each of RelayLimits."""
    for limit in reversed(fields(RelayLimits)):
        name = "--" + limit.name.replace("_", "-")
        option = click.option(
            name, type=POSITIVE, default=limit.default, show_default=True, help=limit.metadata["help"]
        )
        command = option(command)
    return command


@main.command()
@click.option("--host", help="Address to listen on.  [default: all; loopback with --no-tls]")
@click.option("--port", type=click.IntRange(0, 65535), default=DEFAULT_PORT, show_default=True)
@click.option("--no-tls", is_flag=True, help="Plain HTTP: a phone gives no microphone to it.")
@click.option("--cert", type=FILE, help="Your own certificate, in PEM; read again when it changes.")
@click.option("--key", type=FILE, help="Its private key.")
@click.option("--url", help="What the links begin with, behind a proxy or with a name of your own.")
@click.option("--room", "rooms", multiple=True, help=f"A room to have; may be repeated.  [default: {DEFAULT_ROOM}]")
@click.option("--renew", is_flag=True, help="Give the rooms new invites; those of before open nothing any more.")
@click.option("--invite-hours", type=POSITIVE, help="The same, and the new invites end after so many hours.")
@click.option("--invite-uses", type=click.IntRange(1), help="The same, and the new invites let so many people in.")
@click.option("--open", "is_open", is_flag=True, help="Everyone on this network may enter, into any room.")
@click.option("--allow-origin", "allow_origins", multiple=True, help="A web site whose pages may use this relay.")
@click.option("--mdns/--no-mdns", default=True, show_default=True, help="Tell the network this computer's .local name.")
@data_dir_option
@limit_options
def serve(rooms: tuple[str, ...], data_dir: Path | None, **options: Any) -> None:
    """Start the relay and show the link for the phones."""
    limits = RelayLimits(**{limit.name: options.pop(limit.name) for limit in fields(RelayLimits)})
    raise_file_limit()
    logs.begin()
    wish = serving.ServeOptions(state_directory(data_dir), rooms or (DEFAULT_ROOM,), **options)
    style = code_style(getattr(sys.stdout, "encoding", None), is_terminal=sys.stdout.isatty())
    run(serving.serve(wish, limits, click.echo, style))


@main.command()
@click.option("--port", type=click.IntRange(0, 65535), default=DEFAULT_PORT, show_default=True)
@click.option("--cert", type=FILE, help="The certificate that you give to `serve`, to be looked at as well.")
@data_dir_option
def doctor(port: int, cert: Path | None, data_dir: Path | None) -> None:
    """See whether everything on this machine is as it must be, and say how to mend what is not."""
    found = []
    for name, finding in findings(data_dir, port, cert):
        click.echo(to_lines(name, finding))
        found.append(finding)
    if any(map(is_ill, found)):
        raise SystemExit(1)


def _show_devices(context: click.Context, parameter: click.Parameter, wanted: bool) -> None:
    if wanted:
        click.echo(list_devices())
        context.exit()


ca_option = click.option(
    "--ca",
    "ca_file",
    type=FILE,
    help="The relay's certificate authority, in PEM.  [default: this computer's own]",
)


def authority_for(url: str, ca_file: Path | None, data_dir: Path | None) -> Path | None:
    """The relay's authority: `ca_file`, or this computer's own, which counts only if it is needed and can be used."""
    if ca_file or not Address.parse(url).secure:
        return ca_file
    own = own_authority(data_dir)
    return own if own and is_usable(own) else None


INPUT_HELP: Final = "A sound file to say, in place of a microphone: WAV, FLAC, Ogg, MP3 …; - is standard input."
OUTPUT_HELP: Final = "A file to write, in place of a loudspeaker: .wav, .flac, .ogg, .opus, .mp3; - is standard output."


def client_options(command: Callable[..., None]) -> Callable[..., None]:
    """What `talk` and `listen` have in common."""
    for option in (
        ca_option,
        data_dir_option,
        click.option("--output", "output_file", type=FILE_OR_STREAM, help=OUTPUT_HELP),
        click.option("--device", help="Number or name of the sound device to use."),
        click.option(
            "--list-devices",
            is_flag=True,
            is_eager=True,
            expose_value=False,
            callback=_show_devices,
            help="Show the sound devices, and leave.",
        ),
        click.option("--name", default="", help="What the others see."),
        click.option("--music", is_flag=True, help="In stereo, and what is sent with 128 kb/s: for instruments."),
        click.option("--figures", is_flag=True, help="Print what is measured, a line of JSON a second, and no meters."),
        click.argument("url"),
    ):
        command = option(command)
    return command


@main.command()
@client_options
@click.option("--input", "input_file", type=FILE_OR_STREAM, help=INPUT_HELP)
@click.option("--stay", is_flag=True, help="Stay and listen when the file has been said.")
def talk(data_dir: Path | None, **options: Any) -> None:
    """Talk with everyone in the room whose link is URL."""
    options["ca_file"] = authority_for(options["url"], options["ca_file"], data_dir)
    run(session.talk(session.Options(**options)))


@main.command()
@client_options
def listen(data_dir: Path | None, **options: Any) -> None:
    """Hear everyone in the room whose link is URL."""
    options["ca_file"] = authority_for(options["url"], options["ca_file"], data_dir)
    run(session.listen(session.Options(**options)))


@main.command()
@click.argument("url")
@click.option("--chirps", "count", type=click.IntRange(1, 1_000), default=20, show_default=True)
@click.option("--device", is_flag=False, flag_value="", help="Through the sound card: this one, or the default.")
@click.option("--acoustic", is_flag=True, help="Let the one other member of the room play the chirps back.")
@ca_option
@data_dir_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--html", type=FILE, help="A report to write, with plots.")
def measure(
    url: str,
    count: int,
    device: str | None,
    acoustic: bool,
    ca_file: Path | None,
    data_dir: Path | None,
    as_json: bool,
    html: Path | None,
) -> None:
    """Measure how long a voice takes from a mouth to an ear, in the room whose link is URL.

    Two clients of our own send chirps to each other through the relay, without a sound card. With --device they go
    through it: join its output and input by a cable, or put the loudspeaker beside the microphone. With --acoustic,
    another device that is in the room and beside this one plays them back.
    """
    if html:
        import_pyplot()
    found: list[Measurement] = []

    async def main() -> None:
        wish = MeasureOptions(url, count, authority_for(url, ca_file, data_dir))
        found.append(await measure_with_progress(wish, device, acoustic=acoustic))

    run(main())
    if not found:
        raise MeasurementError("Cut off: there is no number")
    _show_measurement(found[0], as_json, html)


def _show_measurement(measured: Measurement, as_json: bool, html: Path | None) -> None:
    if as_json:
        click.echo(json.dumps(to_json(measured), indent=2))
    else:
        Console().print(to_table(measured))
    if html:
        html.write_text(to_html(measured), encoding="utf-8")
        click.echo(f"Report: {html}", err=True)
    if measured.delays_ms is None:
        raise MeasurementError("Nothing could be measured; see above")
