"""The pre-flight page in real browsers, on the rig: a cable brings the loudspeaker to the microphone."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from desktops import firefox, webkit
from phone import GRANT, REFUSE, Phones
from processes import RelayProcess
from rig import Rig, wait_until
from sound import speech

pytestmark = pytest.mark.browser

HERE = 0
LONGEST_S = 180
STARTS_S = 60
WORD = speech()[:24_000]
HUM = np.float32(0.003) * np.sin(np.arange(10 * 48_000, dtype=np.float32) / 20)
SILENCE = np.zeros_like(HUM)


class Row(NamedTuple):
    state: str
    words: str


Rows = dict[str, Row]
EVERY_ROW = ("secure", "microphone", "loudspeaker", "echo", "codec", "socket", "network")
OF_SOUND = ("microphone", "loudspeaker", "echo")
ALL_PASS = dict.fromkeys(EVERY_ROW, "passes")
NO_VOICE = {
    "refused": (REFUSE, SILENCE, "fails", "allow the microphone"),
    "switched off": (GRANT, SILENCE, "fails", "hears nothing at all"),
    "only a hum": (GRANT, HUM, "unknown", "-50 dB at the loudest"),
}


@contextmanager
def cable(rig: Rig) -> Iterator[None]:
    with rig.copy(rig.speaker(HERE), rig.microphone(HERE)):
        yield


def check_link(relay: RelayProcess) -> str:
    return relay.link.replace("/#", "/check#")


def told(relay: RelayProcess) -> Rows:
    """What the check told the relay, as the relay logs it."""

    def find() -> list[str]:
        relay.check_running()
        return re.findall(r" check of 127\.0\.0\.1: (.*)$", relay.log, re.MULTILINE)

    found: list[str] = wait_until(find, LONGEST_S, relay.complaint)
    rows = re.findall(rf"\b({'|'.join(EVERY_ROW)}) (passes|fails|unknown)(?:: ([^;]*))?;", found[0])
    return {name: Row(state, words) for name, state, words in rows}


def say_a_word(rig: Rig) -> None:
    rig.wait_attached(HERE, STARTS_S)
    rig.play(rig.microphone(HERE), WORD).wait()


def states(rows: Rows) -> dict[str, str]:
    print(rows)
    return {name: row.state for name, row in rows.items()}


@pytest.mark.sound
def test_in_chromium_every_row_passes(rig: Rig, relay: RelayProcess, phones: Phones) -> None:
    with cable(rig):
        phone = phones.start(rig, HERE, relay.authority).open(check_link(relay))
        phone.press("Start the check")
        say_a_word(rig)
        assert states(told(relay)) == ALL_PASS
        phone.page.get_by_text("All is well").wait_for()
    assert phone.errors == []


@pytest.mark.sound
def test_in_firefox_every_row_passes_and_it_starts_by_itself(rig: Rig, relay: RelayProcess, tmp_path: Path) -> None:
    with cable(rig), firefox(tmp_path, rig, HERE, relay.authority, f"{check_link(relay)}&auto"):
        say_a_word(rig)
        assert states(told(relay)) == ALL_PASS


@pytest.mark.sound
def test_in_webkit_every_row_passes_but_the_echo_which_it_does_not_cancel(
    rig: Rig, relay: RelayProcess, tmp_path: Path
) -> None:
    with cable(rig), webkit(tmp_path, rig, HERE, relay.authority, f"{check_link(relay)}&auto"):
        say_a_word(rig)
        rows = told(relay)
    assert states(rows) == {**ALL_PASS, "echo": "fails"}
    assert "use headphones" in rows["echo"].words


@pytest.mark.sound
def test_an_echo_that_is_not_cancelled_is_found_and_the_way_to_the_page_and_back_keeps_the_link(
    rig: Rig, relay: RelayProcess, phones: Phones
) -> None:
    link = f"{relay.link}&echoCancellation=off"
    with cable(rig):
        page = phones.start(rig, HERE, relay.authority).open(link).page
        page.get_by_role("link", name="Check this device first").click()
        page.get_by_role("button", name="Start the check").click()
        say_a_word(rig)
        rows = told(relay)
    assert states(rows) == {**ALL_PASS, "echo": "fails"}
    page.get_by_role("link", name="Go to the room").click()
    page.get_by_role("button", name="Join", exact=True).wait_for()
    assert page.url == link


@pytest.mark.parametrize("case", NO_VOICE)
def test_where_the_microphone_gives_no_voice_the_reason_is_said_and_what_hangs_on_it_is_unknown(
    case: str, rig: Rig, relay: RelayProcess, phones: Phones
) -> None:
    permission, sound, state, words = NO_VOICE[case]
    phone = phones.start(rig, HERE, relay.authority, microphone=permission).open(check_link(relay))
    rig.play(rig.microphone(HERE), sound)
    phone.press("Start the check")
    rows = told(relay)
    of_sound = {name: row.state for name, row in rows.items() if name in OF_SOUND}
    assert of_sound == {"microphone": state, "loudspeaker": "unknown", "echo": "unknown"}
    assert words in rows["microphone"].words


def test_an_address_that_is_not_secure_is_said_to_be_the_reason(rig: Rig, phones: Phones, tmp_path: Path) -> None:
    with RelayProcess(tmp_path / "relay", "--no-tls") as relay:
        phone = phones.start(rig, HERE, flags=("--host-resolver-rules=MAP relay.test 127.0.0.1",))
        phone.open(check_link(relay).replace("127.0.0.1", "relay.test"))
        phone.press("Start the check")
        phone.page.get_by_role("button", name="Check again").wait_for(timeout=LONGEST_S * 1000)
        reasons = phone.page.locator("[data-state=fails]", has_text="begins with https://")
        failing = {row.get_attribute("data-check") for row in reasons.all()}
    assert failing == {"secure", "microphone", "codec"}
