"""The relay's own captioner, where its host wants one: `streamer captions` as a child."""

from collections.abc import Callable
from pathlib import Path
from time import time
from typing import Final

from streamer.relay.access.tokens import TokenStore
from streamer.relay.companion import Companion, command_of
from streamer.terminal_text import one_line

_TOKEN: Final = "captions of this relay"
"""Made at each start; one that was left over is revoked."""


async def caption(
    tokens: TokenStore, links: Callable[[str], str], directory: Path, say: Callable[[str], None]
) -> None:
    """Until it is cancelled. `links` gives a line for each room, by a token that lets the child caption, no more."""
    for old in tokens.all:
        if old.name == _TOKEN:
            tokens.revoke(old.id)
    token, secret = tokens.create(_TOKEN, frozenset({"caption"}), "", time())
    command = command_of("captions", "--data-dir", str(directory), "-")
    try:
        await Companion(command, f"{links(secret)}\n", lambda line: say(f"Captions: {one_line(line)}")).run()
    finally:
        tokens.revoke(token.id)
