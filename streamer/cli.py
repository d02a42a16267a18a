"""The command line: the only module that may import every part of the program.

Each command imports its own part when it is called: a relay needs neither NumPy nor sound, which are 25 MiB
of memory and a good part of the time of a start.
"""

import sys
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from streamer import __version__
from streamer.audio_format import PACKET_MS
from streamer.captions.commands import captions_command
from streamer.errors import StreamerError
from streamer.event_loop import run
from streamer.measure.commands import measure_command
from streamer.printing import log
from streamer.record.commands import mixdown
from streamer.relay.access.limit_options import HOURS, limit_options
from streamer.relay.access.limits import RelayLimits, raise_file_limit
from streamer.relay.access.token_commands import token
from streamer.relay.cluster.options import cluster_options
from streamer.relay.hooks.commands import hook
from streamer.relay.workers.commands import serving, worker_command
from streamer.relay.workers.options import WorkerOptions, worker_options
from streamer.state_directory import data_dir_option, state_directory
from streamer.terminal_text import one_line
from streamer.trust_option import ca_option, trusted_authority

if TYPE_CHECKING:
    from streamer.sounds import Sound

DEFAULT_PORT: Final = 8443
DEFAULT_ROOM: Final = "home"

FILE: Final = click.Path(dir_okay=False, path_type=Path)
FOLDER: Final = click.Path(file_okay=False, path_type=Path)
FILE_OR_STREAM: Final = click.Path(dir_okay=False, allow_dash=True, path_type=Path)
PORT: Final = click.IntRange(0, 65_535)
"""0 lets the system choose a free one."""


class Streamer(click.Group):
    """Turns each StreamerError into a sentence instead of a traceback."""

    def invoke(self, context: click.Context) -> Any:
        try:
            return super().invoke(context)
        except StreamerError as error:
            raise click.ClickException(one_line(str(error))) from error


@click.group(cls=Streamer)
@click.version_option(__version__, prog_name="streamer")
def main() -> None:
    """Talk to everyone on your Wi-Fi."""


main.add_command(hook)
main.add_command(token)
main.add_command(captions_command(run))
main.add_command(mixdown)
main.add_command(measure_command(run))


@main.command()
@click.option("--host", help="Listen on this address.  [default: all; loopback with --no-tls]")
@click.option("--port", type=PORT, default=DEFAULT_PORT, show_default=True, help="Listen on this port.")
@click.option("--no-tls", is_flag=True, help="Serve plain HTTP. Phones need HTTPS: put a TLS proxy in front.")
@click.option("--cert", type=FILE, help="Use this certificate (PEM). It is read again when the file changes.")
@click.option("--key", type=FILE, help="The private key of --cert (PEM).")
@click.option("--url", help="The URL that links begin with: behind a proxy, or with your own domain.")
@click.option(
    "--http-port", type=click.IntRange(1, 65_535), help="Also serve the join page on this port, such as 80."
)
@click.option(
    "--trust-proxy",
    "trust_proxies",
    multiple=True,
    metavar="CIDR",
    help="Trust proxies at these addresses to report clients' addresses: "
    "X-Forwarded-For, Forwarded, PROXY protocol.",
)
@click.option(
    "--proxy-protocol",
    type=click.Choice(["optional", "required", "off"]),
    default="optional",
    show_default=True,
    help="Whether trusted proxies send a PROXY protocol header.",
)
@click.option(
    "--room", "rooms", multiple=True, help=f"Create this room; may be repeated.  [default: {DEFAULT_ROOM}]"
)
@click.option("--renew", is_flag=True, help="Make new invitations; the previous ones stop working.")
@click.option("--invite-hours", type=HOURS, help="Make new invitations that expire after this many hours.")
@click.option(
    "--invite-uses", type=click.IntRange(1), help="Make new invitations that admit this many people each."
)
@click.option(
    "--open", "is_open", is_flag=True, help="Let anyone on this network join any room without an invitation."
)
@click.option(
    "--allow-origin", "allow_origins", multiple=True, help="Let pages of this web site use the relay."
)
@click.option(
    "--mdns/--no-mdns", default=True, show_default=True, help="Announce this computer's .local name."
)
@click.option(
    "--other-relay",
    "other_relays",
    multiple=True,
    help="Another relay of this service, where members go when this one stops; may be repeated.",
)
@click.option(
    "--captions", is_flag=True, help="Caption these rooms, for everybody who wants to read what is said."
)
@cluster_options
@worker_options
@click.option(
    "--plain",
    is_flag=True,
    help="Print lines instead of the live screen; the default when output is not a terminal.",
)
@click.option("--record", type=FOLDER, help="Let hosts record their rooms into this folder.")
@data_dir_option
@limit_options
def serve(rooms: tuple[str, ...], data_dir: Path | None, plain: bool, **options: Any) -> None:
    """Start the relay and show the links to join.

    In a terminal, the code to scan stays on the screen, with one line about who is here. Keys: c shows or
    hides the code, r goes to the next room, l locks the room, o opens the code in the browser, q quits.
    """
    from streamer.client.interrupts import until_interrupted
    from streamer.relay import logs
    from streamer.relay.options import ServeOptions
    from streamer.relay.screen.qr_code import CodeStyle, code_style
    from streamer.relay.screen.suitable import can_show

    own = WorkerOptions.taken_from(options)
    limits = RelayLimits(**{limit.name: options.pop(limit.name) for limit in fields(RelayLimits)})
    raise_file_limit()
    handler = logs.begin()
    serve_options = ServeOptions(state_directory(data_dir), rooms or (DEFAULT_ROOM,), **options)
    screen = None
    if not plain and can_show():
        from streamer.relay.screen.screen import Screen

        screen = Screen(handler)
    if screen:
        run(
            until_interrupted(
                serving(own, serve_options, limits, screen.tell, CodeStyle.BELOW, screen, _recording)
            )
        )
        return
    style = code_style(getattr(sys.stdout, "encoding", None), is_terminal=sys.stdout.isatty())
    run(serving(own, serve_options, limits, click.echo, style, None, _recording))


def _recording(content: bytes) -> "Sound":
    """Read a sound for an announcement. The codec is loaded when the first one comes."""
    from streamer.client.audio.studio import Recording

    return Recording(content)


main.add_command(worker_command(run, _recording))


@main.command()
@click.option("--port", type=PORT, default=DEFAULT_PORT, show_default=True, help="Check this port.")
@click.option("--http-port", type=click.IntRange(1, 65_535), help="Check this port for the join page.")
@click.option("--cert", type=FILE, help="Check this certificate, which you will pass to `serve`.")
@data_dir_option
def doctor(port: int, http_port: int | None, cert: Path | None, data_dir: Path | None) -> None:
    """Check this computer, and show how to fix what is missing."""
    from streamer.doctor.report import findings, is_error, to_lines

    found = []
    for name, finding in findings(data_dir, port, cert, http_port):
        click.echo(to_lines(name, finding))
        found.append(finding)
    if any(map(is_error, found)):
        raise SystemExit(1)


def _show_devices(context: click.Context, parameter: click.Parameter, wanted: bool) -> None:
    if wanted:
        from streamer.client.audio.microphone import list_devices

        click.echo(list_devices())
        context.exit()


INPUT_HELP: Final = (
    "Play this sound file instead of using the microphone: WAV, FLAC, Ogg, MP3 …; - is standard input."
)
OUTPUT_HELP: Final = (
    "Record into this file instead of using the loudspeaker: .wav, .flac, .ogg, .opus, .mp3; "
    "- is standard output."
)


def client_options(command: Callable[..., None]) -> Callable[..., None]:
    """Adds the options that `talk` and `listen` share."""
    for option in (
        ca_option,
        data_dir_option,
        click.option("--output", "output_file", type=FILE_OR_STREAM, help=OUTPUT_HELP),
        click.option("--device", help="Use this sound device: its number, or its name."),
        click.option(
            "--list-devices",
            is_flag=True,
            is_eager=True,
            expose_value=False,
            callback=_show_devices,
            help="Show the sound devices and exit.",
        ),
        click.option("--name", default="", help="Your name, as others see it."),
        click.option(
            "--music",
            is_flag=True,
            help="Send and play unprocessed stereo at 128 kb/s, silence included: for music.",
        ),
        click.option(
            "--figures", is_flag=True, help="Print a line of JSON per second instead of the live view."
        ),
        click.argument("url"),
    ):
        command = option(command)
    return command


@main.command()
@client_options
@click.option("--input", "input_file", type=FILE_OR_STREAM, help=INPUT_HELP)
@click.option("--stay", is_flag=True, help="Stay and listen when the file has ended.")
@click.option(
    "--ptt", metavar="KEY", default="", help="Talk only while KEY is held: a letter, space, tab, f1 to f12."
)
@click.option(
    "--noise-suppression",
    is_flag=True,
    help="Remove background noise from your voice; adds 8 ms, not with --music.",
)
@click.option(
    "--packet-ms",
    type=click.Choice([f"{each:g}" for each in PACKET_MS]),
    default="10",
    help="Milliseconds per packet (default: 10). Shorter ones are heard sooner: for music on a good network.",
)
def talk(data_dir: Path | None, packet_ms: str, **options: Any) -> None:
    """Talk in the room that URL links to."""
    from streamer.client import talk_and_listen

    options["ca_file"] = trusted_authority(options["ca_file"], data_dir)
    run(talk_and_listen.talk(talk_and_listen.Options(packet_ms=float(packet_ms), **options)))


@main.command()
@client_options
def listen(data_dir: Path | None, **options: Any) -> None:
    """Listen to the room that URL links to."""
    from streamer.client import talk_and_listen

    options["ca_file"] = trusted_authority(options["ca_file"], data_dir)
    run(talk_and_listen.listen(talk_and_listen.Options(**options)))


@main.command()
@click.option("--config", type=FILE, required=True, help="The file that describes the device (TOML).")
def device(config: Path) -> None:
    """Be a member without a screen: talk, obey commands, and report. Runs until it is stopped."""
    from streamer.device.config import read_config
    from streamer.device.device import Device

    async def main() -> None:
        await Device(read_config(config), log).run()

    run(main())


@main.command()
@click.argument("broker")
@click.argument("url")
@click.option("--name", default="Gateway", show_default=True, help="The gateway's name, as others see it.")
@click.option("--prefix", default="streamer", show_default=True, help="Prefix of its MQTT topics.")
@click.option(
    "--also",
    multiple=True,
    help="Also read telemetry from these topics; + stands for the device: zigbee2mqtt/+",
)
@click.option(
    "--discovery",
    default="homeassistant",
    show_default=True,
    help="Home Assistant's prefix; empty turns discovery off.",
)
@click.option(
    "--password-file", type=FILE, help="Read the broker's password from the first line of this file."
)
@click.option("--broker-ca", type=FILE, help="The broker's certificate authority (PEM).")
@ca_option
@data_dir_option
def gateway(
    broker: str,
    url: str,
    discovery: str,
    password_file: Path | None,
    broker_ca: Path | None,
    ca_file: Path | None,
    data_dir: Path | None,
    **options: Any,
) -> None:
    """Carry the devices of the MQTT broker mqtt://[USER@]BROKER into the room that URL links to, and commands
    back.

    mqtts:// uses TLS. Runs until it is stopped.
    """
    from streamer.gateway.broker import BrokerAddress, read_password
    from streamer.gateway.gateway import Gateway, GatewayOptions

    address = BrokerAddress.parse(broker)
    if password_file:
        address = replace(address, password=read_password(password_file))
    gateway_options = GatewayOptions(
        address,
        url,
        ca_file=trusted_authority(ca_file, data_dir),
        broker_ca_file=broker_ca,
        discovery_prefix=discovery,
        **options,
    )

    async def main() -> None:
        await Gateway(gateway_options, log).run()

    run(main())


@main.command()
@click.argument("url")
@click.option("--output", type=FOLDER, required=True, help="Write into this folder.")
@click.option("--name", default="Recorder", show_default=True, help="The recorder's name, as others see it.")
@click.option("--wait", is_flag=True, help="Wait for a relay that is not there yet.")
@ca_option
@data_dir_option
def record(data_dir: Path | None, **options: Any) -> None:
    """Record the room that URL links to: one file per talker, as sent, all on the same clock.

    URL holds the host's key, or a token with the scope `record`. Everybody in the room is told. With - the
    URL is read from standard input, and the recording ends when that ends.
    """
    from streamer.record import recorder

    options["ca_file"] = trusted_authority(options["ca_file"], data_dir)
    if from_input := options["url"] == "-":
        options["url"] = sys.stdin.readline().strip()
    run(recorder.record(recorder.RecordOptions(**options, from_input=from_input), log))
