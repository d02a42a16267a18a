"""A Chromium that nobody watches while it is measured.

Anyone who drives a browser as usual is told of every message of every socket, which costs it more than the
message itself, and leaves things behind in its pages. This one is only asked, by the DevTools protocol, and
tells nothing by itself.
"""

import json
import os
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from audio_rig import Rig, stop, wait_until
from phone import CHROMIUM, FLAGS, GRANT, SIZE, trust
from websockets.sync.client import connect

UNWATCHED: Final = (
    "--headless=new",
    "--remote-debugging-port=0",
    "--no-first-run",
    "--password-store=basic",
    "--autoplay-policy=no-user-gesture-required",
    "--allow-loopback-in-peer-connection",
    f"--window-size={SIZE['width']},{SIZE['height']}",
)
READY_S: Final = 60
"""For what takes a second or two on an idle machine."""
LOADED: Final = "location.href !== 'about:blank' && document.readyState === 'complete'"
"""Every browser begins with a blank page, which is complete at once."""


class NavigatedError(Exception):
    """The page went on to another one while it was asked."""


class Unwatched:
    def __init__(self, pid: int, devtools: str) -> None:
        self.pid = pid
        self._devtools = devtools

    def evaluate(self, expression: str) -> Any:
        """The value of an expression in the page, awaited where it is a promise."""
        answer = self.call("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        if problem := answer.get("exceptionDetails"):
            raise RuntimeError(problem["exception"]["description"])
        return answer["result"].get("value")

    def wait_for(self, condition: str) -> None:
        def holds() -> Any:
            try:
                return self.evaluate(condition)
            except NavigatedError:
                return False

        wait_until(holds, READY_S, lambda: f"the page does not say: {condition}")

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        with connect(self._page(), max_size=None) as page:
            page.send(json.dumps({"id": 1, "method": method, "params": parameters}))
            answer: dict[str, Any] = json.loads(page.recv())
        if problem := answer.get("error"):
            raise NavigatedError(problem["message"])
        return dict(answer["result"])

    def _page(self) -> str:
        with urllib.request.urlopen(f"{self._devtools}/json/list", timeout=READY_S) as answer:
            targets = json.load(answer)
        return next(str(target["webSocketDebuggerUrl"]) for target in targets if target["type"] == "page")


@contextmanager
def unwatched(home: Path, rig: Rig, member: int, authority: Path, url: str) -> Iterator[Unwatched]:
    """On this member's wires and at this page; it trusts a certificate authority, and everybody with its
    microphone."""
    trust(home / ".pki/nssdb", authority)
    profile = home / "profile"
    environment: dict[str, Any] = {**os.environ, **rig.environment(), "HOME": str(home)}
    command = [str(CHROMIUM), *FLAGS, *UNWATCHED, GRANT, f"--user-data-dir={profile}", url]
    with (home / "chromium.log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    try:
        rig.attach(process.pid, member)
        browser = Unwatched(process.pid, devtools_of(profile))
        browser.wait_for(LOADED)
        yield browser
    finally:
        stop(process)


def devtools_of(profile: Path) -> str:
    told = profile / "DevToolsActivePort"
    port: str = wait_until(
        lambda: told.exists() and told.read_text(), READY_S, lambda: "the browser does not start"
    )
    return f"http://127.0.0.1:{port.splitlines()[0]}"
