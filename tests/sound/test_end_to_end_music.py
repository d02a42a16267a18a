"""Music, in stereo: what is played on the left is heard on the left, through real browsers and on real sound.

How far apart both are in decibels is measured by `scripts/bench exact`.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

import pytest
from attempts import first_good
from audio_rig import Recording, Rig
from following import Followed, code, follow, louder_db
from phone import UNPROCESSED, Phone
from shared_room import Room, open_room
from sound import Samples, tone, tone_dbfs

pytestmark = [pytest.mark.sound, pytest.mark.browser]

ANNA, BEN, ANNAS_RIGHT, BENS_RIGHT = range(4)
LEFT_HZ, RIGHT_HZ = 440, 660
APART_DB: Final = 12
"""Of two voices in one ear; both are at 0 dB where sound is mono, and −30 dB or less is usual."""
SAME_DB: Final = 1
MOST: Final = 0.4
PLAYED_S: Final = 4
HELD_DBFS: Final = -35
"""20 dB below what is played: a howl that is cut, or a gate that closes, leaves silence."""


class Stage(NamedTuple):
    room: Room
    anna: Phone
    ben: Phone


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with open_room(tmp_path_factory.mktemp("stage"), 4) as room:
        room.rig.widen(ANNA, ANNAS_RIGHT)
        room.rig.widen(BEN, BENS_RIGHT)
        yield Stage(room, room.phone(ANNA, "Anna", UNPROCESSED + "&music=on"), room.phone(BEN, "Ben"))
        assert not [phone.errors for phone in room.phones.all if phone.errors]


def play(
    rig: Rig, recording: Recording, left: Samples, right: Samples, ears: tuple[int, int]
) -> tuple[int, int]:
    """Play into these two microphones; gives the samples between which all of it was recorded."""
    start = recording.length
    playing = [rig.play(rig.microphone(ear), sound) for ear, sound in zip(ears, (left, right), strict=True)]
    for playback in playing:
        playback.wait()
    recording.wait_ms(800)
    return start, recording.length


def assert_apart(rig: Rig, said: tuple[int, int], heard: tuple[int, int]) -> None:
    """What is played to the left and the right microphone is heard by the left and the right ear."""
    first_good(lambda: are_apart(rig, said, heard), bool)


def are_apart(rig: Rig, said: tuple[int, int], heard: tuple[int, int]) -> bool:
    with rig.record() as recording:
        span = play(rig, recording, code(0, PLAYED_S), code(1, PLAYED_S), said)
        played = [recording.wire(rig.microphone(member), *span) for member in said]
        ears = [recording.wire(rig.speaker(member), *span) for member in heard]
    apart = True
    for name, own, other, ear in zip(("left", "right"), played, reversed(played), ears, strict=True):
        followed: Followed = follow(own, ear)
        print(f"{name}: {followed}, {louder_db(followed, other):.0f} dB louder than the other side")
        assert follow(other, ear).coverage() == 0
        apart &= followed.coverage() > MOST and louder_db(followed, other) > APART_DB
    return apart


def test_music_is_heard_left_and_right_apart_and_held_notes_are_not_cut(stage: Stage) -> None:
    rig = stage.room.rig
    assert_apart(rig, (ANNA, ANNAS_RIGHT), (BEN, BENS_RIGHT))
    first_good(lambda: held_dbfs(rig), lambda level_dbfs: level_dbfs > HELD_DBFS)


def held_dbfs(rig: Rig) -> float:
    """Of the third second of a note."""
    notes = tone(LEFT_HZ, PLAYED_S), tone(RIGHT_HZ, PLAYED_S)
    with rig.record() as recording:
        start, _ = play(rig, recording, *notes, (ANNA, ANNAS_RIGHT))
        held = recording.wire(rig.speaker(BEN), start + 2 * 48_000, start + 3 * 48_000)
    return tone_dbfs(held, LEFT_HZ)


def test_a_terminal_and_a_phone_hear_each_other_s_music_left_and_right_apart(stage: Stage) -> None:
    room = stage.room
    stage.ben.open("about:blank")
    room.relay.wait_for_members(1)
    with room.desktop(BEN, "desk", "--music"):
        room.relay.wait_for_members(2)
        assert_apart(room.rig, (ANNA, ANNAS_RIGHT), (BEN, BENS_RIGHT))
        assert_apart(room.rig, (BEN, BENS_RIGHT), (ANNA, ANNAS_RIGHT))


def test_somebody_who_switches_music_off_is_heard_in_the_middle_again(stage: Stage) -> None:
    room, anna = stage.room, stage.anna
    stage.ben.open(room.relay.link + UNPROCESSED).join()
    room.rig.wait_attached(BEN)
    anna.open_experts()
    music = anna.page.get_by_role("switch", name="Music")
    echo = anna.page.get_by_role("switch", name="Remove echo")
    assert not echo.is_enabled()
    music.uncheck()
    assert echo.is_enabled()
    anna.close_sheet()
    room.rig.wait_attached(ANNA)
    both = first_good(lambda: heard_in_the_middle(room.rig), lambda ears: ears.heard() > MOST)
    assert both.left.gain_db == pytest.approx(both.right.gain_db, abs=SAME_DB)


class Ears(NamedTuple):
    left: Followed
    right: Followed

    def heard(self) -> float:
        """Of what was said, in the ear that hears less of it."""
        return min(ear.coverage() for ear in self)

    def __str__(self) -> str:
        return f"left: {self.left}; right: {self.right}"


def heard_in_the_middle(rig: Rig) -> Ears:
    with rig.record() as recording:
        rig.play(rig.microphone(ANNA), code(0, 2 * PLAYED_S)).wait()
        recording.wait_ms(800)
        # Before it, the microphone may still be on its way from stereo to mono.
        middle = recording.length // 2
        wires = [rig.microphone(ANNA), rig.speaker(BEN), rig.speaker(BENS_RIGHT)]
        said, left, right = (recording.wire(wire, middle) for wire in wires)
    return Ears(follow(said, left), follow(said, right))
