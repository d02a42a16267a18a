"""Captions in a real browser: seen by who wants them, settled when they are final, never markup, and taken
home."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from audio_rig import Rig, wait_until
from caption_engine import fake_engine
from phone import SETTLED_MS, Phones, wait_for_truth
from playwright.sync_api import Page, expect
from processes import RelayProcess
from sound import tone

import streamer
from streamer.captions.captioner import RoomCaptions
from streamer.captions.recognition import Recognition

pytestmark = pytest.mark.browser

MARKUP = "<img src=x onerror=alert(1)>"
WRITE = """async ([url, lines]) => {
  const socket = new WebSocket(url, ["streamer.v1"]);
  const first = await new Promise((resolve) => socket.addEventListener("message", resolve, { once: true }));
  const talker_id = JSON.parse(first.data).talker_id;
  const same = { type: "caption", talker_id, start_ms: 0, end_ms: 1 };
  for (const line of lines) socket.send(JSON.stringify({ ...same, ...line }));
  window.captioner = socket;
}"""


def write(page: Any, relay: RelayProcess, name: str, *lines: dict[str, Any]) -> None:
    """By a socket of its own, with the host's right: what a hostile captioner could send, too."""
    key = relay.host_link.partition("key=")[2]
    url = f"{relay.origin.replace('https', 'wss')}/ws?room=home&key={key}&name={name}"
    page.evaluate(WRITE, [url, list(lines)])


@contextmanager
def captioner(relay: RelayProcess) -> Iterator[None]:
    """One that needs no model, and somebody who says a second of a tone now and then, in a thread of their
    own."""
    done = threading.Event()

    async def run() -> None:
        options = {"ca_file": relay.authority}
        async with (
            streamer.join(relay.host_link, name="Captions", listening=True, **options) as room,
            streamer.join(relay.link, name="Grace", **options) as grace,
        ):
            recognition = Recognition(fake_engine().recogniser, print)
            rooms = RoomCaptions(room, fake_engine().detector, recognition, print)
            tasks = [asyncio.create_task(recognition.run()), asyncio.create_task(rooms.run())]
            while not done.is_set():
                await grace.say(tone(440, 1))
                await asyncio.sleep(1)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    thread = threading.Thread(target=lambda: asyncio.run(run()))
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join(60)


def test_what_a_member_says_is_on_another_page_and_the_transcript_is_taken_home(
    rig: Rig, relay: RelayProcess, phones: Phones
) -> None:
    ada = phones.start(rig, 0, relay.authority).open(relay.link).join("Ada")
    page = ada.page
    expect(page.locator("#captions-on")).to_be_hidden()
    with captioner(relay):
        expect(page.locator("#captions-on")).to_be_visible(timeout=30_000)
        page.locator(".toast").get_by_role("button", name="Show captions").click()
        final = page.locator("#captions-lines p:not([data-partial])", has_text="Grace").first
        expect(final).to_contain_text("tenths", timeout=60_000)
        expect(page.locator("#captions-said")).to_contain_text("Grace: ")
        with page.expect_download() as download:
            page.get_by_role("button", name="Save as WebVTT").click()
        assert download.value.suggested_filename == "Captions.vtt"
        content = download.value.path().read_text()
        assert content.startswith("WEBVTT\n\n00:00:00.000 --> ")
        assert "<v Grace>" in content
        with page.expect_download() as download:
            page.get_by_role("button", name="Save as text").click()
        assert "Grace: " in download.value.path().read_text()
    expect(page.locator("#captions-on")).to_be_hidden(timeout=30_000)
    assert ada.errors == []


def test_a_line_is_dimmed_while_it_grows_and_markup_in_it_is_text(
    rig: Rig, relay: RelayProcess, phones: Phones
) -> None:
    ada = phones.start(rig, 0, relay.authority).open(relay.link).join("Ada")
    page = ada.page
    ada.open_settings()
    page.get_by_role("switch", name="Captions").check()
    ada.close_sheet()
    write(page, relay, "Mallory", {"id": 1, "text": f"It is {MARKUP}", "final": False})
    line = page.locator("#captions-lines p")
    expect(line).to_have_text(f"Mallory It is {MARKUP}")
    assert line.get_attribute("data-partial") is not None
    assert page.locator("#captions-said").text_content() == "", "a screen reader hears final lines only"
    lines = [{"id": 1, "text": f"It is {MARKUP} now", "final": True}, {"id": 2, "text": "x", "final": False}]
    page.evaluate("window.captioner.close()")
    write(page, relay, "Mallory", *lines, {"id": 2, "text": "", "final": True})
    settled = page.locator("#captions-lines p:not([data-partial])")
    expect(settled).to_have_text([f"Mallory It is {MARKUP} now"])
    expect(page.locator("#captions-said")).to_have_text(f"Mallory: It is {MARKUP} now")
    assert page.locator("#captions img").count() == 0
    assert ada.errors == []


def test_a_hall_s_screen_joins_by_itself_and_shows_captions_only(
    rig: Rig, relay: RelayProcess, phones: Phones
) -> None:
    ada = phones.start(rig, 0, relay.authority).open(relay.link).join("Ada")
    hall = phones.start(rig, 1, relay.authority).open(f"{relay.link}&captions&name=Hall")
    expect(hall.page.locator("#captions")).to_be_visible(timeout=30_000)
    expect(hall.page.locator("#bar")).to_be_hidden()
    write(ada.page, relay, "Grace", {"id": 1, "text": "Welcome to the hall", "final": True})
    line = hall.page.locator("#captions-lines p")
    expect(line).to_have_text("Grace Welcome to the hall")
    assert line.evaluate("line => parseFloat(getComputedStyle(line).fontSize)") >= 32
    assert hall.errors == []


STRIP = """(() => {
  const strip = document.getElementById("captions-lines");
  const { scrollTop, scrollHeight, clientHeight, childElementCount: lines } = strip;
  return { scrollTop, scrollHeight, clientHeight, lines };
})()"""
# As a browser's own setting does it, which may scroll then, too: nobody has scrolled back.
GROW_TEXT = """(() => {
  const lines = document.getElementById("captions-lines");
  for (const line of lines.children) line.style.fontSize = "2em";
  lines.dispatchEvent(new Event("scroll"));
})()"""
TURNS = 40
TWO_FRAMES = "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
SCROLLED_BACK = "document.getElementById('captions-lines').scrollTop === 0"
LONG = "Dinner is ready, and there is enough for all of you and for whoever comes later"


def wait_for_newest_line(page: Page) -> None:
    """In sight, with more lines above it than the strip has room for."""

    def is_at_end() -> bool:
        strip = page.evaluate(STRIP)
        hidden = strip["scrollHeight"] - strip["clientHeight"]
        return hidden > 0 and hidden - strip["scrollTop"] < 2

    wait_until(is_at_end, 60, lambda: f"the newest line is not in sight: {page.evaluate(STRIP)}")


def turn_back_and_forth(page: Page) -> None:
    """Faster than the page looks: it finds itself turned as it was, and scrolled."""
    for _ in range(TURNS):
        page.set_viewport_size({"width": 390, "height": 844})
        page.set_viewport_size({"width": 844, "height": 390})


@pytest.mark.parametrize("link", ["", "&captions&name=Hall"], ids=["strip", "hall"])
def test_the_newest_line_stays_in_sight_when_a_phone_is_turned_until_somebody_scrolls_back(
    rig: Rig, relay: RelayProcess, phones: Phones, link: str
) -> None:
    ada = phones.start(rig, 0, relay.authority).open(relay.link).join("Ada")
    reader = phones.start(rig, 1, relay.authority).open(relay.link + link)
    page = reader.page
    if not link:
        reader.join("Ben")
        write(ada.page, relay, "Grace", {"id": 0, "text": LONG, "final": True})
        page.locator(".toast").get_by_role("button", name="Show captions").click()
    expect(page.locator("#captions")).to_be_visible(timeout=30_000)
    lines = page.locator("#captions-lines p")

    def is_full() -> bool:
        """What comes before the relay knows that this page reads captions, does not come."""
        write(ada.page, relay, "Joan", *({"id": number, "text": LONG, "final": True} for number in range(20)))
        page.wait_for_timeout(500)
        return lines.count() >= 20

    wait_until(is_full, 30, lambda: f"{lines.count()} lines")
    wait_for_newest_line(page)
    turn_back_and_forth(page)
    wait_for_newest_line(page)
    for width, height in ((390, 844), (844, 390)):
        page.set_viewport_size({"width": width, "height": height})
        wait_for_newest_line(page)
    page.evaluate(GROW_TEXT)
    write(ada.page, relay, "Mary", {"id": 30, "text": LONG, "final": True})
    expect(lines.last).to_contain_text("Mary")
    wait_for_newest_line(page)
    page.wait_for_timeout(SETTLED_MS)
    page.locator("#captions-lines").evaluate("lines => lines.scrollTo(0, 0)")
    wait_for_truth(page, SCROLLED_BACK)
    page.evaluate(TWO_FRAMES)  # the page is told of it by then
    page.set_viewport_size({"width": 390, "height": 844})
    write(ada.page, relay, "Hedy", {"id": 31, "text": LONG, "final": True})
    expect(lines.last).to_contain_text("Hedy")
    assert page.evaluate(SCROLLED_BACK)
    assert reader.errors == []


def test_the_host_has_captions_kept_and_who_comes_later_reads_them_in_the_chat(
    rig: Rig, relay: RelayProcess, phones: Phones
) -> None:
    host = phones.start(rig, 0, relay.authority).open(relay.host_link).join("Grace")
    ada = phones.start(rig, 1, relay.authority).open(relay.link).join("Ada")
    host.open_host_tools()
    host.page.get_by_role("switch", name="Keep captions in the chat").check()
    host.close_sheet()
    expect(ada.page.locator("#said .happened", has_text="kept in the chat")).to_have_count(1)
    lines = [
        {"id": 1, "text": "Dinner", "final": False},
        {"id": 1, "text": f"Dinner is {MARKUP}", "final": True},
    ]
    write(host.page, relay, "Joan", *lines)
    late = phones.start(rig, 2, relay.authority).open(relay.link).join("Ben")
    for phone in (ada, late):
        kept = phone.page.locator("#said .said[data-caption]")
        expect(kept).to_have_count(1)
        expect(phone.page.locator("#open-chat .count")).to_be_hidden()  # everybody could hear it
        phone.open_chat()
        expect(kept.locator(".who")).to_contain_text("Joan")
        expect(kept.locator(".who")).to_contain_text("said")
        expect(kept.locator(".text")).to_have_text(f"Dinner is {MARKUP}")
        assert phone.errors == []
