"""Music, in stereo: what is played on the left is heard on the left, through real browsers and on real sound."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from phone import UNPROCESSED, Phone, Phones
from processes import RelayProcess, StreamerProcess
from rig import Rig
from sound import Samples, level_dbfs, speech, tone, tone_dbfs

pytestmark = [pytest.mark.sound, pytest.mark.browser]

ANNA, BEN, ANNAS_RIGHT, BENS_RIGHT = range(4)
LEFT_HZ, RIGHT_HZ = 440, 660
APART_DB = 30
"""Both stay far below it, but on a busy machine a note is stretched in places, which spreads its own pitch a little."""

PLAYED_S = 4
LAST_MS = 1_500
"""A howl would be cut by then."""


@pytest.fixture
def rig() -> Iterator[Rig]:
    with Rig(members=4) as rig:
        rig.widen(ANNA, ANNAS_RIGHT)
        rig.widen(BEN, BENS_RIGHT)
        yield rig


def a_phone(phones: Phones, rig: Rig, relay: RelayProcess, member: int, options: str) -> Phone:
    phone = phones.start(rig, member, relay.authority).open(relay.link + options).join()
    rig.wait_attached(member)
    return phone


def notes(left: int, right: int) -> dict[int, Samples]:
    return {left: tone(LEFT_HZ, PLAYED_S), right: tone(RIGHT_HZ, PLAYED_S)}


def heard_of(rig: Rig, played: dict[int, Samples], left: int, right: int) -> tuple[Samples, Samples]:
    """By a left and a right ear, at the end of what is played to some microphones."""
    with rig.record() as recording:
        playing = [rig.play(rig.microphone(member), samples) for member, samples in played.items()]
        recording.wait_ms(PLAYED_S * 1_000)
        stop = recording.length
        start = stop - LAST_MS * 48
        ears = recording.wire(rig.speaker(left), start, stop), recording.wire(rig.speaker(right), start, stop)
    for playback in playing:
        playback.stop()
    return ears


def assert_apart(left: Samples, right: Samples) -> None:
    found = [[tone_dbfs(ear, hertz) for hertz in (LEFT_HZ, RIGHT_HZ)] for ear in (left, right)]
    print("  ".join(f"{name} {here:.0f} and {there:.0f} dBFS" for name, (here, there) in zip("LR", found, strict=True)))
    assert min(found[0][0], found[1][1]) > -25
    assert found[0][0] - found[0][1] > APART_DB
    assert found[1][1] - found[1][0] > APART_DB


def test_notes_held_before_a_phone_are_heard_left_and_right_apart_and_not_cut(
    rig: Rig, relay: RelayProcess, phones: Phones
) -> None:
    a_phone(phones, rig, relay, ANNA, "&music=on")
    a_phone(phones, rig, relay, BEN, UNPROCESSED)
    assert_apart(*heard_of(rig, notes(ANNA, ANNAS_RIGHT), BEN, BENS_RIGHT))
    assert not [phone.errors for phone in phones.all if phone.errors]


def test_who_switches_music_off_is_heard_in_the_middle_again(rig: Rig, relay: RelayProcess, phones: Phones) -> None:
    anna = a_phone(phones, rig, relay, ANNA, UNPROCESSED)
    a_phone(phones, rig, relay, BEN, UNPROCESSED)
    anna.page.get_by_text("Settings", exact=True).click()
    music = anna.page.get_by_role("switch", name="Music")
    echo = anna.page.get_by_role("switch", name="Remove echo")
    music.check()
    assert not echo.is_enabled()
    assert_apart(*heard_of(rig, notes(ANNA, ANNAS_RIGHT), BEN, BENS_RIGHT))
    music.uncheck()
    assert echo.is_enabled()
    left, right = heard_of(rig, {ANNA: speech()}, BEN, BENS_RIGHT)
    assert level_dbfs(left) > -40
    assert level_dbfs(left - right) < level_dbfs(left) - APART_DB
    assert not [phone.errors for phone in phones.all if phone.errors]


def test_a_terminal_and_a_phone_hear_each_other_s_music_left_and_right_apart(
    rig: Rig, relay: RelayProcess, phones: Phones, tmp_path: Path
) -> None:
    phone = a_phone(phones, rig, relay, ANNA, "&music=on")
    arguments = ("talk", relay.link, "--ca", relay.authority, "--music")
    with StreamerProcess(tmp_path / "desk", *arguments, environment=rig.environment(BEN)) as process:
        rig.attach(process.pid, BEN)
        rig.wait_attached(BEN)
        relay.wait_for_members(2)
        assert_apart(*heard_of(rig, notes(ANNA, ANNAS_RIGHT), BEN, BENS_RIGHT))
        assert_apart(*heard_of(rig, notes(BEN, BENS_RIGHT), ANNA, ANNAS_RIGHT))
    assert not phone.errors
