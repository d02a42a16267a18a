"""`streamer token`: creates, lists and revokes tokens, while the relay runs or not."""

import time
from pathlib import Path

import click

from streamer.errors import SetupError
from streamer.relay.access.tokens import SCOPES, TOKENS_FILE, Scope, TokenStore, check_scopes
from streamer.state_directory import data_dir_option, state_directory
from streamer.terminal_text import one_line


@click.group()
def token() -> None:
    """Let programs and devices in with tokens. The relay may keep running."""


def _parse_scopes(context: click.Context, parameter: click.Parameter, value: str) -> frozenset[Scope]:
    try:
        return check_scopes(each.strip() for each in value.split(","))
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


@token.command()
@click.option(
    "--scope",
    "scopes",
    required=True,
    callback=_parse_scopes,
    help=f"One or more of {','.join(SCOPES)}, separated by commas.",
)
@click.option("--room", default="", help="Valid only in this room.  [default: all rooms]")
@click.option("--name", default="program", show_default=True, help="Whose token it is, for your own list.")
@data_dir_option
def create(scopes: frozenset[Scope], room: str, name: str, data_dir: Path | None) -> None:
    """Make a token, and show it only this once."""
    made, secret = _store(data_dir).create(name, scopes, room, time.time())
    click.echo(f"Token {made.id} for {made.name}. It is shown only now:", err=True)
    click.echo(secret)


@token.command("list")
@data_dir_option
def list_tokens(data_dir: Path | None) -> None:
    """Show all tokens: id, day, scopes, room, name."""
    tokens = _store(data_dir).all
    for each in tokens:
        day = time.strftime("%Y-%m-%d", time.localtime(each.created_s))
        words = f"{each.id}  {day}  {','.join(sorted(each.scopes))}  {each.room or 'all rooms'}  {each.name}"
        click.echo(one_line(words))
    if not tokens:
        click.echo("There are no tokens; `streamer token create` makes one.", err=True)


@token.command()
@click.argument("id", metavar="ID")
@data_dir_option
def revoke(id: str, data_dir: Path | None) -> None:  # noqa: A002 (the argument's name)
    """Revoke the token ID: anyone who uses it is disconnected within a second."""
    revoked = _store(data_dir).revoke(id)
    if revoked is None:
        raise click.ClickException(f"There is no token {id}; `streamer token list` shows all.")
    click.echo(f"Token {revoked.id} of {revoked.name} no longer works.")


def _store(data_dir: Path | None) -> TokenStore:
    """Raises SetupError if the file is damaged: nothing may be written over it."""
    store = TokenStore(state_directory(data_dir) / TOKENS_FILE)
    if store.trouble:
        raise SetupError(store.trouble)
    return store
