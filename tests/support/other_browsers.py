"""Other engines than Chromium's, as Debian has them: each opens one link, its sound on one member's wires."""

import json
import os
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from audio_rig import Rig, stop
from phone import trust

FIREFOX = "firefox-esr"
FIREFOX_PREFERENCES = {
    "media.navigator.permission.disabled": True,
    "media.autoplay.default": 0,
    # nothing but loopback is reached
    "network.proxy.type": 1,
    "network.proxy.http": "127.0.0.1",
    "network.proxy.http_port": 9,
    "network.proxy.ssl": "127.0.0.1",
    "network.proxy.ssl_port": 9,
}

MINI_BROWSER = "/usr/lib/x86_64-linux-gnu/webkit2gtk-4.1/MiniBrowser"
WEBKIT_FLAGS = (
    "--private",
    "--autoplay-policy=allow",
    "--enable-media-stream=true",
)
TRUSTED_BY_SYSTEM = "/etc/ssl/certs/ca-certificates.crt"
SCREEN = "1024x800x24"
YES = ("975", "69")
"""Where MiniBrowser, alone on this screen, has the button that allows the microphone."""
PRESS_S = 0.5


@contextmanager
def firefox(folder: Path, rig: Rig, member: int, authority: Path, link: str) -> Iterator[None]:
    profile = folder / "firefox"
    trust(profile, authority)
    lines = (
        f"user_pref({json.dumps(name)}, {json.dumps(value)});\n"
        for name, value in FIREFOX_PREFERENCES.items()
    )
    (profile / "user.js").write_text("".join(lines))
    rig.pactl("set-default-source", rig.microphone(member).tap)  # it does not let its streams be moved
    command = [FIREFOX, "--headless", "--no-remote", "--profile", str(profile), link]
    with _running(command, rig, member, {"HOME": str(folder)}):
        yield


@contextmanager
def webkit(folder: Path, rig: Rig, member: int, authority: Path, link: str) -> Iterator[None]:
    """WebKitGTK asks for the microphone each time that a page opens it, in a bar that no web driver reaches.

    It trusts the system's authorities; here it sees a system that trusts the relay's authority alone.
    """
    trusting = [
        "bwrap",
        "--die-with-parent",
        "--dev-bind",
        "/",
        "/",
        "--ro-bind",
        str(authority),
        TRUSTED_BY_SYSTEM,
    ]
    command = [*trusting, MINI_BROWSER, *WEBKIT_FLAGS, link]
    with (
        _screen() as display,
        _running(command, rig, member, {"HOME": str(folder), "DISPLAY": display}),
        _pressing(display, YES),
    ):
        yield


@contextmanager
def _running(command: list[str], rig: Rig, member: int, variables: Mapping[str, str]) -> Iterator[None]:
    environment = {**os.environ, **rig.environment(member), **variables}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        rig.attach(process.pid, member)
        yield
    finally:
        stop(process)


@contextmanager
def _screen() -> Iterator[str]:
    """A screen that nobody sees; gives its display."""
    command = ["Xvfb", "-displayfd", "1", "-screen", "0", SCREEN]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        assert server.stdout is not None
        yield f":{server.stdout.readline().strip()}"
    finally:
        stop(server)


@contextmanager
def _pressing(display: str, place: tuple[str, str]) -> Iterator[None]:
    """Somebody presses what is at this place, again and again."""
    command = ["xdotool", "mousemove", *place, "click", "1"]
    ended = threading.Event()

    def press() -> None:
        while not ended.wait(PRESS_S):
            subprocess.run(
                command, env={**os.environ, "DISPLAY": display}, check=False, stderr=subprocess.DEVNULL
            )

    thread = threading.Thread(target=press)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
