"""A device as it is started with its machine: `streamer device` in a process of its own."""

from pathlib import Path
from typing import Any

from processes import StreamerProcess

from streamer.relay.access.tokens import TOKENS_FILE, TokenStore


class DeviceProcess(StreamerProcess):
    """`streamer device` with a configuration; `text` are its lines beside link and name."""

    def __init__(self, home: Path, link: str, name: str, text: str = "", **options: Any) -> None:
        home.mkdir(parents=True, exist_ok=True)
        config = home / "device.toml"
        config.write_text(f'link = "{link}"\nname = "{name}"\n{text}')
        super().__init__(home, "device", "--config", config, exit_code=None, **options)


def make_token(directory: Path, *scopes: Any, room: str = "home") -> str:
    """The secret of a new token of the relay that keeps its files in `directory`."""
    return TokenStore(directory / TOKENS_FILE).create("device", frozenset(scopes), room, 0)[1]
