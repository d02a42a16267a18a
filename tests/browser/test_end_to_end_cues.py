"""Events are heard: each has its own notes, only where they are wanted."""

from typing import Final

import pytest
from audio_rig import Rig
from phone import Phones, wait_for_truth
from playwright.sync_api import Page
from processes import RelayProcess
from synthetic_room import crowd

pytestmark = pytest.mark.browser

NOTE_TONES: Final = """{
    globalThis.tones = [];
    const Tone = globalThis.OscillatorNode;
    globalThis.OscillatorNode = class extends Tone {
        constructor(context, options) {
            super(context, options);
            tones.push(Math.round(options.frequency));
        }
    };
}"""
"""Every note is a tone and its octave."""
JOINS: Final = [392, 784, 587, 1175]
LEAVES: Final = [587, 1175, 392, 784]
MESSAGE: Final = [659, 1319, 880, 1760]
HAND: Final = [523, 1047, 659, 1319, 784, 1568]
BETWEEN_MS: Final = 3_100
"""Two sounds are no closer than 3 s; what comes earlier is not heard."""


def heard(page: Page, tones: list[int]) -> None:
    """These are the tones since the last time."""
    wait_for_truth(page, f"tones.length >= {len(tones)}")
    assert page.evaluate("tones.splice(0)") == tones
    page.wait_for_timeout(BETWEEN_MS)


def test_somebody_who_comes_goes_writes_or_raises_a_hand_is_heard_by_the_host(
    rig: Rig, relay: RelayProcess, phones: Phones
) -> None:
    anna = phones.start(rig, 0, relay.authority)
    anna.page.add_init_script(NOTE_TONES)
    anna.open(relay.host_link).join("Anna")
    with crowd(relay, 1):
        heard(anna.page, JOINS)
    heard(anna.page, LEAVES)
    ben = phones.start(rig, 1, relay.authority).open(relay.link).join("Ben")
    heard(anna.page, JOINS)
    ben.write("Dinner is ready")
    heard(anna.page, MESSAGE)
    ben.press("Raise hand")
    heard(anna.page, HAND)


def test_a_message_is_not_heard_where_it_is_read_or_where_sounds_are_off(
    rig: Rig, relay: RelayProcess, phones: Phones
) -> None:
    anna = phones.start(rig, 0, relay.authority)
    anna.page.add_init_script(NOTE_TONES)
    anna.open(relay.link).join("Anna")
    ben = phones.start(rig, 1, relay.authority).open(relay.link).join("Ben")
    heard(anna.page, JOINS)
    anna.open_chat()
    ben.write("Dinner is ready")
    anna.page.locator("#said").get_by_text("Dinner is ready").wait_for()
    anna.close_sheet()
    anna.open_settings()
    anna.page.get_by_role("switch", name="Sounds").set_checked(False)
    anna.close_sheet()
    ben.write("It gets cold")
    anna.page.locator("#toasts").get_by_text("It gets cold").wait_for()
    assert anna.page.evaluate("tones") == []
