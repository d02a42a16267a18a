"""Who is heard, from when on, and how loud: the button to talk by, and each talker's volume, on real sound."""

import subprocess
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pytest
from phone import PATIENCE_MS, UNPROCESSED, Phone, Phones, a_phone, anna_and_ben
from processes import RelayProcess
from rig import Recording, Rig, stop, wait_until
from sound import (
    ALIKE_AMONG_OTHERS,
    EXCERPT,
    SAMPLE_RATE,
    Samples,
    chirp_delays_ms,
    chirps,
    hear,
    level_dbfs,
    noise,
    when_said,
    words,
)

pytestmark = pytest.mark.browser

ANNA, BEN, CARLA = range(3)
SILENCE_DBFS = -60
AUDIBLE = 0.01
HELD_MS = 1_000
LATEST_MS = 500
PREROLL_MS = 40
FIRST_MS = 20
TAIL_MS = 150
DEVICE_MS = 80
"""From the wire into the page, and from a press of the test to the page's own clock."""


def ms(samples: int) -> float:
    return samples * 1000 / SAMPLE_RATE


def press_to_talk(phone: Phone) -> None:
    phone.page.locator("#settings > summary").click()
    phone.page.get_by_label("Push to talk").click()


class Passage(NamedTuple):
    """Which part of what was on the microphone's wire was heard, against when the button was pressed."""

    begins_ms: float
    """Before the press where negative."""
    ends_ms: float
    """After the release."""


def hold_the_button(rig: Rig, phone: Phone) -> Passage:
    with rig.record() as recording:
        playing = rig.play(rig.microphone(ANNA), noise(4))
        recording.wait_for_sound(rig.microphone(ANNA), 5)
        recording.wait_ms(1_000)
        pressed = recording.length
        phone.page.locator("#talk").hover()
        phone.page.mouse.down()
        recording.wait_ms(HELD_MS)
        released = recording.length
        phone.page.mouse.up()
        playing.wait()
        recording.wait_ms(500)
        said, heard = recording.wire(rig.microphone(ANNA)), recording.wire(rig.speaker(BEN))
    audible = np.flatnonzero(np.abs(heard) > AUDIBLE)
    moments = [when_said(said, heard, position, LATEST_MS) for position in range(audible[0], audible[-1], EXCERPT)]
    known = [moment for moment in moments if moment is not None]
    return Passage(ms(known[0] - pressed), ms(known[-1] + EXCERPT - released))


@pytest.mark.sound
def test_the_button_lets_through_what_is_said_from_the_press_on_and_nothing_from_long_before(
    rig: Rig, relay: RelayProcess, phones: Phones
) -> None:
    anna, _ = anna_and_ben(phones, rig, relay)
    press_to_talk(anna)
    passage = hold_the_button(rig, anna)
    print(f"heard from {passage.begins_ms:.0f} ms after the press to {passage.ends_ms:.0f} ms after the release")
    assert -PREROLL_MS - DEVICE_MS <= passage.begins_ms <= FIRST_MS
    assert 0 <= passage.ends_ms <= TAIL_MS + DEVICE_MS


def test_a_tap_keeps_the_way_open_and_the_space_bar_holds_it_whatever_was_clicked_before(
    rig: Rig, relay: RelayProcess, phones: Phones
) -> None:
    anna = a_phone(phones, rig, relay, ANNA, "Anna")
    press_to_talk(anna)
    anna.page.keyboard.down("Space")
    anna.page.wait_for_timeout(HELD_MS)
    assert label(anna) == "They hear you"
    anna.page.keyboard.up("Space")
    assert label(anna) == "Hold to talk"
    for expected in ("They hear you: tap to stop", "Hold to talk"):
        anna.page.locator("#talk").tap()
        assert label(anna) == expected
    assert anna.errors == []


def label(phone: Phone) -> str:
    return phone.page.locator("#talk").inner_text()


@pytest.fixture
def desktop_bus(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Where a browser tells a Linux desktop what it plays, and hears of buttons that play and pause.

    A browser whose bus ends ends too, at some moment: a test asks for the bus before it asks for phones.
    """
    command = ["dbus-daemon", "--session", "--nofork", "--print-address"]
    bus = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        assert bus.stdout is not None
        address = bus.stdout.readline().strip()
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", address)
        yield address
    finally:
        stop(bus)


def on_bus(bus: str, service: str, path: str, method: str) -> str:
    command = ["dbus-send", f"--bus={bus}", "--print-reply", f"--dest={service}", path, method]
    return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_MS / 1000, check=True).stdout


def player(bus: str) -> str | None:
    names = on_bus(bus, "org.freedesktop.DBus", "/", "org.freedesktop.DBus.ListNames").split('"')
    return next((name for name in names if name.startswith("org.mpris.MediaPlayer2.")), None)


@pytest.mark.own_browser
def test_the_button_of_a_headset_opens_the_way_and_closes_it(
    desktop_bus: str, rig: Rig, relay: RelayProcess, phones: Phones
) -> None:
    anna = a_phone(phones, rig, relay, ANNA, "Anna")
    press_to_talk(anna)
    complaint = "the browser plays nothing that can be paused"
    headset = wait_until(lambda: player(desktop_bus), PATIENCE_MS / 1000, lambda: complaint)
    for expected in ("They hear you: tap to stop", "Hold to talk"):
        on_bus(desktop_bus, headset, "/org/mpris/MediaPlayer2", "org.mpris.MediaPlayer2.Player.PlayPause")
        anna.page.get_by_role("button", name=expected).wait_for()


@pytest.mark.sound
def test_after_a_long_silence_the_first_sound_is_heard_whole_and_in_time(
    rig: Rig, relay: RelayProcess, phones: Phones
) -> None:
    anna_and_ben(phones, rig, relay)
    with rig.record() as recording:
        recording.wait_ms(300)
        rig.play(rig.microphone(ANNA), chirps(4, every_ms=3_000)).wait()
        recording.wait_ms(500)
        wires = recording.wire(rig.microphone(ANNA)), recording.wire(rig.speaker(BEN))
    delays = chirp_delays_ms(*wires, latest_ms=500)
    print(f"after 3 s of silence: {[round(delay) for delay in delays]} ms")
    assert len(delays) >= 3


def say(rig: Rig, recording: Recording) -> tuple[Samples, Samples]:
    """Let Anna speak; gives what Ben and Carla hear."""
    start = recording.length
    rig.play(rig.microphone(ANNA), words()).wait()
    recording.wait_ms(800)
    ben, carla = (recording.wire(rig.speaker(member), start) for member in (BEN, CARLA))
    return ben, carla


@pytest.mark.sound
def test_who_is_turned_down_is_so_for_one_listener_alone_and_the_next_time_too(
    rig: Rig, relay: RelayProcess, phones: Phones
) -> None:
    _, ben = anna_and_ben(phones, rig, relay)
    a_phone(phones, rig, relay, CARLA, "Carla")
    with rig.record() as recording:
        ben.page.get_by_label("How loud Anna is for you").fill("50")
        turned_down, as_it_came = say(rig, recording)
        ben.page.get_by_label("Silence Anna for you alone").click()
        silenced, still_as_it_came = say(rig, recording)
        ben.open(relay.link + UNPROCESSED).join()
        recording.wait_ms(1_000)
        silenced_again, _ = say(rig, recording)
    difference = level_dbfs(as_it_came) - level_dbfs(turned_down)
    print(f"at half the volume {difference:.1f} dB softer")
    assert difference == pytest.approx(12, abs=1.5)
    assert hear(words(), turned_down).likeness > ALIKE_AMONG_OTHERS
    assert hear(words(), still_as_it_came).likeness > ALIKE_AMONG_OTHERS
    assert level_dbfs(silenced) < SILENCE_DBFS
    assert level_dbfs(silenced_again) < SILENCE_DBFS
