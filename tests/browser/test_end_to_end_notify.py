"""The host tells the room something from the page, and sees who answered what; a guest has no such form."""

import os
from pathlib import Path

import pytest
from audio_rig import Rig
from device_fixture import make_token
from phone import Phone, Phones
from playwright.sync_api import expect
from processes import RelayProcess
from screenshots import check_looks

pytestmark = pytest.mark.browser

QUESTION = "Dinner in five minutes <b>?"
KEEP = "STREAMER_SCREENSHOTS"
"""A folder, for somebody who wants to look at them."""


def look(phone: Phone, name: str) -> None:
    if folder := os.environ.get(KEEP):
        phone.page.screenshot(path=Path(folder) / f"{name}.png")


def open_form(host: Phone) -> None:
    host.open_host_tools()
    host.page.locator("#open-notify").click()
    host.page.locator("#notify").wait_for()


def fill_in(phone: Phone, text: str, *answers: str, level: str = "Info") -> None:
    phone.page.get_by_role("radio", name=level).check()
    phone.page.get_by_label("What everybody should know").fill(text)
    for number, answer in enumerate(answers, 1):
        phone.page.get_by_label(f"Answer {number}").fill(answer)


def test_a_host_sends_a_notice_and_sees_who_answered_what(
    rig: Rig, relay: RelayProcess, phones: Phones
) -> None:
    host = phones.start(rig, 0, relay.authority).open(relay.host_link).join("Host")
    ada = phones.start(rig, 1, relay.authority).open(relay.link).join("Ada")
    open_form(host)
    fill_in(host, QUESTION, "I come", "Later", level="Warning")
    look(host, "form")
    check_looks(host.page, "the form of a notice", "#notify")
    host.press("Send to everybody")
    toast = ada.page.locator(".toast[data-level=warning]", has_text=QUESTION)
    toast.get_by_role("button", name="Later").click()
    sent = host.page.locator("#notify-sent .sent")
    expect(sent.locator("p")).to_have_text(QUESTION)
    expect(sent.locator("li")).to_have_text(["I comenobody yet", "LaterAda"])
    look(host, "answers")
    check_looks(host.page, "a notice that was answered", "#notify")
    expect(host.page.get_by_label("What everybody should know")).to_have_value("")
    expect(host.page.get_by_label("Answer 1")).to_have_value("")
    fill_in(host, "Without answers")
    host.press("Send to everybody")
    expect(ada.page.locator(".toast", has_text="Without answers")).to_be_visible()
    expect(sent.first.locator("p")).to_have_text("Without answers")
    assert host.errors == ada.errors == []


def test_what_the_relay_refuses_stays_in_the_form_with_the_reason(
    rig: Rig, relay: RelayProcess, phones: Phones
) -> None:
    host = phones.start(rig, 0, relay.authority).open(relay.host_link).join("Host")
    open_form(host)
    invisible = "\u200b\u200b"
    fill_in(host, invisible)
    host.press("Send to everybody")
    expect(host.page.locator("#notify-problem")).to_be_visible()
    expect(host.page.get_by_label("What everybody should know")).to_have_value(invisible)
    fill_in(host, "Now with words")
    host.press("Send to everybody")
    expect(host.page.locator("#notify-sent .sent p")).to_have_text("Now with words")
    expect(host.page.locator("#notify-problem")).to_be_hidden()


def test_a_guest_has_no_form_and_who_holds_the_right_finds_it_in_the_chat(
    rig: Rig, relay: RelayProcess, phones: Phones
) -> None:
    guest = phones.start(rig, 0, relay.authority).open(relay.link).join("Guest")
    guest.open_chat()
    expect(guest.page.locator("#chat-notify")).to_be_hidden()
    token = make_token(relay.home / "streamer", "speak", "notify")
    porter = (
        phones.start(rig, 1, relay.authority).open(f"{relay.origin}/#room=home&token={token}").join("Porter")
    )
    porter.open_chat()
    porter.page.locator("#chat-notify").click()
    fill_in(porter, "The parcel is here", "Thanks")
    look(porter, "holder")
    porter.press("Send to everybody")
    expect(guest.page.locator(".said", has_text="The parcel is here")).to_be_visible()
    guest.page.get_by_role("button", name="Thanks").first.click()
    expect(porter.page.locator("#notify-sent li")).to_have_text(["ThanksGuest"])
    assert guest.errors == porter.errors == []
