"""A phone: a Chromium at a phone's size, its sound on one member's wires.

It has a process and a home of its own, or shares the process of its member with the phones of other tests:
then it is a context, which knows nothing of any other. Playwright's sync API runs an event loop in this
thread: no asynchronous test may run in a file that shares browsers.
"""

import os
import re
import subprocess
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple, Self

import psutil
from audio_rig import Rig, wait_until
from evidence import keep_now, keep_on_failure
from playwright.sync_api import Browser, BrowserContext, Locator, Page, Playwright, expect, sync_playwright
from processes import RelayProcess

CHROMIUM = Path("/usr/bin/chromium")
SIZE = {"width": 390, "height": 844}
SMALL = {"width": 320, "height": 568}
"""The smallest phone that there is."""
SETTLED_MS = 1_000
"""After it got another size, a page takes scrolling for a person's."""
USER_AGENT = (
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/140.0.0.0 Mobile Safari/537.36"
)
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 "
    "Version/18.5 Mobile Safari/604.1"
)
DESKTOP = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"
)
FLAGS = (
    "--no-sandbox",  # root can't have one
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-features=WebRtcAllowInputVolumeAdjustment",
)
GRANT = "--use-fake-ui-for-media-stream"
UNPROCESSED = "&echoCancellation=off&noiseSuppression=off&autoGainControl=off"
REFUSE = "--deny-permission-prompts"
AS_A_PHONE: Final[dict[str, Any]] = {"viewport": SIZE, "is_mobile": True, "has_touch": True}
PATIENCE_MS: Final = 60_000
"""For what a page does within a second on an idle machine: no more than a bound on a test that hangs."""
SCREENSHOT_MS: Final = 5_000
"""A page that is not drawn by then hangs, and that is to be seen from the test's own failure."""

expect.set_options(timeout=PATIENCE_MS)


class Phone:
    def __init__(self, context: BrowserContext, pid: int) -> None:
        self.context = context
        self.pid = pid
        self.page: Page = context.pages[0]
        self.page.set_default_timeout(PATIENCE_MS)
        self.errors: list[str] = []
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", self._on_console)

    def speak(self, language: str) -> Self:
        """Make `language`, such as "de-DE", the browser's own from the next page on."""
        languages = f"Object.defineProperty(navigator, 'languages', {{ value: ['{language}', 'en'] }})"
        self.page.add_init_script(languages)
        return self

    def open(self, link: str) -> Self:
        self.page.goto("about:blank")  # a link that differs in its fragment alone would load nothing
        self.page.goto(link)
        return self

    def join(self, name: str | None = None) -> Self:
        """Press Join and wait until the page says that it is in."""
        if name is not None:
            self.page.locator("#name").fill(name)
        self.page.locator("#join").click()
        self.wait_until_in()
        return self

    def wait_until_in(self) -> None:
        """The others may see it before the page itself shows the room."""
        self.page.locator("[data-state=joined]").first.wait_for(state="attached", timeout=PATIENCE_MS)

    def press(self, button: str) -> None:
        self.page.get_by_role("button", name=button, exact=True).click()

    # a page of a room, by what people see of it

    def person(self, name: str) -> Locator:
        """The face of somebody in the room, in any layout."""
        named = self.page.locator(".name", has_text=re.compile(rf"^{re.escape(name)}$"))
        return self.page.locator("main button[data-talker]").filter(has=named).first

    def names(self) -> Locator:
        """Of everybody in the room; one's own is "You"."""
        return self.page.locator("main button[data-talker] .name")

    def delays(self) -> Locator:
        """Every place that shows how long a voice takes."""
        return self.page.locator("main .pill:visible, #arc .whole b:visible")

    def open_person(self, name: str) -> None:
        self.person(name).click()
        self.page.locator("#person").wait_for()

    def set_volume(self, name: str, percent: int) -> None:
        self.open_person(name)
        self.page.get_by_label(f"How loud {name} is for you").fill(str(percent))
        self.close_sheet()

    def mute_for_me(self, name: str) -> None:
        self.open_person(name)
        self.page.get_by_label(f"ute for me: {name}").click()
        self.close_sheet()

    def open_settings(self) -> None:
        self.page.locator("#open-sound").click()
        self.page.locator("#settings").wait_for()

    def open_experts(self) -> None:
        self.open_settings()
        self.page.locator("#experts > summary").click()

    def open_chat(self) -> None:
        self.page.locator("#open-chat").click()
        self.page.locator("#chat").wait_for()

    def open_host_tools(self) -> None:
        self.page.locator("#open-host").click()
        self.page.locator("#host").wait_for()

    def close_sheet(self) -> None:
        self.page.locator("dialog[open] .close").click()

    def write(self, text: str) -> None:
        self.open_chat()
        self.page.get_by_label("Write to everybody").fill(text)
        self.press("Send")
        self.close_sheet()

    def push_to_talk(self, on: bool = True) -> None:
        self.open_settings()
        self.page.locator("[name=pushToTalk]").set_checked(on)
        self.close_sheet()

    def press_microphone(self) -> None:
        self.page.locator("#mic").click()

    def keep_screenshot(self, path: Path) -> None:
        """And beside it what the page logged as an error; of a page that is closed, nothing."""
        if self.page.is_closed():
            return
        if self.errors:
            path.with_suffix(".errors.txt").write_text("\n".join(self.errors))
        self.page.screenshot(path=path, timeout=SCREENSHOT_MS)

    def _on_console(self, message: Any) -> None:
        if message.type == "error":
            self.errors.append(message.text)


class Kind(NamedTuple):
    """Phones that may share one browser."""

    member: int
    authority: bytes | None
    browser: Path
    flags: tuple[str, ...]


class Chromium(NamedTuple):
    browser: Browser
    pid: int


class Chromiums:
    """One Chromium for each kind of phone, started when it is first asked for, ended at the end of the
    block."""

    def __init__(self, folder: Path, rig: Rig) -> None:
        self._folder = folder
        self._rig = rig
        self._running: dict[Kind, Chromium] = {}

    def __enter__(self) -> Self:
        self._end = ExitStack()
        self.playwright = self._end.enter_context(playwright())
        return self

    def __exit__(self, *exception: Any) -> None:
        self._end.close()

    def get(self, member: int, authority: Path | None, browser: Path, flags: tuple[str, ...]) -> Chromium:
        kind = Kind(member, authority and authority.read_bytes(), browser, flags)
        running = self._running.get(kind)
        if running is None or not running.browser.is_connected():
            running = self._running[kind] = self._start(kind, authority)
        return running

    def _start(self, kind: Kind, authority: Path | None) -> Chromium:
        home = a_home(self._folder / f"chromium-{uuid.uuid4()}", authority)
        mark = f"--phones-of-{home.name}"  # Chromium passes over what it does not know
        browser = self.playwright.chromium.launch(
            executable_path=str(kind.browser),
            args=[*FLAGS, *kind.flags, mark],
            ignore_default_args=["--mute-audio"],
            env={**os.environ, **self._rig.environment(), "HOME": str(home)},
        )
        self._end.callback(browser.close)
        pid = process_with(mark)
        self._rig.attach(pid, kind.member)
        return Chromium(browser, pid)


class Phones:
    """Makes phones, and switches them all off at the end of the block."""

    def __init__(self, folder: Path, chromiums: Chromiums | None = None) -> None:
        """Each phone is a browser of its own, or a context in one of `chromiums`."""
        self._folder = folder
        self._chromiums = chromiums
        self.all: list[Phone] = []

    def __enter__(self) -> Self:
        self._switch_off = ExitStack()
        self._playwright = self._switch_off.enter_context(playwright())
        return self

    def __exit__(self, exception_type: Any, *_: Any) -> None:
        if exception_type is not None:
            for number, phone in enumerate(self.all):
                keep_now(f"phone-{number}.png", phone.keep_screenshot)
        self._switch_off.close()

    def join_all(self, rig: Rig, relay: RelayProcess, *names: str) -> list[Phone]:
        """A phone for each name, in the relay's room, on the first members' wires."""
        return [
            self.start(rig, member, relay.authority).open(relay.link).join(name)
            for member, name in enumerate(names)
        ]

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
        """A phone on this member's wires that trusts a certificate authority; its microphone is granted or
        refused."""
        flags = (microphone, *flags)
        if self._chromiums is None:
            phone = self._start_alone(rig, authority, browser, flags, user_agent)
            rig.attach(phone.pid, member)
        else:
            chromium = self._chromiums.get(member, authority, browser, flags)
            context = chromium.browser.new_context(**AS_A_PHONE, user_agent=user_agent)
            self._switch_off.callback(context.close)
            context.new_page()
            phone = Phone(context, chromium.pid)
        keep_on_failure(f"phone-{len(self.all)}.png", phone.keep_screenshot)
        self.all.append(phone)
        return phone

    def _start_alone(
        self, rig: Rig, authority: Path | None, browser: Path, flags: tuple[str, ...], user_agent: str
    ) -> Phone:
        home = a_home(self._folder / f"phone-{len(self.all)}", authority)
        context = self._playwright.chromium.launch_persistent_context(
            str(home / "profile"),
            executable_path=str(browser),
            args=[*FLAGS, *flags],
            ignore_default_args=["--mute-audio"],
            env={**os.environ, **rig.environment(), "HOME": str(home)},
            user_agent=user_agent,
            **AS_A_PHONE,
        )
        self._switch_off.callback(context.close)
        return Phone(context, process_with(f"--user-data-dir={home / 'profile'}"))


_playwrights: list[Playwright] = []


@contextmanager
def playwright() -> Iterator[Playwright]:
    """The one that runs in this thread, where there can be only one, or a new one."""
    if _playwrights:
        yield _playwrights[0]
        return
    with sync_playwright() as started:
        _playwrights.append(started)
        try:
            yield started
        finally:
            _playwrights.remove(started)


def a_home(folder: Path, authority: Path | None) -> Path:
    """The home folder of a browser that trusts a certificate authority."""
    folder.mkdir(parents=True)
    if authority:
        trust(folder / ".pki/nssdb", authority)
    return folder


def a_phone(phones: Phones, rig: Rig, relay: RelayProcess, member: int, name: str) -> Phone:
    phone = phones.start(rig, member, relay.authority).open(relay.link + UNPROCESSED).join(name)
    rig.wait_attached(member)
    return phone


def wait_for_truth(page: Page, expression: str) -> None:
    """Of a page of ours: `wait_for_function` evaluates in the page, which its Content-Security-Policy
    forbids."""
    wait_until(lambda: page.evaluate(expression), PATIENCE_MS / 1000, lambda: f"not true: {expression}")


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
            timeout=PATIENCE_MS / 1000,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )


def process_with(argument: str) -> int:
    """The browser's own process, the parent of all others that belong to it."""

    def find() -> int | None:
        for process in psutil.process_iter(["cmdline"]):
            command = process.info["cmdline"] or []
            if argument in command and not any(part.startswith("--type=") for part in command):
                return process.pid
        return None

    pid: int = wait_until(find, PATIENCE_MS / 1000, lambda: f"no browser runs with {argument}")
    return pid
