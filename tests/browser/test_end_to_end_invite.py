"""Others come in through what a phone shows; what it shows, shares and keeps is never the host's key."""

import io
import json
import re

import numpy as np
import pytest
from audio_rig import Rig
from phone import Phone, Phones, wait_for_truth
from PIL import Image
from playwright.sync_api import expect
from processes import RelayProcess
from sound import speech
from terminal_picture import codes_in

pytestmark = pytest.mark.browser

KEEP_WHAT_IS_SHARED = """
    globalThis.shared = [];
    navigator.share = async (what) => void shared.push(what);
    const clipboard = { writeText: async (text) => void shared.push(text) };
    Object.defineProperty(navigator, "clipboard", { value: clipboard });
"""
EVERYTHING_ELSEWHERE = """async () => {
    const caches_ = await Promise.all((await caches.keys()).map(async (name) =>
        (await (await caches.open(name)).keys()).map(({ url }) => url)));
    const kept = Object.entries({ ...localStorage }).filter(([name]) => name !== "streamer.hostKey");
    const links = [...document.querySelectorAll("[href], [src]")].map((each) => each.href || each.src);
    const fields = [...document.querySelectorAll("input, textarea")].map(({ value }) => value);
    return JSON.stringify([
        location.href, document.referrer, document.title, document.cookie, history.state,
        document.body.innerText,
        navigation.entries().map(({ url }) => url), kept, { ...sessionStorage }, caches_, links, fields,
        shared,
        performance.getEntriesByType("resource").map(({ name }) => name)
          .filter((name) => !name.includes("/room?")),
    ]);
}"""


def code_shown(phone: Phone) -> str:
    """What another phone's camera reads from this one's screen."""
    screenshot = Image.open(io.BytesIO(phone.page.screenshot(animations="disabled"))).convert("L")
    (link,) = codes_in(np.asarray(screenshot))
    return link


def test_a_second_phone_joins_through_the_code_on_the_first_one_s_screen(
    rig: Rig, relay: RelayProcess, phones: Phones
) -> None:
    ada = phones.start(rig, 0, relay.authority).open(relay.link).join("Ada")
    ada.page.locator("#empty .code svg").wait_for()
    link = code_shown(ada)
    assert link == relay.join_link, "it leads over the steps to trust the relay"
    ben = phones.start(rig, 1, relay.authority).open(link)
    ben.page.wait_for_url(re.compile("^https:"))
    expect(ben.page.locator("#door-who")).to_contain_text("Ada is there")
    ben.join("Ben")
    expect(ada.person("Ben")).to_be_visible()
    ada.page.locator("#open-invite").click()
    ada.page.locator("#invite .code svg").wait_for()
    assert code_shown(ada) == link
    ada.page.locator("#invite-role input[value=listen]").check()
    listening = code_shown(ada)
    assert listening != link
    cleo = phones.start(rig, 2, relay.authority).open(listening)
    cleo.page.wait_for_url(re.compile("^https:"))
    cleo.page.get_by_role("button", name="Just listen").click()
    expect(ada.person("Guest")).to_contain_text("just listening")


def test_the_host_s_key_is_in_no_address_share_history_or_other_storage(
    rig: Rig, relay: RelayProcess, phones: Phones
) -> None:
    host_key = relay.host_link.partition("key=")[2]
    host = phones.start(rig, 0, relay.authority)
    host.page.add_init_script(KEEP_WHAT_IS_SHARED)
    host.open(relay.host_link).join("Host")
    host.page.locator("#empty-copy").click()
    host.page.locator("#open-invite").click()
    assert host_key not in code_shown(host)
    for button in ("#share", "#copy"):
        host.page.locator(button).click()
    wait_for_truth(host.page, "shared.length === 3")
    found = json.loads(host.page.evaluate(EVERYTHING_ELSEWHERE))
    assert [part for part in found if host_key in json.dumps(part)] == []
    assert relay.link.partition("key=")[2] in json.dumps(found[-2]), "what is shared is the room's invitation"
    host.close_sheet()
    wait_for_truth(host.page, "!history.state?.isOpen")  # a page that is going back can't be loaded again
    host.page.reload()
    host.page.locator("#join").wait_for()
    assert host_key not in host.page.evaluate(EVERYTHING_ELSEWHERE)
    host.join("Host")
    expect(host.page.locator("#open-host")).to_be_visible()
    stored = host.context.storage_state()
    assert [origin["origin"] for origin in stored["origins"] if host_key in json.dumps(origin)] == [
        relay.origin
    ]
    assert host_key not in json.dumps(stored["cookies"])


def test_the_start_page_says_who_is_in_the_rooms_of_before(
    rig: Rig, relay: RelayProcess, phones: Phones
) -> None:
    ada = phones.start(rig, 0, relay.authority).open(relay.link).join("Ada")
    ada.press("Leave")
    ada.open(relay.origin)
    recent = ada.page.locator("#recent a", has_text="home")
    expect(recent).to_contain_text("Nobody is there yet")
    phones.start(rig, 1, relay.authority).open(relay.link).join("Ben")
    expect(recent).to_contain_text("Ben is there")


def test_two_people_of_one_name_can_be_told_apart(rig: Rig, relay: RelayProcess, phones: Phones) -> None:
    first, second, third = (
        phones.start(rig, n, relay.authority).open(relay.link).join("Ada") for n in range(3)
    )
    for phone in (first, second, third):
        expect(phone.names()).to_have_count(3)
    shown = [set(phone.names().all_inner_texts()) for phone in (first, second, third)]
    assert all(len(names) == 3 for names in shown), shown
    assert shown[0] == {"You", "Ada (2)", "Ada (3)"}


def test_a_name_that_only_looks_like_another_s_does_not_get_in_and_is_told_why(
    rig: Rig, relay: RelayProcess, phones: Phones
) -> None:
    ada = phones.start(rig, 0, relay.authority).open(relay.link).join("Ada")
    imitator = phones.start(rig, 1, relay.authority).open(relay.link)
    imitator.page.locator("#name").fill("А\u200bd\u0430")  # Cyrillic, with an invisible character
    imitator.press("Join")
    imitator.page.locator("#door-problem").wait_for()
    expect(ada.page.locator("#room-count")).to_have_text("1 person")
    imitator.join("Adela")
    ada.person("Adela").wait_for()


def test_the_title_shows_who_talks(rig: Rig, relay: RelayProcess, phones: Phones) -> None:
    _, ben = phones.join_all(rig, relay, "Ada", "Ben")
    rig.wait_attached(0)
    quiet = ben.page.title()
    assert "home" in quiet
    playing = rig.play(rig.microphone(0), np.tile(speech(), 10))
    expect(ben.page).to_have_title(re.compile(r"^Ada.* · .*home"))
    playing.stop()
    expect(ben.page).to_have_title(quiet)


def test_back_closes_what_is_open_and_stays_in_the_room(
    rig: Rig, relay: RelayProcess, phones: Phones
) -> None:
    ada = phones.start(rig, 0, relay.authority).open(relay.link).join("Ada")
    for opened in ("#open-invite", "#open-chat", "#open-sound"):
        ada.page.locator(opened).click()
        ada.page.locator("dialog[open]").wait_for()
        ada.page.evaluate("history.back()")
        expect(ada.page.locator("dialog[open]")).to_have_count(0)
    ada.page.locator("#open-chat").click()
    ada.close_sheet()
    assert relay.healthz()["members"] == 1
    assert ada.page.url.startswith(relay.origin)
    assert ada.errors == []
