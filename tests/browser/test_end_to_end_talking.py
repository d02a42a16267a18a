"""The button to talk by: a finger, a key, a headset; `test_end_to_end_button.py` hears what it lets
through."""

import subprocess
from collections.abc import Iterator
from contextlib import suppress

import pytest
from audio_rig import Rig, stop, wait_until
from phone import PATIENCE_MS, Phone, Phones, anna_and_ben
from playwright.sync_api import expect
from processes import RelayProcess

pytestmark = pytest.mark.browser

HELD_MS = 1_000


def test_a_tap_keeps_the_way_open_and_the_space_bar_holds_it_whatever_was_clicked_before(
    rig: Rig, relay: RelayProcess, phones: Phones
) -> None:
    anna, _ = anna_and_ben(phones, rig, relay)
    anna.push_to_talk()
    anna.page.keyboard.down("Space")
    anna.page.wait_for_timeout(HELD_MS)
    assert title(anna) == "They hear you"
    anna.page.keyboard.up("Space")
    assert label(anna) == "Hold to talk"
    anna.page.locator("#disc").tap()
    expect(anna.page.locator("#floor-words")).to_have_text("Tap to stop")
    anna.page.locator("#disc").tap()
    assert label(anna) == "Hold to talk"
    assert anna.errors == []


def label(phone: Phone) -> str:
    return phone.page.locator("#disc").inner_text()


def title(phone: Phone) -> str:
    return phone.page.locator("#floor-title").inner_text()


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
    return subprocess.run(
        command, capture_output=True, text=True, timeout=PATIENCE_MS / 1000, check=True
    ).stdout


def player_of(phone: Phone, bus: str) -> str | None:
    """Every browser that plays something is on the bus, under the number of its process."""
    names = on_bus(bus, "org.freedesktop.DBus", "/", "org.freedesktop.DBus.ListNames").split('"')
    mine = f"org.mpris.MediaPlayer2.chromium.instance{phone.pid}"
    return mine if mine in names else None


def press_until_it_says(bus: str, headset: str, phone: Phone, expected: str) -> None:
    """The bus takes a press before the browser does: that one is lost."""
    title = phone.page.locator("#floor-title")
    for _ in range(3):
        on_bus(bus, headset, "/org/mpris/MediaPlayer2", "org.mpris.MediaPlayer2.Player.PlayPause")
        with suppress(AssertionError):
            expect(title).to_have_text(expected, timeout=PATIENCE_MS / 3)
            return
    expect(title).to_have_text(expected)


@pytest.mark.own_browser
def test_the_button_of_a_headset_opens_the_way_and_closes_it(
    desktop_bus: str, rig: Rig, relay: RelayProcess, phones: Phones
) -> None:
    anna, _ = anna_and_ben(phones, rig, relay)
    anna.push_to_talk()
    complaint = "the browser plays nothing that can be paused"
    headset = wait_until(lambda: player_of(anna, desktop_bus), PATIENCE_MS / 1000, lambda: complaint)
    for expected in ("They hear you", "It’s quiet"):
        press_until_it_says(desktop_bus, headset, anna, expected)
