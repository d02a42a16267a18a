"""`streamer hook`: adds, lists and removes hooks, while the relay runs or not."""

from pathlib import Path

import click

from streamer.relay.hooks.events import Kind
from streamer.relay.hooks.hooks import FILE_NAME
from streamer.relay.hooks.hooks_file import DEFAULT_KINDS, KINDS, HooksFile
from streamer.state_directory import data_dir_option, state_directory
from streamer.terminal_text import one_line


@click.group()
def hook() -> None:
    """Tell other programs what happens in the rooms (webhooks)."""


@hook.command()
@click.argument("url")
@click.option(
    "--event",
    "events",
    multiple=True,
    type=click.Choice(KINDS),
    help=f"Send events of this kind; may be repeated.  [default: {', '.join(DEFAULT_KINDS)}]",
)
@click.option("--room", help="Send events of this room only.  [default: all rooms]")
@click.option(
    "--allow-any-address",
    "any_address",
    is_flag=True,
    help="Allow a URL that leads to this computer or to a link-local address.",
)
@data_dir_option
def add(
    url: str, events: tuple[Kind, ...], room: str | None, any_address: bool, data_dir: Path | None
) -> None:
    """Send events to URL from now on, and show the secret that signs them."""
    added = _file(data_dir).add(url, events, room, any_address=any_address)
    click.echo(f"Hook {added.id} sends {', '.join(added.events)} of {_room(added.room)} to {added.url}")
    click.echo("The secret that signs them, shown only now:")
    click.echo(f"\n{added.secret}\n")


@hook.command("list")
@data_dir_option
def list_hooks(data_dir: Path | None) -> None:
    """Show all hooks."""
    hooks = _file(data_dir).read()
    for each in hooks:
        click.echo(one_line(f"{each.id}  {each.url}  {_room(each.room)}: {', '.join(each.events)}"))
    if not hooks:
        click.echo("There are no hooks; `streamer hook add URL` adds one.")


@hook.command()
@click.argument("hook_id", metavar="ID")
@data_dir_option
def remove(hook_id: str, data_dir: Path | None) -> None:
    """Send nothing more to the hook ID."""
    _file(data_dir).remove(hook_id)
    click.echo(f"Hook {hook_id} is removed.")


def _file(data_dir: Path | None) -> HooksFile:
    return HooksFile(state_directory(data_dir) / FILE_NAME)


def _room(room: str | None) -> str:
    return f"the room {room}" if room else "all rooms"
