"""Hear again, in a real browser: who spoke is shown, missed talk is offered, and nothing is sent to
anybody."""

import asyncio
import threading
from typing import Any

import pytest
from audio_rig import Rig
from phone import Phone, Phones, wait_for_truth
from playwright.sync_api import expect
from processes import RelayProcess
from screenshots import check_looks
from sound import tone

import streamer

pytestmark = pytest.mark.browser

SHORT_S = 1.5
LONG_S = 12.0
"""A replay of it is still there when a busy machine gets to look."""
OFFER_GOES_MS = 30_000
HIDE = """hidden => {
  const value = hidden ? "hidden" : "visible";
  Object.defineProperty(document, "visibilityState", { configurable: true, value });
  document.dispatchEvent(new Event("visibilitychange"));
}"""


def in_a_loop(coroutine: Any) -> None:
    """In a thread of its own: Playwright's loop runs in this one."""
    failures: list[BaseException] = []

    def run() -> None:
        try:
            asyncio.run(coroutine)
        except BaseException as error:
            failures.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(120)
    assert not thread.is_alive(), "it hangs"
    assert not failures, failures


def talk(relay: RelayProcess, *names: str, seconds: float = SHORT_S) -> None:
    """Each after the other, and leave."""

    async def say(name: str) -> None:
        async with streamer.join(relay.link, name=name, ca_file=relay.authority) as room:
            await room.say(tone(440, seconds))

    async def all_of_them() -> None:
        for name in names:
            await say(name)

    in_a_loop(all_of_them())


def a_listener(rig: Rig, relay: RelayProcess, phones: Phones) -> Phone:
    return phones.start(rig, 0, relay.authority).open(relay.link).join("Anna")


def press_replay(phone: Phone) -> None:
    phone.open_settings()
    phone.page.locator("#replay-last").click()
    expect(phone.page.locator("#settings")).to_be_hidden()


def test_a_replay_shows_who_spoke_and_ends_when_it_is_stopped(
    rig: Rig, relay: RelayProcess, phones: Phones
) -> None:
    anna = a_listener(rig, relay, phones)
    page, strip = anna.page, anna.page.locator("#replay")
    talk(relay, "Grace", seconds=LONG_S)
    talk(relay, "Hedy")
    expect(strip).to_be_hidden()
    press_replay(anna)
    expect(strip).to_be_visible()
    expect(page.locator("#replay-talkers li > span:last-child")).to_have_text(["Grace", "Hedy"])
    expect(page.locator("#replay-talkers [data-talks]")).to_contain_text("Grace")
    check_looks(page, "replay")
    page.locator("#replay-speed").click()
    expect(page.locator("#replay-speed")).to_have_text("1.5 ×")
    page.locator("#replay-stop").click()
    expect(strip).to_be_hidden()
    assert anna.errors == []


def test_a_replay_ends_by_itself_and_a_key_starts_it(rig: Rig, relay: RelayProcess, phones: Phones) -> None:
    anna = a_listener(rig, relay, phones)
    talk(relay, "Grace")
    wait_for_truth(anna.page, "document.activeElement.id === 'room-name'")
    anna.page.keyboard.press("r")
    expect(anna.page.locator("#replay")).to_be_visible()
    expect(anna.page.locator("#replay")).to_be_hidden()
    assert anna.errors == []


def test_where_nobody_spoke_it_says_so(rig: Rig, relay: RelayProcess, phones: Phones) -> None:
    anna = a_listener(rig, relay, phones)
    press_replay(anna)
    expect(anna.page.locator(".toast", has_text="Nobody has spoken in the last 30 seconds")).to_be_visible()
    expect(anna.page.locator("#replay")).to_be_hidden()


def test_who_comes_back_to_push_to_talk_is_offered_what_was_missed(
    rig: Rig, relay: RelayProcess, phones: Phones
) -> None:
    anna = a_listener(rig, relay, phones)
    page, strip = anna.page, anna.page.locator("#replay")
    anna.push_to_talk()
    talk(relay, "Iris")
    page.wait_for_timeout(1_000)  # what comes late belongs to a later time, by up to half a second
    page.evaluate(HIDE, True)
    talk(relay, "Grace", seconds=LONG_S)
    page.evaluate(HIDE, False)
    offer = page.locator(".toast", has_text="You missed 0:1")
    expect(offer).to_contain_text("Grace")
    expect(page.locator("#missed")).to_be_visible()
    expect(strip).to_be_hidden()  # it would push the people down
    offer.get_by_role("button", name="Play").click()
    expect(page.locator("#replay-words")).to_contain_text("Replay · ")
    expect(page.locator("#missed")).to_be_hidden()
    expect(page.locator("#replay-talkers li > span:last-child")).to_have_text(["Grace"])
    expect(page.locator("#replay-play")).to_be_hidden()
    page.locator("#replay-stop").click()
    expect(strip).to_be_hidden()
    assert anna.errors == []


def test_what_was_missed_can_be_heard_later(rig: Rig, relay: RelayProcess, phones: Phones) -> None:
    anna = a_listener(rig, relay, phones)
    page = anna.page
    anna.push_to_talk()
    page.evaluate(HIDE, True)
    talk(relay, "Grace", seconds=LONG_S)
    page.evaluate(HIDE, False)
    expect(page.locator(".toast", has_text="You missed 0:1")).to_be_visible()
    expect(page.locator(".toast")).to_have_count(0, timeout=OFFER_GOES_MS)
    page.locator("#missed").click()
    expect(page.locator("#replay-words")).to_contain_text("You missed 0:1")
    page.locator("#replay-play").click()
    expect(page.locator("#replay-words")).to_contain_text("Replay · ")
    assert anna.errors == []


def test_who_leaves_takes_nothing_along(rig: Rig, relay: RelayProcess, phones: Phones) -> None:
    anna = a_listener(rig, relay, phones)
    talk(relay, "Grace")
    anna.press("Leave")
    expect(anna.page.locator("#door")).to_be_visible()
    anna.join("Anna")
    press_replay(anna)
    expect(anna.page.locator(".toast", has_text="Nobody has spoken in the last 30 seconds")).to_be_visible()
