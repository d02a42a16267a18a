"""The button to talk by: a finger, a key, a headset; `test_end_to_end_button.py` hears what it lets through."""

import subprocess
from collections.abc import Iterator

import pytest
from audio_rig import Rig, stop, wait_until
from phone import PATIENCE_MS, Phone, Phones, a_phone
from processes import RelayProcess

pytestmark = pytest.mark.browser

ANNA = 0
HELD_MS = 1_000


def press_to_talk(phone: Phone) -> None:
    phone.page.locator("#settings > summary").click()
    phone.page.get_by_label("Push to talk").click()


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
