"""A phone: one Chromium process at a phone's size, with a home of its own, its sound on one member's wires.

Playwright's sync API runs an event loop in this thread, so phones live no longer than a test.
"""

import os
import subprocess
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self

import psutil
from playwright.sync_api import BrowserContext, Page, Playwright, sync_playwright
from processes import RelayProcess
from rig import Rig, wait_until

CHROMIUM = Path("/usr/bin/chromium")
SIZE = {"width": 390, "height": 844}
USER_AGENT = (
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36"
)
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 Version/18.5 Mobile Safari/604.1"
DESKTOP = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"
FLAGS = (
    "--no-sandbox",  # root can't have one
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-features=WebRtcAllowInputVolumeAdjustment",
)
GRANT = "--use-fake-ui-for-media-stream"
UNPROCESSED = "&echoCancellation=off&noiseSuppression=off&autoGainControl=off"
REFUSE = "--deny-permission-prompts"


class Phone:
    def __init__(self, context: BrowserContext, pid: int) -> None:
        self.context = context
        self.pid = pid
        self.page: Page = context.pages[0]
        self.errors: list[str] = []
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", self._on_console)

    def open(self, link: str) -> Self:
        self.page.goto("about:blank")  # a link that differs in its fragment alone would load nothing
        self.page.goto(link)
        return self

    def join(self, name: str | None = None) -> Self:
        """Press Join and wait until the page says that it is in."""
        if name is not None:
            self.page.get_by_label("name", exact=False).first.fill(name)
        self.page.get_by_role("button", name="Join", exact=True).click()
        self.page.locator("[data-state=joined]").first.wait_for(state="attached", timeout=15_000)
        return self

    def press(self, button: str) -> None:
        self.page.get_by_role("button", name=button, exact=True).click()

    def _on_console(self, message: Any) -> None:
        if message.type == "error":
            self.errors.append(message.text)


class Phones:
    """Makes phones, and switches them all off at the end of the block."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.all: list[Phone] = []

    def __enter__(self) -> Self:
        self._switch_off = ExitStack()
        self._playwright: Playwright = self._switch_off.enter_context(sync_playwright())
        return self

    def __exit__(self, *exception: Any) -> None:
        self._switch_off.close()

    def start(
        self,
        rig: Rig,
        member: int,
        authority: Path | None = None,
        microphone: str = GRANT,
        flags: tuple[str, ...] = (),
        browser: Path = CHROMIUM,
        user_agent: str = USER_AGENT,
    ) -> Phone:
        """A phone on this member's wires that trusts a certificate authority; its microphone is granted or refused."""
        home = self._folder / f"phone-{len(self.all)}"
        home.mkdir(parents=True)
        if authority:
            trust(home / ".pki/nssdb", authority)
        context = self._playwright.chromium.launch_persistent_context(
            str(home / "profile"),
            executable_path=str(browser),
            args=[*FLAGS, microphone, *flags],
            ignore_default_args=["--mute-audio"],
            env={**os.environ, **rig.environment(), "HOME": str(home)},
            viewport=SIZE,
            is_mobile=True,
            has_touch=True,
            user_agent=user_agent,
        )
        self._switch_off.callback(context.close)
        phone = Phone(context, process_of(home / "profile"))
        self.all.append(phone)
        rig.attach(phone.pid, member)
        return phone


def a_phone(phones: Phones, rig: Rig, relay: RelayProcess, member: int, name: str) -> Phone:
    phone = phones.start(rig, member, relay.authority).open(relay.link + UNPROCESSED).join(name)
    rig.wait_attached(member)
    return phone


def anna_and_ben(phones: Phones, rig: Rig, relay: RelayProcess) -> tuple[Phone, Phone]:
    """In the relay's room as members 0 and 1."""
    anna, ben = (a_phone(phones, rig, relay, member, name) for member, name in enumerate(("Anna", "Ben")))
    return anna, ben


def trust(store: Path, authority: Path) -> None:
    """Make a browser's store of certificates, with a certificate authority in it."""
    store.mkdir(parents=True)
    database = ["-d", f"sql:{store}"]
    install = ["-A", "-t", "C,,", "-n", "streamer", "-i", str(authority)]
    for arguments in (["-N", "--empty-password"], install):
        # certutil, asked for a password at the end of its input, asks again for ever.
        subprocess.run(
            ["certutil", *database, *arguments],
            check=True,
            timeout=30,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )


def process_of(profile: Path) -> int:
    """The browser's own process, the parent of all others of its profile."""

    def find() -> int | None:
        for process in psutil.process_iter(["cmdline"]):
            command = process.info["cmdline"] or []
            if f"--user-data-dir={profile}" in command and not any(part.startswith("--type=") for part in command):
                return process.pid
        return None

    pid: int = wait_until(find, 10, lambda: f"no browser runs with the profile {profile}")
    return pid
