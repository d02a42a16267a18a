"""The code in the browser of the relay's own computer: larger, and seen from across the room.

It is a file that this user alone may read, so the invitation crosses no network and stands in no history but
as the name of a file. It is gone when the relay ends.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from html import escape
from pathlib import Path
from typing import Final

from streamer.relay.screen.qr_code import picture

_RELOAD_S: Final = 5
"""A new invitation is on the page as soon as somebody has looked up from the old one."""

_PAGE: Final = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta http-equiv="refresh" content="{reload_s}">
<meta name="referrer" content="no-referrer">
<title>{room}</title>
<style>
  body {{ margin: 2rem auto; max-width: 40rem; text-align: center; font: 1.25rem/1.4 system-ui, sans-serif;
    background: #fff; color: #1e1b16; }}
  svg {{ width: min(100%, 70vh); }}
  p {{ overflow-wrap: anywhere; }}
</style>
<h1>{room}</h1>
<p>Scan this code to join.</p>
{drawing}
<p>{link}</p>
</html>
"""


def opener(environment: Mapping[str, str] = os.environ) -> list[str] | None:
    """The command that opens a file in the browser; None where there is no desktop, or it is somebody
    else's."""
    if environment.get("SSH_CONNECTION") and not environment.get("DISPLAY"):
        return None
    if sys.platform == "darwin":
        return ["open"]
    if sys.platform == "win32":
        return ["explorer"]
    has_screen = environment.get("DISPLAY") or environment.get("WAYLAND_DISPLAY")
    return ["xdg-open"] if has_screen and shutil.which("xdg-open") else None


class CodePage:
    """`update` keeps what the browser shows equal to the screen."""

    def __init__(self) -> None:
        self._folder: Path | None = None
        self._shown = ("", "")

    def open(self, room: str, link: str) -> None:
        """Raises OSError where no browser can be started."""
        command = opener()
        if command is None:
            raise FileNotFoundError("there is no desktop here")
        self._folder = self._folder or Path(tempfile.mkdtemp(prefix="streamer-"))
        self._write(room, link)
        nothing = subprocess.DEVNULL
        subprocess.Popen(
            [*command, str(self._path)], stdin=nothing, stdout=nothing, stderr=nothing, start_new_session=True
        )

    def update(self, room: str, link: str) -> None:
        if self._folder and (room, link) != self._shown:
            with suppress(OSError):
                self._write(room, link)

    def close(self) -> None:
        if self._folder:
            shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def _path(self) -> Path:
        assert self._folder
        return self._folder / "code.html"

    def _write(self, room: str, link: str) -> None:
        page = _PAGE.format(reload_s=_RELOAD_S, room=escape(room), link=escape(link), drawing=picture(link))
        self._path.write_text(page, encoding="utf-8")
        self._shown = room, link
