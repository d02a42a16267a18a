"""What the pages look like to eyes, to screen readers and to a keyboard, in every state."""

from typing import Any

import pytest
from audio_rig import Rig
from phone import DESKTOP, IPHONE, REFUSE, SIZE, USER_AGENT, Phone, Phones
from playwright.sync_api import Locator, Page, expect
from processes import RelayProcess
from screenshots import check_looks
from synthetic_room import SLOW, crowd

pytestmark = pytest.mark.browser

MOST_TABS = 30
FOCUS_RING = "3px"
CHECK_MS = 180_000
BAR_PX = 60
"""The bar covers so much at the bottom; the disc in its middle stands above it."""
MUTED_TALK = [30]
NEVER_ANSWERED = "navigator.mediaDevices.getUserMedia = () => new Promise(() => {})"
"""A browser without a screen refuses by itself what nobody answers."""


def visible_controls(page: Page) -> list[Locator]:
    """What Tab has to reach."""
    return page.locator(
        ":is(a, button, input, select, summary):enabled:visible, a:visible, summary:visible"
    ).all()


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


def start_page(phones: Phones, rig: Rig, relay: RelayProcess, link: str, **options: Any) -> Phone:
    phone = phones.start(rig, 0, relay.authority, **options).open(link)
    phone.page.locator("#door").wait_for()
    return phone


def test_before_one_is_in_nothing_is_wrong(rig: Rig, relay: RelayProcess, phones: Phones) -> None:
    phone = start_page(phones, rig, relay, f"{relay.origin}/", microphone=REFUSE)
    phone.page.locator("#scan-card").wait_for()
    check_looks(phone.page, "start without a room")
    phone.open(relay.link).page.get_by_role("button", name="Join", exact=True).wait_for()
    check_looks(phone.page, "start")
    phone.open(f"{relay.origin}/#room=home&key=wrong").press("Join")
    phone.page.get_by_text("invitation is not valid").wait_for()
    check_looks(phone.page, "refused")
    phone.open(relay.link).join("Anna").page.locator("#no-microphone").wait_for()
    check_looks(phone.page, "without a microphone")
    phone.press("What to do")
    phone.page.get_by_text("Try the microphone again").wait_for()
    check_looks(phone.page, "what to do without a microphone")
    phone.page.route("**/healthz", lambda route: route.abort())
    phone.open(f"{relay.origin}/offline.html").page.get_by_text("can’t be reached").wait_for()
    check_looks(phone.page, "away")


@pytest.mark.parametrize("members", [1, 2, 6, 30])
def test_in_a_room_of_any_size_nothing_is_wrong(
    members: int, rig: Rig, relay: RelayProcess, phones: Phones
) -> None:
    phone = phones.start(rig, 0, relay.authority).open(relay.link).join("Anna")
    with crowd(relay, members - 1, talkers=min(3, members - 1)):
        if members > 1:
            phone.delays().first.wait_for()
        check_looks(phone.page, f"{members} members")


@pytest.mark.parametrize("others", [2, 20])
def test_a_slow_voice_looks_well(others: int, rig: Rig, relay: RelayProcess, phones: Phones) -> None:
    """What a face says in small letters has to be what it is called, word for word (WCAG 2.5.3)."""
    phone = phones.start(rig, 0, relay.authority).open(relay.link).join("Anna")
    with crowd(relay, others, talkers=1) as people:
        for device_us, speed in SLOW:
            people.device_us = device_us
            phone.page.locator(f"main [data-talks] .pill{speed}:visible").first.wait_for()
            check_looks(phone.page, f"{others} others, {speed}")


def test_whatever_is_open_pressed_or_lost_nothing_is_wrong(
    rig: Rig, relay: RelayProcess, phones: Phones
) -> None:
    phone = phones.start(rig, 0, relay.authority).open(relay.link).join("Anna")
    page = phone.page
    with crowd(relay, 2, talkers=1):
        phone.delays().first.wait_for()
        phone.open_person("Ada")
        page.locator("#delay").wait_for()
        check_looks(page, "a person's sheet")
        page.get_by_label("Mute for me: Ada").click()
        check_looks(page, "somebody muted for me")
        phone.close_sheet()
        phone.press("Raise hand")
        phone.open_chat()
        page.get_by_label("Write to everybody").fill("Dinner is ready")
        phone.press("Send")
        page.get_by_text("Dinner is ready").wait_for()
        check_looks(page, "hand raised, something written")
        phone.close_sheet()
        page.locator("#open-invite").click()
        page.locator("#invite .code svg").wait_for()
        check_looks(page, "invitation")
        phone.close_sheet()
        phone.open_experts()
        page.get_by_text("Sample rate").wait_for()
        check_looks(page, "settings, for experts")
        phone.close_sheet()
        phone.press_microphone()
        check_looks(page, "muted")
        page.keyboard.press("?")
        page.locator("#keys-sheet").wait_for()
        check_looks(page, "list of keys")
        phone.close_sheet()
        phone.push_to_talk()
        page.locator("#disc").tap()
        check_looks(page, "disc held")
    relay.interrupt()
    page.locator("[data-state=lost]").first.wait_for(state="attached")
    page.locator("#lost-sheet").wait_for()
    check_looks(page, "lost")


def test_what_the_host_has_to_press_looks_well(rig: Rig, relay: RelayProcess, phones: Phones) -> None:
    phone = phones.start(rig, 0, relay.authority).open(relay.host_link).join("Anna")
    with crowd(relay, 2, talkers=1):
        phone.delays().first.wait_for()
        phone.open_host_tools()
        check_looks(phone.page, "host")


def test_while_the_browser_asks_for_the_microphone_nothing_is_wrong(
    rig: Rig, relay: RelayProcess, phones: Phones
) -> None:
    phone = phones.start(rig, 0, relay.authority)
    phone.page.add_init_script(NEVER_ANSWERED)
    phone.open(relay.link).press("Join")
    phone.page.get_by_text("Please allow the microphone").first.wait_for()
    check_looks(phone.page, "joining")


def test_where_there_can_be_no_sound_nothing_else_is_wrong(
    rig: Rig, relay: RelayProcess, phones: Phones
) -> None:
    phone = phones.start(rig, 0, relay.authority)
    phone.page.add_init_script("delete globalThis.AudioWorkletNode")
    phone.open(relay.link).page.get_by_text("too old for this page").wait_for()
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
    page = phones.start(rig, 0, relay.authority).speak(f"{language}-XX").open(relay.link).page
    assert page.locator("html").get_attribute("lang") == language
    check_looks(page, f"start, {language}")
    page.locator("#name").fill("Anna")
    page.locator("#join").click()
    page.locator("[data-state=joined]").first.wait_for(state="attached")
    page.locator("#open-sound").click()
    check_looks(page, f"settings, {language}")


@pytest.mark.parametrize("user_agent", [IPHONE, USER_AGENT, DESKTOP], ids=["iphone", "android", "desktop"])
def test_on_the_way_to_trust_nothing_is_wrong(
    user_agent: str, rig: Rig, relay: RelayProcess, phones: Phones
) -> None:
    phone = phones.start(rig, 0, user_agent=user_agent).open(relay.join_link)
    phone.page.get_by_text("Leave this page open").wait_for()
    check_looks(phone.page, "join page")
    phone.page.locator("#install").evaluate("install => { install.open = true; }")
    check_looks(phone.page, "join page, how to install the certificate")


def test_one_joins_talks_chooses_and_leaves_by_keyboard_alone(
    rig: Rig, relay: RelayProcess, phones: Phones
) -> None:
    page = phones.start(rig, 0, relay.authority).open(relay.link).page
    tab_to(page, page.get_by_label("Your name"))
    page.keyboard.type("Anna")
    tab_to(page, page.get_by_role("button", name="Join", exact=True))
    page.keyboard.press("Enter")
    page.locator("[data-state=joined]").first.wait_for(state="attached")
    assert has_focus(page.get_by_role("heading", name="home"))
    with crowd(relay, 2):
        tab_to(page, page.locator("#mic"))
        page.keyboard.press("Enter")
        expect(page.locator("#mic-words")).to_have_text("Mic off")
        page.keyboard.press("m")
        expect(page.locator("#mic-words")).to_have_text("Mic on")
        page.keyboard.press("h")
        expect(page.locator("#hand")).to_have_attribute("aria-pressed", "true")
        page.locator("#room-name").focus()
        tab_to(page, page.locator("main button[data-talker]:not([data-own])").first)
        page.keyboard.press("Enter")
        expect(page.locator("#person-title")).to_be_focused()
        tab_to(page, page.locator("#volume"))
        page.keyboard.press("ArrowLeft")
        assert page.locator("#volume").input_value() == "95"
        page.keyboard.press("Escape")
        assert has_focus(page.locator("main button[data-talker]:not([data-own])").first)
        tab_to(page, page.locator("#open-sound"))
        page.keyboard.press("Enter")
        tab_to(page, page.get_by_role("switch", name="Push to talk"))
        page.keyboard.press("Space")
        assert page.get_by_role("switch", name="Push to talk").is_checked()
        page.keyboard.press("Escape")
        page.locator("#room-name").focus()
        tab_to(page, page.get_by_role("button", name="Leave"))
        page.keyboard.press("Enter")
    page.locator("#door").wait_for()
    assert has_focus(page.locator("#door-title"))


def test_tab_goes_through_everything(rig: Rig, relay: RelayProcess, phones: Phones) -> None:
    phone = start_page(phones, rig, relay, f"{relay.origin}/")
    check_keyboard(phone.page)
    phone.open(relay.link).join("Anna")
    with crowd(relay, 2, talkers=1):
        phone.delays().first.wait_for()
        phone.page.locator("#room-name").focus()
        check_keyboard(phone.page)
    phone.open(relay.link.replace("/#", "/check#")).page.get_by_role(
        "button", name="Start the check"
    ).wait_for()
    check_keyboard(phone.page)


def test_a_hand_feels_the_press_and_that_one_is_muted(rig: Rig, relay: RelayProcess, phones: Phones) -> None:
    phone = phones.start(rig, 0, relay.authority)
    phone.page.add_init_script("globalThis.felt = []; navigator.vibrate = (pattern) => felt.push(pattern)")
    phone.open(relay.link).join("Anna")
    with crowd(relay, 1):
        phone.press_microphone()
        phone.press_microphone()
        assert felt(phone) == [[30, 60, 30]]
        phone.push_to_talk()
        phone.page.locator("#disc").tap()
        assert felt(phone) == [[30, 60, 30], 15]


def felt(phone: Phone) -> list[Any]:
    """Without the cue of one who talks while muted: what an open microphone picks up may sound like that."""
    patterns: list[Any] = phone.page.evaluate("felt")
    return [pattern for pattern in patterns if pattern != MUTED_TALK]


def test_with_thirty_people_everything_that_matters_is_in_sight(
    rig: Rig, relay: RelayProcess, phones: Phones
) -> None:
    phone = phones.start(rig, 0, relay.authority).open(relay.host_link).join("Anna")
    page = phone.page
    with crowd(relay, 29, talkers=2):
        page.locator("#advice-read").click()  # a note that is read once
        expect(page.locator("#crowd li")).to_have_count(30)
        page.locator("#stage [data-talks]").first.wait_for()
        for seen in ("#mic", "#open-chat", "#open-invite", "#open-host", "#hand", "#leave", "#stage"):
            box = page.locator(seen).bounding_box()
            assert box is not None
            assert box["y"] >= 0
            assert box["y"] + box["height"] <= SIZE["height"], seen
        last = page.locator("#crowd li").last.bounding_box()
        assert last is not None
        assert last["y"] + last["height"] <= SIZE["height"] - BAR_PX, "the thirtieth face is not in sight"
