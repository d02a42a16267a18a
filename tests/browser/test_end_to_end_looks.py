"""What the pages look like to eyes, to screen readers and to a keyboard, in every state."""

import re

import pytest
from audio_rig import Rig
from phone import DESKTOP, IPHONE, REFUSE, USER_AGENT, Phones
from playwright.sync_api import Locator, Page
from processes import RelayProcess
from screenshots import check_looks
from synthetic_room import crowd

pytestmark = pytest.mark.browser

MOST_TABS = 30
FOCUS_RING = "3px"
CHECK_MS = 180_000
DELAY = re.compile(r"^≥? ?\d+ ms$")
NEVER_ANSWERED = "navigator.mediaDevices.getUserMedia = () => new Promise(() => {})"
"""A browser without a screen refuses by itself what nobody answers."""


def visible_controls(page: Page) -> list[Locator]:
    """What Tab has to reach."""
    return page.locator(":is(a, button, input, select, summary):enabled:visible, a:visible, summary:visible").all()


def has_focus(control: Locator) -> bool:
    return bool(control.evaluate("node => node === document.activeElement"))


def tab_to(page: Page, control: Locator) -> None:
    """Press Tab until it has the focus, and see that one sees so."""
    for _ in range(MOST_TABS):
        page.keyboard.press("Tab")
        if has_focus(control):
            assert control.evaluate("node => getComputedStyle(node).outlineWidth") == FOCUS_RING
            return
    pytest.fail(f"Tab does not reach {control}")


def check_keyboard(page: Page) -> None:
    """Tab goes through everything that can be pressed, in the order it stands in the page."""
    for control in visible_controls(page):
        page.keyboard.press("Tab")
        assert has_focus(control), control.evaluate("node => node.outerHTML")


def open_summary(page: Page, panel: str) -> None:
    page.locator(f"{panel} > summary").click()


def test_before_one_is_in_nothing_is_wrong(rig: Rig, relay: RelayProcess, phones: Phones) -> None:
    phone = phones.start(rig, 0, relay.authority, microphone=REFUSE)
    phone.open(f"{relay.origin}/").page.get_by_role("button", name="Join", exact=True).wait_for()
    check_looks(phone.page, "start without a room")
    phone.open(relay.link).page.get_by_role("button", name="Join", exact=True).wait_for()
    check_looks(phone.page, "start")
    phone.open(f"{relay.origin}/#room=home&key=wrong").press("Join")
    phone.page.get_by_text("invitation is not valid").wait_for()
    check_looks(phone.page, "refused")
    phone.open(relay.link).join("Anna").page.get_by_text("Something needs your help").wait_for()
    check_looks(phone.page, "without a microphone")
    phone.page.route("**/healthz", lambda route: route.abort())
    phone.open(f"{relay.origin}/offline.html").page.get_by_text("The relay is away").wait_for()
    check_looks(phone.page, "away")


@pytest.mark.parametrize("members", [1, 2, 6, 30])
def test_in_a_room_of_any_size_nothing_is_wrong(members: int, rig: Rig, relay: RelayProcess, phones: Phones) -> None:
    phone = phones.start(rig, 0, relay.authority).open(relay.link).join("Anna")
    with crowd(relay, members - 1, talkers=min(3, members - 1)):
        if members > 1:
            phone.page.get_by_text(DELAY).first.wait_for()
        check_looks(phone.page, f"{members} members")


def test_whatever_is_open_pressed_or_lost_nothing_is_wrong(rig: Rig, relay: RelayProcess, phones: Phones) -> None:
    phone = phones.start(rig, 0, relay.authority).open(relay.link).join("Anna")
    page = phone.page
    with crowd(relay, 2, talkers=1):
        page.get_by_text(DELAY).first.click()
        page.get_by_text("The clocks agree").first.wait_for()
        check_looks(page, "a delay open")
        phone.press("Raise hand")
        page.get_by_label("Write to everybody here").fill("Dinner is ready")
        phone.press("Send")
        page.get_by_text("Dinner is ready").wait_for()
        check_looks(page, "hand raised, something written")
        open_summary(page, "#settings")
        check_looks(page, "settings open")
        open_summary(page, "#details")
        page.get_by_text("Sample rate").wait_for()
        check_looks(page, "details open")
        phone.press("Mute")
        check_looks(page, "muted")
        page.get_by_label("Silence Ada").click()
        check_looks(page, "somebody silenced")
        page.get_by_label("Push to talk").click()
        page.locator("#talk").tap()
        check_looks(page, "button to talk pressed")
    relay.interrupt()
    page.locator("[data-state=lost]").first.wait_for(state="attached")
    check_looks(page, "lost")


def test_what_the_host_has_to_press_looks_well(rig: Rig, relay: RelayProcess, phones: Phones) -> None:
    page = phones.start(rig, 0, relay.authority).open(relay.host_link).join("Anna").page
    with crowd(relay, 2, talkers=1):
        page.get_by_text(DELAY).first.wait_for()
        open_summary(page, "#hosting")
        check_looks(page, "host")


def test_while_the_browser_asks_for_the_microphone_nothing_is_wrong(
    rig: Rig, relay: RelayProcess, phones: Phones
) -> None:
    phone = phones.start(rig, 0, relay.authority)
    phone.page.add_init_script(NEVER_ANSWERED)
    phone.open(relay.link).press("Join")
    phone.page.get_by_text("Please allow the microphone").wait_for()
    check_looks(phone.page, "joining")


def test_where_there_can_be_no_sound_nothing_else_is_wrong(rig: Rig, relay: RelayProcess, phones: Phones) -> None:
    phone = phones.start(rig, 0, relay.authority)
    phone.page.add_init_script("delete globalThis.AudioWorkletNode")
    phone.open(relay.link).page.get_by_text("too old for sound").wait_for()
    check_looks(phone.page, "not supported")


def test_before_and_after_a_check_nothing_is_wrong(rig: Rig, relay: RelayProcess, phones: Phones) -> None:
    phone = phones.start(rig, 0, relay.authority, microphone=REFUSE).open(relay.link.replace("/#", "/check#"))
    phone.page.get_by_role("button", name="Start the check").wait_for()
    check_looks(phone.page, "before the check")
    phone.press("Start the check")
    phone.page.get_by_role("button", name="Check again").wait_for(timeout=CHECK_MS)
    check_looks(phone.page, "after the check")


@pytest.mark.parametrize("language", ["de", "es"])
def test_in_the_language_of_the_browser_nothing_is_wrong(
    language: str, rig: Rig, relay: RelayProcess, phones: Phones
) -> None:
    page = phones.start(rig, 0, relay.authority).page
    page.add_init_script(f"Object.defineProperty(navigator, 'languages', {{ value: ['{language}-XX', 'en'] }})")
    page.goto(relay.link)
    assert page.locator("html").get_attribute("lang") == language
    check_looks(page, f"start, {language}")
    page.locator("#name").fill("Anna")
    page.locator("#join").click()
    page.locator("[data-state=joined]").first.wait_for(state="attached")
    open_summary(page, "#settings")
    check_looks(page, f"settings, {language}")


@pytest.mark.parametrize("user_agent", [IPHONE, USER_AGENT, DESKTOP], ids=["iphone", "android", "desktop"])
def test_on_the_way_to_trust_nothing_is_wrong(user_agent: str, rig: Rig, relay: RelayProcess, phones: Phones) -> None:
    phone = phones.start(rig, 0, user_agent=user_agent).open(relay.join_link)
    phone.page.get_by_text("Leave this page open").wait_for()
    check_looks(phone.page, "join page")
    phone.page.locator("#install").evaluate("install => { install.open = true; }")
    check_looks(phone.page, "join page, how to install the certificate")


def test_one_joins_talks_chooses_and_leaves_by_keyboard_alone(rig: Rig, relay: RelayProcess, phones: Phones) -> None:
    page = phones.start(rig, 0, relay.authority).open(relay.link).page
    tab_to(page, page.get_by_label("Your name"))
    page.keyboard.type("Anna")
    tab_to(page, page.get_by_role("button", name="Join", exact=True))
    page.keyboard.press("Enter")
    page.locator("[data-state=joined]").first.wait_for(state="attached")
    assert has_focus(page.get_by_role("heading", name="home"))
    with crowd(relay, 1):
        tab_to(page, page.get_by_role("button", name="Mute", exact=True))
        page.keyboard.press("Enter")
        assert page.get_by_role("status").first.inner_text() == "You are muted: nobody hears you."
        page.keyboard.press("Space")
        assert page.get_by_role("status").first.inner_text() == "The others hear you again."
        tab_to(page, page.get_by_label("How loud Ada is for you"))
        page.keyboard.press("ArrowLeft")
        assert page.get_by_label("How loud Ada is for you").input_value() == "95"
        tab_to(page, page.locator("#settings > summary"))
        page.keyboard.press("Enter")
        tab_to(page, page.get_by_label("Push to talk"))
        page.keyboard.press("Space")
        assert page.get_by_label("Push to talk").is_checked()
        tab_to(page, page.get_by_role("button", name="Leave"))
        page.keyboard.press("Enter")
    page.get_by_text("You have left the room").wait_for()
    assert has_focus(page.get_by_role("heading", name="home"))


def test_tab_goes_through_everything(rig: Rig, relay: RelayProcess, phones: Phones) -> None:
    phone = phones.start(rig, 0, relay.authority)
    phone.open(f"{relay.origin}/").page.get_by_role("button", name="Join", exact=True).wait_for()
    check_keyboard(phone.page)
    phone.open(relay.link).join("Anna")
    with crowd(relay, 2, talkers=1):
        phone.page.get_by_text(DELAY).first.wait_for()
        open_summary(phone.page, "#settings")
        open_summary(phone.page, "#details")
        phone.page.locator("#title").focus()
        check_keyboard(phone.page)
    phone.open(relay.link.replace("/#", "/check#")).page.get_by_role("button", name="Start the check").wait_for()
    check_keyboard(phone.page)


def test_a_hand_feels_the_press_and_that_one_is_muted(rig: Rig, relay: RelayProcess, phones: Phones) -> None:
    phone = phones.start(rig, 0, relay.authority)
    phone.page.add_init_script("globalThis.felt = []; navigator.vibrate = (pattern) => felt.push(pattern)")
    phone.open(relay.link).join("Anna")
    phone.press("Mute")
    phone.press("Unmute")
    assert phone.page.evaluate("felt") == [[30, 60, 30]]
    open_summary(phone.page, "#settings")
    phone.page.get_by_label("Push to talk").click()
    phone.page.locator("#talk").tap()
    assert phone.page.evaluate("felt") == [[30, 60, 30], 15]
