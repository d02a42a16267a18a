"""Nothing on the page moves by itself: who comes, talks, is slow, writes or leaves moves nobody else."""

import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Final

import pytest
from audio_rig import Rig
from phone import SIZE, SMALL, Phones
from playwright.sync_api import Page, expect
from processes import RelayProcess
from synthetic_room import DEVICE_US, ERROR_US, SLOW, VERY_SLOW_US, Crowd, crowd

pytestmark = pytest.mark.browser

OBSERVE: Final = """() => {
    globalThis.shifts = [];
    const place = ({ x, y, width, height }) => [x, y, width, height].map(Math.round).join(" ");
    const name = (node) => node && (node.nodeType === 1 ? `${node.tagName} #${node.id} .${node.className}`
        : `"${node.textContent}" in ${name(node.parentElement)}`);
    const said = ({ node, previousRect: was, currentRect: is }) =>
      `${name(node)}: ${place(was)} -> ${place(is)}`;
    const row = ({ value, sources }) => `${value.toFixed(5)} ${sources.map(said).join("; ")}`;
    const keep = (list) => shifts.push(...list.getEntries().filter((each) => !each.hadRecentInput).map(row));
    globalThis.observer = new PerformanceObserver(keep);
    observer.observe({ type: "layout-shift" });
    globalThis.keepLast = () => keep({ getEntries: () => observer.takeRecords() });
}"""
"""What moved without being pressed, and from where to where."""
SAY_EACH_NOTE: Final = """async () => {
    const frame = () => new Promise(requestAnimationFrame);
    for (const { textContent } of document.querySelectorAll("#cure .one-of > :not(.shown)")) {
        document.querySelector("#cure .shown").textContent = textContent;
        await frame();
        await frame();
    }
}"""
"""Which advice there is depends on what is slow on this machine: all of it moves nothing."""
AFTER_INPUT_MS: Final = 600
"""Chromium forgives what moves within 500 ms of a press."""
DESKTOP: Final = {"width": 1280, "height": 800}
SOON_MS: Final = 10_000
SPEEDS: Final = (*SLOW, (DEVICE_US, ":not([data-speed=very-slow])"))
FOUR_DIGITS: Final = re.compile(r"\d{4} ms")
UNSURE: Final = re.compile("≈ ")
UNSURE_US: Final = 20_000


@contextmanager
def steady(page: Page, doing: str) -> Iterator[None]:
    """Until the end of the block nothing on the page moves by itself."""
    page.wait_for_timeout(AFTER_INPUT_MS)
    page.evaluate(OBSERVE)
    yield
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    page.evaluate("keepLast()")
    found = page.evaluate("shifts")
    assert not found, f"{doing}:\n" + "\n".join(found)


def talk_and_stop(page: Page, people: Crowd) -> None:
    """One begins, another one too, both get slow, very slow, and well again, and are silent."""
    people.talkers = 1
    talking = page.locator("main [data-talks]:not(.small-face)")
    expect(talking).to_have_count(1)
    people.talkers = 2
    expect(talking).to_have_count(2)
    get_slow(page, people, "main [data-talks]")
    people.talkers = 0
    expect(talking).to_have_count(0)


def get_slow(page: Page, people: Crowd, pills: str) -> None:
    """Those who talk get slow, very slow, and well again; `pills` is where a pill says so."""
    for device_us, speed in SPEEDS:
        people.device_us = device_us
        # A busy machine is slow by itself, and then nothing changes that could move.
        with suppress(AssertionError):
            expect(page.locator(f"{pills} .pill{speed}")).not_to_have_count(0, timeout=SOON_MS)


@pytest.mark.parametrize("size", [SIZE, SMALL, DESKTOP], ids=["phone", "small", "desktop"])
@pytest.mark.parametrize("others", [3, 16])
def test_somebody_who_talks_and_how_slowly_moves_nobody(
    others: int, size: dict[str, int], rig: Rig, relay: RelayProcess, phones: Phones
) -> None:
    phone = phones.start(rig, 0, relay.authority)
    phone.page.set_viewport_size(size)
    phone.open(relay.link).join("Anna")
    with crowd(relay, others) as people:
        expect(phone.names()).to_have_count(others + 1)
        with steady(phone.page, "talking"):
            talk_and_stop(phone.page, people)


def test_somebody_who_comes_moves_nobody_and_who_goes_only_those_who_came_later(
    rig: Rig, relay: RelayProcess, phones: Phones
) -> None:
    phone = phones.start(rig, 0, relay.authority).open(relay.link).join("Anna")
    with crowd(relay, 2):
        expect(phone.names()).to_have_count(3)
        with steady(phone.page, "somebody comes and goes"):
            with crowd(relay, 1):
                expect(phone.names()).to_have_count(4)
            expect(phone.names()).to_have_count(3)
        with ExitStack() as others, steady(phone.page, "many come"):
            others.enter_context(crowd(relay, 7))
            expect(phone.names()).to_have_count(10)


def test_in_a_person_s_sheet_figures_move_nothing(rig: Rig, relay: RelayProcess, phones: Phones) -> None:
    phone = phones.start(rig, 0, relay.authority).open(relay.host_link).join("Anna")
    with crowd(relay, 2, talkers=1) as people:
        phone.delays().first.wait_for()
        phone.open_person("Ada")
        phone.page.locator("#delay").wait_for()
        with steady(phone.page, "a person's sheet"):
            for device_us, speed in SPEEDS:
                people.device_us = device_us
                with suppress(AssertionError):  # as above
                    expect(phone.page.locator(f"#delay .pill{speed}")).not_to_have_count(0, timeout=SOON_MS)
            phone.page.evaluate(SAY_EACH_NOTE)


def test_beside_the_disc_and_in_a_duet_words_move_nothing(
    rig: Rig, relay: RelayProcess, phones: Phones
) -> None:
    phone = phones.start(rig, 0, relay.authority).open(relay.link).join("Anna")
    with crowd(relay, 1) as people, steady(phone.page, "a duet"):
        people.talkers = 1
        phone.page.locator("#duet [data-talks]").wait_for()
        phone.delays().first.wait_for()
        people.device_us = VERY_SLOW_US
        expect(phone.page.locator("#arc .whole b")).to_contain_text(FOUR_DIGITS)
        people.talkers = 0
        expect(phone.page.locator("#duet [data-talks]")).to_have_count(0)
    with crowd(relay, 3) as people:
        phone.push_to_talk()
        with steady(phone.page, "beside the disc"):
            for talkers in (1, 0, 3, 0):
                people.talkers = talkers
                expect(phone.page.locator("#faces [data-talks]")).to_have_count(talkers)


@pytest.mark.parametrize("language", ["en", "de", "es"])
@pytest.mark.parametrize("size", [SIZE, SMALL], ids=["phone", "small"])
def test_the_delay_above_the_disc_changes_and_stays_in_its_place(
    size: dict[str, int], language: str, rig: Rig, relay: RelayProcess, phones: Phones
) -> None:
    phone = phones.start(rig, 0, relay.authority)
    phone.page.set_viewport_size(size)
    phone.speak(language).open(relay.link).join("Anna").push_to_talk()
    with crowd(relay, 2) as people:
        people.talkers = 1
        pill = phone.page.locator("#floor-delay")
        expect(pill).to_be_visible()
        with steady(phone.page, f"the delay above the disc, {language}"):
            get_slow(phone.page, people, "#floor-delay")
            people.device_us = VERY_SLOW_US
            expect(pill).to_contain_text(FOUR_DIGITS, timeout=SOON_MS)
            within = "(pill) => pill.scrollWidth <= pill.clientWidth"
            assert pill.evaluate(within), f"wider than the page: {pill.inner_text()}"
            people.error_us = UNSURE_US
            expect(pill).to_contain_text(UNSURE, timeout=SOON_MS)
            assert pill.evaluate(within), f"wider than the page: {pill.inner_text()}"
            people.error_us = ERROR_US
            with suppress(AssertionError):  # a busy machine is never sure
                expect(pill).not_to_contain_text(UNSURE, timeout=SOON_MS)


def test_messages_hands_and_marks_move_nothing(rig: Rig, relay: RelayProcess, phones: Phones) -> None:
    anna = phones.start(rig, 0, relay.authority).open(relay.host_link).join("Anna")
    with crowd(relay, 14):
        ben = phones.start(rig, 1, relay.authority).open(relay.link).join("Bo")
        with steady(anna.page, "beside a full room"):
            for words in ("Dinner is ready", "Come"):
                ben.write(words)
            ben.press("Raise hand")
            anna.page.locator("#hands-words").wait_for()
            ben.press("Lower hand")
            expect(anna.page.locator("#hands-words")).to_be_hidden()
            ben.press_microphone()
        for open_sheet in (anna.open_chat, anna.open_settings, anna.open_host_tools):
            open_sheet()
            with steady(anna.page, f"after {open_sheet.__name__}"):
                ben.write("Once more, and longer than a line of the sheet is wide on a phone")
                anna.page.locator("#said").get_by_text("Once more").last.wait_for(state="attached")
            anna.close_sheet()
