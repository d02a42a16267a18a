"""What a room looks like while it is captioned or recorded, or something needs help; none of it moves the
people."""

from typing import Any, Final

import pytest
from audio_rig import Rig
from phone import SIZE, Phones
from playwright.sync_api import Page, expect
from processes import RelayProcess
from screenshots import check_looks
from synthetic_room import crowd
from test_end_to_end_design import look
from test_end_to_end_steady import steady

pytestmark = pytest.mark.browser

SAY: Final = """async ([url, messages]) => {
  const socket = new WebSocket(url, ["streamer.v1"]);
  const first = await new Promise((resolve) => socket.addEventListener("message", resolve, { once: true }));
  const { talker_id } = JSON.parse(first.data);
  const own = (message) => (message.type === "caption" ? { ...message, talker_id } : message);
  for (const message of messages) socket.send(JSON.stringify(own(message)));
  socket.talkerId = talker_id;
  (window.speakers ??= []).push(socket); // one that nobody holds is closed
}"""

NEXT: Final = """(line) => {
  const last = window.speakers.at(-1);
  last.send(JSON.stringify({ ...line, talker_id: last.talkerId }));
}"""


SHOW: Final = "async (fact, on) => (await import('/page/words/facts.js')).showFact(fact, on)"
CUT_OFF: Final = """(line) => [...line.children]
  .filter((fact) => !fact.hidden)
  .filter((fact) => fact.getBoundingClientRect().right - 8 > line.getBoundingClientRect().right)
  .map((fact) => fact.id)"""
"""Its facts whose icons end beyond it: 8 pixels are the margin of what can be pressed."""
FACTS: Final = {
    "#slow-path": "#slow-path-note",
    "#no-microphone": "#problem",
    "#feedback": "#guard",
    "#missed": "#replay",
}
"""What appears in the header, and what a press opens."""


def say(page: Page, relay: RelayProcess, name: str, *messages: dict[str, Any]) -> None:
    """By a socket of its own, with the host's right."""
    key = relay.host_link.partition("key=")[2]
    url = f"{relay.origin.replace('https', 'wss')}/ws?room=home&key={key}&name={name}"
    page.evaluate(SAY, [url, list(messages)])


def caption(number: int, text: str, *, final: bool) -> dict[str, Any]:
    return {"type": "caption", "id": number, "start_ms": 0, "end_ms": 1, "text": text, "final": final}


@pytest.mark.parametrize("others", [1, 5])
def test_captions_look_well_and_move_nothing(
    others: int, rig: Rig, relay: RelayProcess, phones: Phones
) -> None:
    ada = phones.start(rig, 0, relay.authority).open(relay.link).join("Ada")
    ada.page.locator("#advice-read").click()
    ada.open_settings()
    ada.page.get_by_role("switch", name="Captions").check()
    ada.close_sheet()
    with crowd(relay, others, talkers=2):
        say(ada.page, relay, "Captions", {"type": "captioning", "on": True})
        expect(ada.page.locator("#captions-on")).to_be_visible()
        with steady(ada.page, "captions begin"):
            say(
                ada.page,
                relay,
                "Finn",
                caption(1, "Somebody has to bring the long ladder up.", final=True),
                caption(2, "It stands behind the stage door, I think. Dario, can you", final=False),
            )
            expect(ada.page.locator("#captions-lines p")).to_have_count(2)
            for number in range(3, 8):
                words = "And one more sentence, which is as long as two lines of it."
                ada.page.evaluate(NEXT, caption(number, words, final=True))
                expect(ada.page.locator("#captions-lines p")).to_have_count(number)
        look(ada, f"captions-{others}")
        check_looks(ada.page, "captions")


def test_a_recording_looks_well_asks_at_the_door_and_moves_nothing(
    rig: Rig, relay: RelayProcess, phones: Phones
) -> None:
    ada = phones.start(rig, 0, relay.authority).open(relay.link).join("Ada")
    ada.page.locator("#advice-read").click()
    with crowd(relay, 5, talkers=1):
        with steady(ada.page, "a recording begins"):
            say(ada.page, relay, "Recorder", {"type": "recording", "on": True})
            expect(ada.page.locator("#recorded")).to_be_visible()
        look(ada, "recording")
        check_looks(ada.page, "recorded")
        ada.page.locator("#recorded").click()
        expect(ada.page.locator("#recording-words")).to_have_text("Recorder is recording this room.")
        ada.press("Leave me out")
        expect(ada.page.locator("#recording-words")).to_have_text("This room is being recorded, without you.")
        look(ada, "recording-open")
        check_looks(ada.page, "recorded, opened")
        ben = phones.start(rig, 1, relay.authority).open(relay.link)
        ben.page.locator("#door-recording").wait_for()
        look(ben, "recording-door")
        check_looks(ben.page, "the door of a room that is recorded")


def test_each_fact_looks_well_and_moves_nothing(rig: Rig, relay: RelayProcess, phones: Phones) -> None:
    ada = phones.start(rig, 0, relay.authority).open(relay.link).join("Ada")
    ada.page.locator("#advice-read").click()
    with crowd(relay, 5, talkers=1):
        for fact, note in FACTS.items():
            with steady(ada.page, fact):
                ada.page.locator(fact).evaluate(SHOW, True)
            ada.page.locator(fact).click()
            expect(ada.page.locator(note)).to_be_visible()
            look(ada, fact.strip("#"))
            check_looks(ada.page, fact)
            ada.page.locator(fact).click()
            ada.page.locator(fact).evaluate(SHOW, False)
        for width in (320, SIZE["width"]):
            ada.page.set_viewport_size({**SIZE, "width": width})
            for fact in FACTS:
                ada.page.locator(fact).evaluate(SHOW, False)
            for fact in FACTS:
                ada.page.locator(fact).evaluate(SHOW, True)
            assert ada.page.locator("#room-facts").evaluate(CUT_OFF) == [], width
        check_looks(ada.page, "all facts at once")
        look(ada, "facts")


REPLAYS: Final = """(note) => {
  note.querySelector("#replay-words").textContent = "Replay · 0:25 left";
  note.querySelector("#replay-talkers").append(document.createElement("li"));
  note.querySelector("#replay-talkers li").textContent = "Talker 1";
  note.hidden = false;
}"""


def test_a_note_above_two_people_leaves_their_figure_to_be_seen(
    rig: Rig, relay: RelayProcess, phones: Phones
) -> None:
    """The disc of the bar stands above it, in the middle, where the figure is."""
    ada = phones.start(rig, 0, relay.authority).open(relay.link).join("Ada")
    ada.page.locator("#advice-read").click()
    with crowd(relay, 1, talkers=1):
        expect(ada.page.locator("#arc .whole b")).to_contain_text("ms")
        ada.page.locator("#replay").evaluate(REPLAYS)
        for size in ({"width": 320, "height": 568}, SIZE):
            ada.page.set_viewport_size(size)
            disc = ada.page.locator("#mic .disc").bounding_box()
            shown = [ada.page.locator(each) for each in ("#arc .whole", "#duet-words")]
            boxes = [each.bounding_box() for each in shown if each.is_visible()]
            assert disc
            assert all(box and box["y"] + box["height"] <= disc["y"] for box in boxes), (size, boxes, disc)
