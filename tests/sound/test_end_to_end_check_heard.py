"""The pre-flight page in real browsers, on the rig: a cable brings the loudspeaker to the microphone.

What a canceller leaves of an echo, and what the network's round trips take, hangs on how fast the machine is.
So these rows are only held against what the rig knows; `scripts/bench exact` says how often every row passes.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
import pytest
from audio_rig import SAMPLE_RATE
from other_browsers import firefox, webkit
from shared_room import Room, open_room
from sound import speech
from test_end_to_end_check import Rows, check_link, told

from streamer.measure.chirps import delays, find_chirps

pytestmark = [pytest.mark.sound, pytest.mark.browser]

CHROMIUM, FIREFOX, WEBKIT = range(3)
STARTS_S: Final = 60
WORD_AND_PAUSE: Final = np.concatenate((speech()[:24_000], np.zeros(2 * SAMPLE_RATE, np.float32)))
WORDS: Final = 5
SOON_MS: Final = 400
"""The check waits 800 ms for a chirp, in which the browser takes its part."""
OF_EVERY_MACHINE: Final = ("secure", "microphone", "socket")
NOT_CANCELLING: Final = "&echoCancellation=off"


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    with open_room(tmp_path_factory.mktemp("check")) as room:
        yield room


def check_rows(rows: Rows, echo_is_heard: bool) -> None:
    print(rows)
    assert {name: rows[name].state for name in OF_EVERY_MACHINE} == dict.fromkeys(OF_EVERY_MACHINE, "passes")
    assert rows["loudspeaker"].state in ("passes", "unknown")
    if rows["loudspeaker"].state == "unknown":
        assert rows["echo"].state == "unknown"
    elif echo_is_heard:
        assert rows["echo"].state == "fails"
        assert "use headphones" in rows["echo"].words


def hear_check(room: Room, member: int, cancels: bool) -> None:
    """Say something every few seconds, and judge the rows against what is on the wires."""
    rig, before = room.rig, room.relay.log.count(" check of ")
    microphone, speaker = rig.microphone(member), rig.speaker(member)
    with rig.copy(speaker, microphone), rig.record() as recording:
        rig.wait_attached(member, STARTS_S)
        playing = rig.play(microphone, np.tile(WORD_AND_PAUSE, WORDS))
        rows = told(room.relay, before)
        playing.stop()
        played, heard = find_chirps(recording.wire(speaker)), find_chirps(recording.wire(microphone))
    assert played, "it played no chirp"
    late = delays([round(chirp.position) for chirp in played], heard)
    cable_is_quick = all(delay is not None and delay < SOON_MS * SAMPLE_RATE / 1000 for delay in late)
    print(f"{len(played)} chirps, all heard in time: {cable_is_quick}")
    check_rows(rows, cable_is_quick and not cancels)


def test_chromium_checks_and_the_way_to_the_page_and_back_keeps_the_link(room: Room) -> None:
    link = f"{room.relay.link}{NOT_CANCELLING}"
    page = room.phones.start(room.rig, CHROMIUM, room.relay.authority).open(link).page
    page.locator("#check").click()
    page.get_by_role("button", name="Start the check").click()
    hear_check(room, CHROMIUM, cancels=False)
    page.locator("#back").click()
    page.get_by_role("button", name="Join", exact=True).wait_for()
    assert page.url == link
    page.goto("about:blank")


def test_firefox_checks_and_starts_by_itself(room: Room, tmp_path: Path) -> None:
    with firefox(tmp_path, room.rig, FIREFOX, room.relay.authority, f"{check_link(room.relay)}&auto"):
        hear_check(room, FIREFOX, cancels=True)


def test_webkit_checks_and_finds_the_echo_which_it_does_not_cancel(room: Room, tmp_path: Path) -> None:
    with webkit(tmp_path, room.rig, WEBKIT, room.relay.authority, f"{check_link(room.relay)}&auto"):
        hear_check(room, WEBKIT, cancels=False)
