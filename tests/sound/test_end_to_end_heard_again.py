"""A replay on real sound: who asked for it hears once more what was said, nobody else does, and live voices
go on."""

from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np
import pytest
from attempts import first_good
from audio_rig import Recording
from following import code, follow
from phone import UNPROCESSED, Phone
from playwright.sync_api import expect
from shared_room import Room, open_room
from sound import Samples

pytestmark = [pytest.mark.sound, pytest.mark.browser]

ANNA, BEN, CARL = range(3)
SAID_S: Final = 4
LIVE_S: Final = 40
"""A busy machine may take half of it to start a replay."""
LIVE_GAIN: Final = 1.6
"""Beside a replay a live voice is lowered by half: so each of the two is like what was said by more than
chance."""
WINDOW_S: Final = 8
HEARD: Final = 0.5
"""Of what was said: a busy machine loses some of it on the way there, and some on the way back."""
GOES_ON: Final = 0.15
"""Of a live voice, beside another: in many excerpts the other is louder."""
AGES_MS: Final = 60_000
OVERHEARD: Final = 0.05


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    with open_room(tmp_path_factory.mktemp("replay"), 3) as room:
        yield room


class Replayed(NamedTuple):
    """The shares that are heard: the first time, by each who might hear it again, and of a live voice
    meanwhile."""

    first: float
    again: float
    by_others: list[float]
    live: list[float]

    def is_heard(self) -> bool:
        return self.first > HEARD and self.again > HEARD * self.first and min(self.live) > GOES_ON


def test_a_replay_is_heard_by_who_asked_for_it_alone_while_live_voices_go_on(room: Room) -> None:
    anna = room.phone(ANNA, "Anna", UNPROCESSED)
    with room.desktop(BEN, "Ben"), room.desktop(CARL, "Carl"):
        room.relay.wait_for_members(3)
        first_good(lambda: replay(room, anna), Replayed.is_heard)
    assert anna.errors == []


def replay(room: Room, anna: Phone) -> Replayed:
    """Anna asks to hear again what Ben said, while Carl talks."""
    rig = room.rig
    with rig.record() as recording:
        said, first = say(room, recording)
        live = rig.play(rig.microphone(CARL), code(CARL, LIVE_S) * LIVE_GAIN)
        recording.wait_for_sound(rig.speaker(ANNA), 20, start=recording.length)
        anna.open_settings()
        pressed = recording.length
        anna.page.locator("#replay-last").click()
        expect(anna.page.locator("#replay")).to_be_visible()
        expect(anna.page.locator("#replay-talkers")).to_contain_text("Ben")
        recording.wait_ms(1_000 * WINDOW_S)
        # It may have ended by itself.
        anna.page.evaluate("document.getElementById('replay-stop').click()")
        live.stop()
        stop = recording.length
        wires = [recording.wire(rig.speaker(each), pressed, stop) for each in (ANNA, BEN, CARL)]
        carl = recording.wire(rig.microphone(CARL), pressed, stop)
    again, *by_others = (share_of(said, wire) for wire in wires)
    assert max(by_others) < OVERHEARD, by_others
    return Replayed(first, again, by_others, [follow(carl, wire).coverage() for wire in wires[:2]])


def say(room: Room, recording: Recording) -> tuple[Samples, float]:
    """Ben says it; what of it Anna hears the first time."""
    rig, start = room.rig, recording.length
    rig.play(rig.microphone(BEN), code(BEN, SAID_S)).wait()
    recording.wait_ms(1_000)
    said = recording.wire(rig.microphone(BEN), start)
    return said, follow(said, recording.wire(rig.speaker(ANNA), start)).coverage()


def share_of(said: Samples, heard: Samples) -> float:
    """What of something that was said before is heard on a wire later."""
    before = np.concatenate((said, np.zeros(len(heard), np.float32)))
    after = np.concatenate((np.zeros(len(said), np.float32), heard))
    return follow(before, after, AGES_MS).coverage()
