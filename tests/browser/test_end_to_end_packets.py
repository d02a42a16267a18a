"""The length of packets, chosen on the page in the middle of a call, in a real browser."""

from typing import Any, Final

import pytest
from audio_rig import Rig, wait_until
from phone import PATIENCE_MS, UNPROCESSED, Phone, Phones
from playwright.sync_api import Page, expect
from processes import RelayProcess

pytestmark = pytest.mark.browser

FOLLOW_DURATIONS: Final = """async (url) => {
  const socket = new WebSocket(url, ["streamer.v1"]);
  socket.binaryType = "arraybuffer";
  window.durations = [];
  socket.addEventListener("message", ({ data }) => {
    if (typeof data !== "string") window.durations.push(new DataView(data).getUint8(7));
  });
  await new Promise((resolve) => socket.addEventListener("open", resolve, { once: true }));
}"""
READS_NO_TRACK: Final = "delete globalThis.MediaStreamTrackProcessor;"
"""As in Firefox and Safari: the microphone then comes through the audio context, a few ms at a time."""


def follow(page: Page, relay: RelayProcess) -> None:
    key = relay.link.partition("key=")[2]
    page.evaluate(
        FOLLOW_DURATIONS, f"{relay.origin.replace('https', 'wss')}/ws?room=home&key={key}&name=Durations"
    )


def choose(page: Page, units: str) -> None:
    """And wait for packets of this length, in 2.5 ms; again, where a busy machine looks like a network that
    is late."""
    chosen, known = page.get_by_label("Packet length"), len(page.evaluate("window.durations"))
    chosen.select_option(units)

    def durations() -> list[Any]:
        return list(page.evaluate("window.durations")[known:])

    def comes() -> bool:
        if "for now" in page.locator("#packets-words").inner_text():
            chosen.select_option("4")
            chosen.select_option(units)
        return durations().count(int(units)) >= 3

    wait_until(comes, PATIENCE_MS / 1000, lambda: f"{durations()[-20:]}")


def talking(phones: Phones, rig: Rig, relay: RelayProcess, script: str = "") -> Phone:
    """A phone of which all is sent that its microphone hears, with the settings for experts open."""
    phone = phones.start(rig, 0, relay.authority)
    if script:
        phone.page.add_init_script(script)
    phone.open(relay.link + UNPROCESSED).join("Anna")
    rig.wait_attached(0)
    follow(phone.page, relay)  # somebody else is there, so there is a disc
    phone.push_to_talk()
    phone.page.locator("#disc").tap()
    phone.open_experts()
    return phone


def test_who_talks_chooses_the_length_of_packets_and_finds_it_again_the_next_time(
    rig: Rig, relay: RelayProcess, phones: Phones
) -> None:
    anna = talking(phones, rig, relay, READS_NO_TRACK)
    chosen = anna.page.get_by_label("Packet length")
    expect(chosen).to_have_value("4")
    for units in ("1", "2", "4", "2"):
        choose(anna.page, units)
    anna.page.reload()
    anna.join()
    anna.open_experts()
    expect(chosen).to_have_value("2")


def test_a_browser_that_hands_over_10_ms_at_a_time_says_that_shorter_packets_save_nothing(
    rig: Rig, relay: RelayProcess, phones: Phones
) -> None:
    anna = talking(phones, rig, relay)
    words = anna.page.locator("#packets-words")
    expect(words).to_contain_text("music with headphones")
    anna.page.get_by_label("Packet length").select_option("2")
    expect(words).to_contain_text("Your packets last 10 ms:")
    anna.page.get_by_label("Packet length").select_option("4")
    expect(words).to_contain_text("music with headphones")
