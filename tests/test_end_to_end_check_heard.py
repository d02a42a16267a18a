"""The pre-flight page in real browsers, on the rig: a cable brings the loudspeaker to the microphone.

What a canceller leaves of an echo, and what the network's round trips take, hangs on how fast the machine is. So these
rows are only held against what the rig knows; `scripts/bench exact` says how often every row passes.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from desktops import firefox, webkit
from rig import SAMPLE_RATE, Rig
from room import Room, open_room
from sound import level_dbfs, speech
from test_end_to_end_check import Rows, check_link, told

pytestmark = [pytest.mark.sound, pytest.mark.browser]

CHROMIUM, FIREFOX, WEBKIT = range(3)
STARTS_S: Final = 60
WORD: Final = speech()[:24_000]
OF_EVERY_MACHINE: Final = ("secure", "microphone", "socket")
NOT_CANCELLING: Final = "&echoCancellation=off"
CHIRP_DBFS: Final = -40


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    with open_room(tmp_path_factory.mktemp("check")) as room:
        yield room


def say_a_word(rig: Rig, member: int) -> None:
    rig.wait_attached(member, STARTS_S)
    rig.play(rig.microphone(member), WORD).wait()


def check_rows(rows: Rows, cancels: bool) -> None:
    print(rows)
    assert {name: rows[name].state for name in OF_EVERY_MACHINE} == dict.fromkeys(OF_EVERY_MACHINE, "passes")
    assert rows["loudspeaker"].state in ("passes", "unknown")
    if rows["loudspeaker"].state == "unknown":
        assert rows["echo"].state == "unknown"
    elif not cancels:
        assert rows["echo"].state == "fails"
        assert "use headphones" in rows["echo"].words


def hear_check(room: Room, member: int, cancels: bool) -> None:
    """Say the word, and judge the rows; the chirps have to be on the loudspeaker's wire."""
    rig, before = room.rig, room.relay.log.count(" check of ")
    with rig.copy(rig.speaker(member), rig.microphone(member)), rig.record() as recording:
        say_a_word(rig, member)
        spoken = recording.length
        check_rows(told(room.relay, before), cancels)
        assert recording.length > spoken + SAMPLE_RATE
        assert level_dbfs(recording.wire(rig.speaker(member), spoken)) > CHIRP_DBFS, "it played no chirp"


def test_chromium_checks_and_the_way_to_the_page_and_back_keeps_the_link(room: Room) -> None:
    link = f"{room.relay.link}{NOT_CANCELLING}"
    page = room.phones.start(room.rig, CHROMIUM, room.relay.authority).open(link).page
    page.get_by_role("link", name="Check this device first").click()
    page.get_by_role("button", name="Start the check").click()
    hear_check(room, CHROMIUM, cancels=False)
    page.get_by_role("link", name="Go to the room").click()
    page.get_by_role("button", name="Join", exact=True).wait_for()
    assert page.url == link
    page.goto("about:blank")


def test_firefox_checks_and_starts_by_itself(room: Room, tmp_path: Path) -> None:
    with firefox(tmp_path, room.rig, FIREFOX, room.relay.authority, f"{check_link(room.relay)}&auto"):
        hear_check(room, FIREFOX, cancels=True)


def test_webkit_checks_and_finds_the_echo_which_it_does_not_cancel(room: Room, tmp_path: Path) -> None:
    with webkit(tmp_path, room.rig, WEBKIT, room.relay.authority, f"{check_link(room.relay)}&auto"):
        hear_check(room, WEBKIT, cancels=False)
