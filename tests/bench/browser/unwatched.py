"""A Chromium that nobody watches while it is measured.

Whoever drives a browser is told of every message of every socket, which costs it more than the message itself. So it is
driven only for a moment, to press a button or to ask.
"""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from phone import CHROMIUM, FLAGS, GRANT, SIZE, trust
from playwright.sync_api import Page, Playwright
from rig import Rig, stop, wait_until

UNWATCHED: Final = (
    "--headless=new",
    "--remote-debugging-port=0",
    "--no-first-run",
    "--password-store=basic",
    "--autoplay-policy=no-user-gesture-required",
    "--allow-loopback-in-peer-connection",
    f"--window-size={SIZE['width']},{SIZE['height']}",
)


class Unwatched:
    def __init__(self, driver: Playwright, process: subprocess.Popen[bytes], endpoint: str) -> None:
        self._driver = driver
        self._endpoint = endpoint
        self.pid = process.pid

    @contextmanager
    def driven(self) -> Iterator[Page]:
        """Its page, until the end of the block."""
        browser = self._driver.chromium.connect_over_cdp(self._endpoint)
        try:
            yield browser.contexts[0].pages[0]
        finally:
            browser.close()  # hangs up; the browser goes on


@contextmanager
def unwatched(driver: Playwright, home: Path, rig: Rig, member: int, authority: Path) -> Iterator[Unwatched]:
    """On this member's wires; it trusts a certificate authority, and everybody with its microphone."""
    trust(home / ".pki/nssdb", authority)
    profile = home / "profile"
    environment: dict[str, Any] = {**os.environ, **rig.environment(), "HOME": str(home)}
    command = [str(CHROMIUM), *FLAGS, *UNWATCHED, GRANT, f"--user-data-dir={profile}", "about:blank"]
    with (home / "chromium.log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    try:
        rig.attach(process.pid, member)
        yield Unwatched(driver, process, endpoint_of(profile))
    finally:
        stop(process)


def endpoint_of(profile: Path) -> str:
    told = profile / "DevToolsActivePort"
    port: str = wait_until(lambda: told.exists() and told.read_text(), 20, lambda: "the browser does not start")
    return f"http://127.0.0.1:{port.splitlines()[0]}"
