"""The relay's own captioner, where its host wants one: `streamer captions` as a child."""

from collections.abc import Callable
from pathlib import Path
from time import time

from streamer.relay.access.tokens import TokenStore
from streamer.relay.companion import Companion, command_of
from streamer.terminal_text import one_line


async def caption(
    tokens: TokenStore, links: Callable[[str], str], directory: Path, say: Callable[[str], None]
) -> None:
    """Until it is cancelled. `links` gives a line for each room, by a token that lets the child caption, no
    more."""
    token_id, secret = tokens.lend("Captions", frozenset({"caption"}), "", time())
    command = command_of("captions", "--data-dir", str(directory), "-")
    try:
        await Companion(command, f"{links(secret)}\n", lambda line: say(f"Captions: {one_line(line)}")).run()
    finally:
        tokens.take_back(token_id)
