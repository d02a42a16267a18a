"""For hosts and listeners: an invitation's limits, a question, a knock that goes on, and one's own echo."""

import os
import re
from pathlib import Path
from typing import Final

import pytest
from audio_rig import Rig
from phone import Phone, Phones, wait_for_truth
from playwright.sync_api import expect
from processes import RelayProcess
from screenshots import check_looks
from synthetic_room import crowd
from test_end_to_end_cues import NOTE_TONES
from test_end_to_end_steady import steady

pytestmark = pytest.mark.browser

KNOCKS: Final = 196
"""Hz, the first tone of a knock, which has two of them."""
KEEP: Final = "STREAMER_SCREENSHOTS"
"""A folder, for somebody who wants to look at them."""
PICTURES: Final = (("light", 390, 844), ("dark", 390, 844), ("light", 1280, 800), ("dark", 320, 640))


def look(phone: Phone, name: str) -> None:
    folder = os.environ.get(KEEP)
    if not folder:
        return
    before = phone.page.viewport_size
    for scheme, width, height in PICTURES:
        phone.page.emulate_media(color_scheme=scheme)
        phone.page.set_viewport_size({"width": width, "height": height})
        phone.page.screenshot(path=Path(folder) / f"{name}-{scheme}-{width}.png")
    if before:
        phone.page.set_viewport_size(before)


def open_invitation(phone: Phone) -> None:
    phone.page.locator("#open-invite").click()
    phone.page.locator("#invite .code svg").wait_for()


def test_a_host_says_how_long_and_for_how_many_an_invitation_is_and_everybody_sees_it(
    rig: Rig, relay: RelayProcess, phones: Phones
) -> None:
    host = phones.start(rig, 0, relay.authority).open(relay.host_link).join("Host")
    ada = phones.start(rig, 1, relay.authority).open(relay.link).join("Ada")
    for phone in (host, ada):
        open_invitation(phone)
    expect(ada.page.locator("#invite-limits select:visible")).to_have_count(0)
    expect(ada.page.locator("#invite-limits .value")).to_have_text(["never", "no limit"])
    expect(host.page.locator("#invite-limits .value:visible")).to_have_count(0)
    before = host.page.locator("#invite-link").input_value()
    host.page.get_by_label("For how many").select_option("5 people")
    host.page.locator("#ask-no").click()
    expect(host.page.get_by_label("For how many")).to_have_value("")
    assert host.page.locator("#invite-link").input_value() == before
    host.page.get_by_label("For how many").select_option("5 people")
    host.page.locator("#ask-yes").click()
    expect(ada.page.locator("#invite-limits .value")).to_have_text(["never", "5 more"])
    host.page.get_by_label("Ends").select_option("in 8 hours")
    host.page.locator("#ask-yes").click()
    expect(ada.page.locator("#invite-limits .value").first).to_have_text(re.compile(r"\d:\d\d"))
    expect(ada.page.locator("#invite-limits .value").last).to_have_text("5 more")
    for phone in (host, ada):
        look(phone, f"invite-{'host' if phone is host else 'guest'}")
        check_looks(phone.page, "invitation with its limits", "#invite")
    with steady(host.page, "one more comes"), steady(ada.page, "one more comes"):
        ben = phones.start(rig, 2, relay.authority).open(ada.page.locator("#invite-link").input_value())
        ben.page.wait_for_url(re.compile("^https:"))
        ben.join("Ben")
        expect(ada.page.locator("#invite-limits .value").last).to_have_text("4 more")
        expect(host.page.locator("#invite-uses option").first).to_have_text("4 more")
    assert host.errors == ada.errors == []


def test_somebody_who_only_listens_asks_a_question_by_the_button_in_the_microphone_s_place(
    rig: Rig, relay: RelayProcess, phones: Phones
) -> None:
    host = phones.start(rig, 0, relay.authority).open(relay.host_link).join("Host")
    listener = phones.start(rig, 1, relay.authority).open(relay.link + "&listen")
    listener.page.locator("#name").fill("Lea")
    listener.press("Just listen")
    listener.wait_until_in()
    look(listener, "listener")
    check_looks(listener.page, "a listener")
    listener.press("Ask a question")
    expect(host.person("Lea")).to_contain_text("wants to talk")
    look(listener, "listener-asks")
    check_looks(listener.page, "a listener who asks")
    with steady(listener.page, "a listener's question"):
        listener.page.locator("#hand").evaluate("hand => hand.click()")
        expect(listener.page.get_by_role("button", name="Ask a question")).to_be_visible()
    expect(host.person("Lea")).not_to_contain_text("wants to talk")
    expect(host.page.locator("#hand .label")).to_have_text("Hand")


def test_a_knock_shows_at_the_host_s_button_and_is_heard_again_until_it_is_answered(
    rig: Rig, relay: RelayProcess, phones: Phones
) -> None:
    host = phones.start(rig, 0, relay.authority)
    host.page.add_init_script(NOTE_TONES)
    host.open(relay.host_link).join("Host")
    with crowd(relay, 2):
        host.open_host_tools()
        host.page.get_by_role("switch", name="Lock the room").check()
        nora = phones.start(rig, 1, relay.authority).open(relay.link)
        nora.page.locator("#name").fill("Nora")
        nora.page.locator("#join", has_text="Knock").click()
        host.page.locator("#open-host[data-knock]").wait_for()
        host.close_sheet()
        look(host, "knock")
        check_looks(host.page, "somebody knocks")
        wait_for_truth(host.page, f"tones.filter((hz) => hz === {KNOCKS}).length >= 4")
        host.open_host_tools()
        host.press("Not now")
        expect(host.page.locator("#open-host[data-knock]")).to_have_count(0)
        nora.page.get_by_text("did not let you in").wait_for()


def test_from_the_settings_one_hears_oneself_while_the_room_does_not(
    rig: Rig, relay: RelayProcess, phones: Phones
) -> None:
    ada = phones.start(rig, 0, relay.authority).open(relay.link).join("Ada")
    with crowd(relay, 2):
        ada.open_settings()
        look(ada, "settings")
        with ada.context.expect_page() as opened:
            ada.page.get_by_role("button", name="Hear yourself").click()
        opened.value.locator("#join").wait_for()
        assert opened.value.url.endswith("#room=echo")
        expect(ada.page.locator("#mic")).to_have_attribute("aria-pressed", "false")
        opened.value.close()
