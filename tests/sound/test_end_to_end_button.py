"""When and how loud each person is heard, on real sound: the button to talk by, silences, volumes, stalls,
voices as browsers process them. Anna and Ben are on phones, Desk at a desktop."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, NamedTuple

import numpy as np
import pytest
from audio_rig import Recording, Wire
from following import Followed, code, follow
from phone import UNPROCESSED, Phone
from playwright.sync_api import expect
from processes import StreamerProcess
from shared_room import Room, open_room
from sound import SAMPLE_RATE, SENTENCES, hear, level_dbfs, speech, words

pytestmark = [pytest.mark.sound, pytest.mark.browser]

ANNA, BEN, DESK = range(3)
MOST: Final = 0.3
"""Of what is to be heard: a machine in great need loses half of it."""
SILENCE_DBFS: Final = -60

HOLD_MS: Final = 2_000
OPENS_MS: Final = 600
"""From before the press to what the gate lets through by its pre-roll, and from the release until its tail is
over: 40 and 150 ms, and what a device and a busy page take. The gate that closes by itself needs 800 ms
more."""
LONG_MS: Final = 2_500

BURSTS: Final = 4
BURST_S, PAUSE_S = 0.6, 1.6
FIRST_MS: Final = 200

HALF_DB: Final = 12
OFF_DB: Final = 3

STALL_S: Final = 2
LEFT_OF_STALL: Final = 0.25
RETURNS_S: Final = 20


class Home(NamedTuple):
    room: Room
    anna: Phone
    ben: Phone
    desk: StreamerProcess


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    with open_room(tmp_path_factory.mktemp("home")) as room:
        anna, ben = room.phone(ANNA, "Anna"), room.phone(BEN, "Ben")
        with room.desktop(DESK, "Desk") as desk:
            room.relay.wait_for_members(3)
            yield Home(room, anna, ben, desk)
            assert [anna.errors, ben.errors] == [[], []]


@pytest.fixture
def recording(home: Home) -> Iterator[Recording]:
    with home.room.rig.record() as recording:
        yield recording


def again(home: Home, member: int, link: str) -> Phone:
    """Let a phone join anew."""
    phone = (home.anna, home.ben)[member].open(link)
    phone.join()
    home.room.rig.wait_attached(member)
    return phone


def on_the_way(
    home: Home, recording: Recording, listener: int, start: int, latest_ms: float = 2_000
) -> Followed:
    """What this listener heard of Anna from a moment on."""
    wires: list[Wire] = [home.room.rig.microphone(ANNA), home.room.rig.speaker(listener)]
    stop = recording.length
    return follow(*(recording.wire(wire, start, stop) for wire in wires), latest_ms)


def test_somebody_who_is_turned_down_is_so_for_one_listener_alone_and_the_next_time_too(
    home: Home, recording: Recording
) -> None:
    def say() -> tuple[Followed, Followed]:
        recording.wait_ms(1_000)
        start = recording.length
        home.room.rig.play(home.room.rig.microphone(ANNA), code(ANNA, 2)).wait()
        recording.wait_ms(1_000)
        return on_the_way(home, recording, BEN, start), on_the_way(home, recording, DESK, start)

    as_it_came, for_desk = say()
    home.ben.set_volume("Anna", 50)
    turned_down, still_for_desk = say()
    home.ben.mute_for_me("Anna")
    silenced, again_for_desk = say()
    again(home, BEN, home.room.relay.link + UNPROCESSED)
    silenced_again, _ = say()
    home.ben.set_volume("Anna", 100)
    print(f"as it came: {as_it_came}; turned down: {turned_down}; silenced: {silenced}")
    assert as_it_came.gain_db - turned_down.gain_db == pytest.approx(HALF_DB, abs=OFF_DB)
    for heard in (still_for_desk, again_for_desk):
        assert heard.gain_db == pytest.approx(for_desk.gain_db, abs=OFF_DB)
    assert silenced.coverage() == silenced_again.coverage() == 0


@contextmanager
def push_to_talk(phone: Phone) -> Iterator[None]:
    phone.push_to_talk()
    try:
        yield
    finally:
        phone.page.mouse.up()
        phone.push_to_talk(False)


def test_the_button_lets_through_what_is_said_while_it_is_down_and_nothing_else(
    home: Home, recording: Recording
) -> None:
    rig, page = home.room.rig, home.anna.page
    with push_to_talk(home.anna):
        playing = rig.play(rig.microphone(ANNA), code(ANNA, 20))
        recording.wait_for_sound(rig.microphone(ANNA), 5)
        recording.wait_ms(LONG_MS)
        page.locator("#disc").hover()
        pressed = recording.length
        page.mouse.down()
        expect(page.locator("#floor-title")).to_have_text("They hear you")
        opened = recording.length
        recording.wait_ms(HOLD_MS)
        released = recording.length
        page.mouse.up()
        expect(page.locator("#disc")).to_have_text("Hold to talk")
        closed = recording.length
        recording.wait_ms(LONG_MS)
        playing.stop()
    heard = on_the_way(home, recording, BEN, 0)
    spare = OPENS_MS * SAMPLE_RATE // 1000
    print(f"held for {ms(released - opened):.0f} ms; {passage(heard, pressed)}")
    assert heard.coverage(opened, released) > MOST
    assert heard.coverage(0, pressed - spare) == 0
    assert heard.coverage(closed + spare) == 0


def passage(heard: Followed, pressed: int) -> str:
    if not len(heard.said_at):
        return "nothing was heard"
    first, last = (ms(int(place) - pressed) for place in (heard.said_at.min(), heard.said_at.max()))
    return f"heard is what was said {first:.0f} to {last:.0f} ms after the press"


def ms(samples: int) -> float:
    return samples * 1000 / SAMPLE_RATE


def test_after_each_silence_what_is_said_is_heard_from_its_beginning(
    home: Home, recording: Recording
) -> None:
    burst, pause = (
        code(ANNA, BURST_S * BURSTS).reshape(BURSTS, -1),
        np.zeros(int(PAUSE_S * SAMPLE_RATE), np.float32),
    )
    recording.wait_ms(300)
    home.room.rig.play(
        home.room.rig.microphone(ANNA), np.concatenate([np.concatenate((each, pause)) for each in burst])
    ).wait()
    heard = on_the_way(home, recording, BEN, 0)
    whole, first = [], []
    for start in beginnings(heard):
        whole.append(heard.coverage(start, start + int(BURST_S * SAMPLE_RATE)))
        first.append(heard.coverage(start, start + FIRST_MS * SAMPLE_RATE // 1000))
    print(f"of each: {np.round(whole, 2)}, of its first {FIRST_MS} ms: {np.round(first, 2)}")
    assert len(whole) == BURSTS
    assert np.median(whole) > MOST
    assert np.median(first) > MOST


def beginnings(heard: Followed) -> list[int]:
    """Where somebody begins to say something."""
    loud = np.flatnonzero(np.abs(heard.said) > 1e-3)
    return [int(loud[0]), *(int(loud[at + 1]) for at in np.flatnonzero(np.diff(loud) > SAMPLE_RATE // 2))]


def test_after_a_stall_the_delay_comes_back(home: Home, recording: Recording) -> None:
    rig, relay = home.room.rig, home.room.relay
    playing = rig.play(rig.microphone(ANNA), code(ANNA, 10 + STALL_S + RETURNS_S))
    recording.wait_for_sound(rig.speaker(BEN), 5)
    recording.wait_ms(3_000)
    before_ms = on_the_way(home, recording, BEN, 0).delay_ms
    os.kill(relay.pid, signal.SIGSTOP)
    recording.wait_ms(1_000 * STALL_S)
    os.kill(relay.pid, signal.SIGCONT)
    bound_ms = before_ms + LEFT_OF_STALL * STALL_S * 1000
    after_ms = []
    for _ in range(RETURNS_S):
        recording.wait_ms(1_000)
        start = max(0, recording.length - (STALL_S + 2) * SAMPLE_RATE)
        heard = on_the_way(home, recording, BEN, start, 1_000 * (STALL_S + 2))
        last = heard.delays_ms[heard.heard_at > len(heard.heard) - SAMPLE_RATE]
        after_ms.append(float(np.median(last)) if len(last) else float("nan"))
        if len(last) > 10 and after_ms[-1] < bound_ms:
            break
    playing.stop()
    print(f"before {before_ms:.0f} ms, then each second {np.round(after_ms)} ms")
    assert after_ms[-1] < bound_ms


def test_the_voice_that_is_heard_is_the_one_that_speaks_as_browsers_process_it(
    home: Home, recording: Recording
) -> None:
    again(home, ANNA, home.room.relay.link)
    again(home, BEN, home.room.relay.link)
    recording.wait_ms(500)
    start = recording.length
    home.room.rig.play(home.room.rig.microphone(ANNA), speech()).wait()
    recording.wait_ms(1_000)
    for listener in (BEN, DESK):
        wire = recording.wire(home.room.rig.speaker(listener), start)
        likeness = [hear(words(number), wire).likeness for number in range(len(SENTENCES))]
        print(f"like each of the sentences: {np.round(likeness, 2)}")
        assert int(np.argmax(likeness)) == ANNA
    assert level_dbfs(recording.wire(home.room.rig.speaker(ANNA), start)) < SILENCE_DBFS


def test_alone_one_hears_oneself_a_second_later(home: Home, recording: Recording) -> None:
    again(home, ANNA, home.room.relay.echo_link + UNPROCESSED)
    start = recording.length
    home.room.rig.play(home.room.rig.microphone(ANNA), code(ANNA, 4)).wait()
    recording.wait_ms(2_000)
    heard = on_the_way(home, recording, ANNA, start, 4_000)
    print(f"echo: {heard}")
    assert heard.coverage() > MOST
    assert 1_000 < heard.delay_ms < 2_000
    assert on_the_way(home, recording, BEN, start).coverage() == 0
