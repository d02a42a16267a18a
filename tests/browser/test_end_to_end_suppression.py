"""Strong noise suppression in a real browser: switched on in a call, told in every listener's delay, never in
music."""

from typing import Any, Final

import pytest
from audio_rig import Rig, wait_until
from phone import PATIENCE_MS, UNPROCESSED, Phone, Phones, anna_and_ben
from playwright.sync_api import Page, expect
from processes import RelayProcess

pytestmark = pytest.mark.browser

ADDS_MS: Final = 20
FRAME_MS: Final = 10
"""The first sample of a packet has waited for its last."""
SOON_MS: Final = 25
"""From the microphone to the socket, at the best of many moments: 10 to 20, as packets fall into the pieces
of 21 ms that a browser hears an unprocessed microphone in; with the suppression it is never less than 30."""
MANY: Final = 6
"""Clock messages: three seconds of talk."""
FOLLOW_CLOCKS = """async (url) => {
  const socket = new WebSocket(url, ["streamer.v1"]);
  window.tookMs = [];
  socket.addEventListener("message", ({ data }) => {
    if (typeof data !== "string") return;
    const { type, sent_us, server_us, device_us } = JSON.parse(data);
    if (type === "clock") window.tookMs.push((sent_us - server_us - Math.max(0, device_us)) / 1000);
  });
  await new Promise((resolve) => socket.addEventListener("open", resolve, { once: true }));
}"""


class Listener:
    """Somebody whom a talker tells how long the voice took to its socket, in ms."""

    def __init__(self, page: Page, relay: RelayProcess) -> None:
        self._page = page
        key = relay.link.partition("key=")[2]
        page.evaluate(
            FOLLOW_CLOCKS, f"{relay.origin.replace('https', 'wss')}/ws?room=home&key={key}&name=Clocks"
        )

    def took_ms(self) -> list[float]:
        heard: list[float] = self._page.evaluate("window.tookMs")
        return heard

    def wait_until_soon(self) -> None:
        """From now on, until the delay is that of a voice as it is."""
        known = len(self.took_ms())
        self._wait(lambda: any(ms < SOON_MS for ms in self.took_ms()[known:]))

    def wait_until_late(self) -> list[float]:
        """Until several in a row are as late as the suppression makes them; on no machine are they sooner."""
        self._wait(lambda: all(ms >= FRAME_MS + ADDS_MS - 1 for ms in self._last()))
        return self._last()

    def _last(self) -> list[float]:
        return ([0.0] * MANY + self.took_ms())[-MANY:]

    def _wait(self, holds: Any) -> None:
        wait_until(holds, PATIENCE_MS / 1000, lambda: f"took, in ms: {self.took_ms()[-20:]}")


def switch(phone: Phone, name: str, on: bool) -> None:
    phone.open_settings()
    phone.page.get_by_role("switch", name=name, exact=True).set_checked(on)
    phone.close_sheet()


def keep_talking(phone: Phone) -> None:
    """All is sent that its microphone hears."""
    phone.page.locator("#disc").tap()
    expect(phone.page.locator("#floor-words")).to_have_text("Tap to stop")


def test_a_listener_is_told_of_the_20_ms_as_soon_as_it_is_on_and_music_never_waits_for_them(
    rig: Rig, relay: RelayProcess, phones: Phones
) -> None:
    anna, ben = anna_and_ben(phones, rig, relay)
    anna.push_to_talk()
    keep_talking(anna)
    listener = Listener(ben.page, relay)
    listener.wait_until_soon()
    switch(anna, "Strong noise suppression", on=True)
    late = listener.wait_until_late()
    print(f"with it, from the microphone to the socket: {[f'{ms:.1f}' for ms in late]} ms")
    switch(anna, "Music", on=True)
    anna.open_settings()
    box = anna.page.get_by_role("switch", name="Strong noise suppression", exact=True)
    expect(box).not_to_be_checked()
    expect(box).to_be_disabled()
    anna.close_sheet()
    listener.wait_until_soon()
    switch(anna, "Music", on=False)
    listener.wait_until_late()
    switch(anna, "Strong noise suppression", on=False)
    listener.wait_until_soon()
    assert anna.errors == []


def test_it_is_remembered_and_where_it_can_t_be_loaded_one_is_told_and_heard_all_the_same(
    rig: Rig, relay: RelayProcess, phones: Phones
) -> None:
    anna, ben = anna_and_ben(phones, rig, relay)
    anna.push_to_talk()
    switch(anna, "Strong noise suppression", on=True)
    anna.context.route("**/rnnoise-sync.js", lambda route: route.abort())
    anna.open(relay.link + UNPROCESSED).join("Anna")
    expect(anna.page.locator("#status")).to_contain_text("could not be loaded")  # where a toast's words stay
    keep_talking(anna)
    Listener(ben.page, relay).wait_until_soon()
    anna.open_settings()
    expect(anna.page.get_by_role("switch", name="Strong noise suppression", exact=True)).not_to_be_checked()
