"""Two phones in one room, whose loudspeakers reach the microphones by cables: no howl lasts, and the page
says why.

How soon, and how long a howl lasts, is measured by `scripts/bench exact`.
"""

import itertools
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Final, NamedTuple

import numpy as np
import pytest
from audio_rig import Recording, Rig
from following import code, follow
from phone import UNPROCESSED, Phone
from playwright.sync_api import expect
from shared_room import Room, open_room
from sound import SAMPLE_RATE, level_dbfs, speech, turns_ms

pytestmark = [pytest.mark.sound, pytest.mark.browser]

ANNA, BEN = MEMBERS = range(2)
NO_ECHO_CANCELLING: Final = "&echoCancellation=off"
HOWL_DBFS: Final = -18
SPEAKS_S: Final = 30
"""Three seconds are enough where the machine has time."""
SENTENCES: Final = 6
MOST_SENTENCES: Final = 15
"""Until one is heard twice at the same delay, which a busy machine shifts."""
QUIET_S: Final = 15
QUIET_MS: Final = 300
"""A howl has no gap at all; a cut is a second long."""
SILENCE_DBFS: Final = -60


class Pair(NamedTuple):
    room: Room
    anna: Phone
    ben: Phone

    def meet(self, processing: str = "") -> None:
        for member, phone in enumerate((self.anna, self.ben)):
            phone.open(self.room.relay.link + processing).join()
            self.room.rig.wait_attached(member)


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    with open_room(tmp_path_factory.mktemp("pair"), 2) as room:
        yield Pair(room, room.phone(ANNA, "Anna"), room.phone(BEN, "Ben"))


def every_cable(rig: Rig) -> ExitStack:
    """All hear all: what the one says comes round by way of both."""
    cables = ExitStack()
    for source, target in itertools.product(MEMBERS, MEMBERS):
        cables.enter_context(rig.copy(rig.speaker(source), rig.microphone(target)))
    return cables


def own_cables(rig: Rig) -> ExitStack:
    """Each device hears its own loudspeaker, as phones that are far apart do."""
    cables = ExitStack()
    for member in MEMBERS:
        cables.enter_context(rig.copy(rig.speaker(member), rig.microphone(member)))
    return cables


@pytest.mark.parametrize("processing", [NO_ECHO_CANCELLING, UNPROCESSED])
def test_in_one_room_the_guard_speaks_and_no_howl_goes_on(pair: Pair, processing: str) -> None:
    rig = pair.room.rig
    pair.meet(processing)
    with every_cable(rig), rig.record() as recording:
        playing = rig.play(rig.microphone(ANNA), np.tile(speech(), SENTENCES))
        wait_for_guard(recording, pair)
        playing.stop()
        for member in MEMBERS:
            wait_quiet(recording, rig, member)


def wait_for_guard(recording: Recording, pair: Pair) -> None:
    for _ in range(SPEAKS_S * 10):
        if any(phone.page.locator("#feedback").is_visible() for phone in (pair.anna, pair.ben)):
            print(f"the guard speaks {recording.length / SAMPLE_RATE:.1f} s after the cables are there")
            return
        recording.wait_ms(100)
    levels = [round(level_dbfs(recording.wire(pair.room.rig.speaker(member)))) for member in MEMBERS]
    pytest.fail(f"the guard says nothing within {SPEAKS_S} s, with up to {levels} dBFS at the loudspeakers")


def wait_quiet(recording: Recording, rig: Rig, member: int) -> None:
    """Wait until a loudspeaker is quiet for a while."""
    start = recording.length
    for _ in range(QUIET_S * 2):
        recording.wait_ms(500)
        turns = turns_ms(recording.wire(rig.speaker(member), start), HOWL_DBFS)
        if any(not is_loud and lasted_ms >= QUIET_MS for is_loud, lasted_ms in turns):
            return
    pytest.fail(f"it howls at member {member} for {QUIET_S} s")


def test_somebody_who_is_heard_in_the_air_is_named_and_each_button_helps(pair: Pair) -> None:
    rig, ben = pair.room.rig, pair.ben
    pair.meet(UNPROCESSED)
    with rig.copy(rig.speaker(BEN), rig.microphone(BEN)), rig.record() as recording:
        wait_until_named(rig, ben)
        expect(ben.page.locator("#guard")).to_contain_text("Anna is in the same room as you")
        ben.press("Mute my loudspeaker")
        assert level_of_words(rig, recording) < SILENCE_DBFS
        ben.press("Unmute my loudspeaker")
        assert level_of_words(rig, recording) > SILENCE_DBFS
        wait_until_named(rig, ben)
        ben.press("Mute my microphone")
        expect(ben.page.locator("#feedback")).to_be_hidden()
        start = recording.length
        level_of_words(rig, recording)
        said, heard = recording.wire(rig.microphone(BEN), start), recording.wire(rig.speaker(ANNA), start)
        assert follow(said, heard).coverage() == 0
    ben.press_microphone()
    assert ben.errors == []


def wait_until_named(rig: Rig, ben: Phone) -> None:
    """Anna speaks until Ben's page names her, who then reads what to do."""
    for _ in range(MOST_SENTENCES):
        if ben.page.locator("#feedback").is_visible():
            break
        rig.play(rig.microphone(ANNA), speech()).wait()
    if ben.page.locator("#guard").is_hidden():
        ben.page.locator(".toast button, #feedback").last.click()


def level_of_words(rig: Rig, recording: Recording) -> float:
    """How loud Ben's loudspeaker is while Anna says something; what is still on its way first goes by."""
    recording.wait_ms(1_500)
    start = recording.length
    rig.play(rig.microphone(ANNA), code(ANNA, 1.5)).wait()
    recording.wait_ms(500)
    return level_dbfs(recording.wire(rig.speaker(BEN), start))


def test_far_apart_with_echo_cancelling_a_conversation_goes_on_undisturbed(pair: Pair) -> None:
    rig = pair.room.rig
    pair.meet()
    with own_cables(rig), rig.record() as recording:
        for turn, talker in enumerate((ANNA, BEN, ANNA)):
            rig.play(rig.microphone(talker), speech(turn)).wait()
            recording.wait_ms(500)
            assert not any(phone.page.locator("#feedback").is_visible() for phone in (pair.anna, pair.ben)), (
                turn
            )
        assert level_dbfs(recording.wire(rig.speaker(BEN))) > SILENCE_DBFS
