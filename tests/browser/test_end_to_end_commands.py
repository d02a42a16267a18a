"""Who may tells a device from its sheet what to do, and sees what became of it; a guest has no such
controls."""

import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from audio_rig import Rig
from device_fixture import DeviceProcess, make_token
from phone import Phone, Phones
from playwright.sync_api import expect
from processes import RelayProcess
from screenshots import check_looks
from test_end_to_end_design import look
from test_end_to_end_steady import steady

pytestmark = pytest.mark.browser

CONFIG: Final = """ca = "{ca}"
[sound]
device = "none"
[sounds]
ring = "ring.wav"
[commands]
open = ["/bin/true"]
shut = ["/bin/sh", "-c", "echo The gate is blocked; exit 1"]
wait = ["/bin/sleep", "600"]
[telemetry.files]
commands = "commands.txt"
"""
OFFERED: Final = "mute, volume, play, listen, open, shut, wait, dance"
"""As a device says that is newer than its program: it has no `dance`."""


@pytest.fixture
def kitchen(relay: RelayProcess, tmp_path: Path) -> Iterator[DeviceProcess]:
    home = tmp_path / "kitchen"
    home.mkdir()
    (home / "commands.txt").write_text(OFFERED)
    with wave.open(str(home / "ring.wav"), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(48_000)
        sound.writeframes(bytes(9_600))
    with DeviceProcess(home, relay.link, "Kitchen", CONFIG.format(ca=relay.authority)) as device:
        yield device


def reading(phone: Phone, name: str, value: str) -> None:
    row = phone.page.locator("#telemetry dt", has_text=name).locator("xpath=following-sibling::dd[1]")
    expect(row).to_have_text(value)


def test_a_host_tells_a_device_what_to_do_and_sees_what_became_of_it(
    rig: Rig, relay: RelayProcess, phones: Phones, kitchen: DeviceProcess
) -> None:
    host = phones.start(rig, 0, relay.authority).open(relay.host_link).join("Host")
    host.open_person("Kitchen")
    page, outcome = host.page, host.page.locator("#command-outcome")
    page.locator("#commands").wait_for()
    look(host, "commands")
    check_looks(page, "a device's commands", "#person")
    page.get_by_role("switch", name="Muted").check()
    expect(outcome).to_have_text("mute: done")
    reading(host, "muted", "true")
    expect(page.get_by_role("switch", name="Muted")).to_be_checked()
    page.get_by_role("switch", name="Plays what is said here").uncheck()
    expect(outcome).to_have_text("listen: done")
    reading(host, "listening", "false")
    page.get_by_label("Its loudspeaker").fill("35")
    expect(outcome).to_have_text("volume: done")
    reading(host, "volume", "35")
    expect(page.get_by_label("Its loudspeaker")).to_have_value("35")
    for button, told, reason in (
        ("open", "open: done", ""),
        ("shut", "shut: refused", "The gate is blocked"),
        ("Play “ring”", "play: refused", "no loudspeaker"),
        ("dance", "dance: the device does not know this command", "no command of this name"),
    ):
        host.press(button)
        expect(outcome).to_have_text(told)
        if reason:
            expect(page.locator(".toast", has_text=reason)).to_be_visible()
    with steady(page, "an answer comes"):
        page.get_by_role("button", name="wait").evaluate("button => button.click()")
        expect(outcome).to_have_text("wait: no answer in time. It may or may not have been done.")
    look(host, "commands-answered")
    check_looks(page, "a command that timed out", "#person")
    assert host.errors == []


def test_a_guest_has_no_controls_of_a_device_and_who_holds_the_right_has_them(
    rig: Rig, relay: RelayProcess, phones: Phones, kitchen: DeviceProcess
) -> None:
    guest = phones.start(rig, 0, relay.authority).open(relay.link).join("Guest")
    guest.open_person("Kitchen")
    reading(guest, "muted", "false")
    expect(guest.page.locator("#commands")).to_be_hidden()
    expect(guest.page.locator("#telemetry dt", has_text="commands")).to_have_count(0)
    token = make_token(relay.home / "streamer", "speak", "command")
    porter = (
        phones.start(rig, 1, relay.authority).open(f"{relay.origin}/#room=home&token={token}").join("Porter")
    )
    porter.open_person("Kitchen")
    porter.press("open")
    expect(porter.page.locator("#command-outcome")).to_have_text("open: done")
    reading(guest, "muted", "false")
    assert guest.errors == porter.errors == []
