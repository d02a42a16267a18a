"""At the door, when one can't simply come in: what the page says, and that there is always something to
do."""

import re
from typing import Final

import pytest
from audio_rig import Rig
from phone import REFUSE, SMALL, Phone, Phones
from playwright.sync_api import expect
from processes import RelayProcess
from screenshots import check_looks
from test_end_to_end_roles import COUNT_QUESTIONS

pytestmark = pytest.mark.browser

ENDS_INSIDE: Final = """(button) => {
  const words = document.createRange();
  words.selectNodeContents(button);
  return [...words.getClientRects()].every(({ right }) => right <= button.getBoundingClientRect().right);
}"""


def locked_by_host(phones: Phones, rig: Rig, relay: RelayProcess) -> Phone:
    host = phones.start(rig, 0, relay.authority).open(relay.host_link).join("Host")
    host.open_host_tools()
    host.page.get_by_role("switch", name="Lock the room").check()
    return host


def test_who_knocks_waits_for_one_answer_and_is_told_no_more_of_the_knock_then(
    rig: Rig, relay: RelayProcess, phones: Phones
) -> None:
    host = locked_by_host(phones, rig, relay)
    page = phones.start(rig, 1, relay.authority).open(relay.link).page
    expect(page.locator("#door-kind")).to_have_text("The host has locked this room. You can knock.")
    page.locator("#name").fill("Nora")
    page.locator("#join", has_text="Knock").click()
    expect(page.locator("#door-who")).to_contain_text("You knocked")
    expect(page.locator("#join")).to_be_disabled()  # a second knock would put an end to the first
    host.press("Not now")
    expect(page.locator("#door-problem-words")).to_have_text("The host did not let you in just now.")
    expect(page.locator("#door-who")).to_have_text("Host is there")
    expect(page.locator("#join", has_text="Knock")).to_be_enabled()
    page.set_viewport_size(SMALL)
    expect(page.locator("#join")).to_be_in_viewport(ratio=1)
    check_looks(page, "a knock that was declined")


def test_who_knocks_by_a_listening_link_is_let_in_to_listen_and_never_asked_for_the_microphone(
    rig: Rig, relay: RelayProcess, phones: Phones
) -> None:
    host = locked_by_host(phones, rig, relay)
    lea = phones.start(rig, 1, relay.authority)
    lea.page.add_init_script(COUNT_QUESTIONS)
    lea.open(relay.link.replace("&key", "&listen&key")).page.locator("#name").fill("Lea")
    lea.page.locator("#join", has_text="Knock").click()
    expect(lea.page.locator("#your-voice")).to_be_hidden()
    host.page.locator("#knocks").get_by_role("button", name="Let in").click()
    lea.wait_until_in()
    expect(host.person("Lea")).to_contain_text("just listening")
    assert lea.page.evaluate("questions") == 0


@pytest.mark.parametrize("listens", ["", "&listen"])
def test_who_was_removed_can_knock_at_once(
    listens: str, rig: Rig, relay: RelayProcess, phones: Phones
) -> None:
    host = phones.start(rig, 0, relay.authority).open(relay.host_link).join("Host")
    eve = phones.start(rig, 1, relay.authority).open(relay.link + listens)
    eve.page.locator("#name").fill("Eve")
    eve.page.locator("#join").click()
    eve.wait_until_in()
    host.open_person("Eve")
    host.page.get_by_role("button", name="Remove from the room").click()
    host.page.locator("#ask-yes").click()
    eve.page.get_by_text("removed you").first.wait_for()
    # Which comes later, and leaves the button.
    expect(eve.page.locator("#door-who")).to_have_text("Host is there")
    eve.page.locator("#join", has_text="Knock").click()
    host.page.get_by_text("Eve would like to come in").first.wait_for()


def test_a_link_that_names_no_room_is_said_to_be_none_until_another_is_opened(
    rig: Rig, relay: RelayProcess, phones: Phones
) -> None:
    page = phones.start(rig, 0, relay.authority).open(f"{relay.origin}/#nonsense").page
    expect(page.locator("#door-problem-words")).to_contain_text("not a link to a room")
    check_looks(page, "a link that names no room")
    page.locator("#link").fill(relay.link)
    page.get_by_role("button", name="Open the link").click()
    expect(page.locator("#door-title")).to_have_text("home")
    expect(page.locator("#door-problem")).to_be_hidden()


@pytest.mark.parametrize("language", ["en-US", "de-DE", "es-ES"])
def test_a_microphone_that_is_refused_at_the_door_is_explained_there_on_the_smallest_phone(
    language: str, rig: Rig, relay: RelayProcess, phones: Phones
) -> None:
    page = phones.start(rig, 0, relay.authority, microphone=REFUSE).speak(language).open(relay.link).page
    page.set_viewport_size(SMALL)
    assert page.locator("#try-voice").evaluate(ENDS_INSIDE)
    page.locator("#try-voice").click()
    expect(page.locator("#door-problem-words")).to_contain_text(re.compile("microphone|Mikrofon|micrófono"))
    check_looks(page, f"a microphone that is refused, {language}")


def test_a_browser_without_webassembly_is_told_so_at_once(
    rig: Rig, relay: RelayProcess, phones: Phones
) -> None:
    phone = phones.start(rig, 0, relay.authority)
    phone.page.add_init_script("delete globalThis.WebAssembly")
    phone.open(relay.link).page.get_by_text("Please use another one").wait_for()
