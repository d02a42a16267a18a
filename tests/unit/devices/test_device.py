"""A device with a real relay: it obeys, says what it does not do, and is heard while its button is down."""

import asyncio
import os
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gateway_fixture import Watcher, until
from relay_fixture import HOST_KEY, KEY, House

from streamer.client import unattended
from streamer.client.audio.samples import silence
from streamer.client.events import Changed, Result
from streamer.device import buttons
from streamer.device.buttons import FileButton, KeyButton
from streamer.device.commands import MAX_OFFERED_CHARACTERS, offers_of
from streamer.device.config import read_config
from streamer.device.device import Device
from streamer.device.programs import MOST_AT_ONCE
from streamer.device.sound import MOST_SOUNDS, Loudspeaker
from streamer.errors import AudioError
from streamer.wire.programs import Outcome

SILENT = '[sound]\ndevice = "none"\n'


@pytest.fixture(autouse=True)
def _soon_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unattended, "LONGEST_WAIT_S", 0.1)
    monkeypatch.setattr(buttons, "AGAIN_S", 0.05)


class Installed:
    """A device that runs, a host who commands it, and what it has logged."""

    def __init__(self, device: Device, host: Watcher, told: list[str]) -> None:
        self.device = device
        self.host = host
        self.told = told

    async def command(self, name: str, arguments: dict[str, Any] | None = None, **options: Any) -> Result:
        return await self.host.room.command(self.host.member("Kitchen"), name, arguments, **options)

    async def until_shown(self, name: str, value: object) -> None:
        await until(
            lambda: (self.host.readings.get("") or {}).get(name) == value, lambda: (name, self.host.readings)
        )


@asynccontextmanager
async def installed(
    house: House, folder: Path, text: str = SILENT, key: str = KEY
) -> AsyncIterator[Installed]:
    path = folder / "device.toml"
    path.write_text(f'link = "{house.url}/#room=home&key={key}"\nname = "Kitchen"\n{text}')
    told: list[str] = []
    device = Device(read_config(path), told.append)
    async with Watcher.open(f"{house.url}/#room=home&key={HOST_KEY}") as host:
        task = asyncio.create_task(device.run())
        try:
            await until(lambda: host.named("Kitchen"), lambda: told)
            yield Installed(device, host, told)
            assert not task.done(), task.exception()
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


async def test_it_obeys_and_shows_what_has_changed(tmp_path: Path) -> None:
    async with House.open() as house, installed(house, tmp_path) as kitchen:
        await kitchen.until_shown("volume", 80)
        assert (await kitchen.command("volume", {"percent": 35})).outcome == "done"
        await kitchen.until_shown("volume", 35)
        assert (await kitchen.command("listen", {"on": False})).outcome == "done"
        await kitchen.until_shown("listening", False)
        assert (await kitchen.command("mute")).outcome == "done"
        await kitchen.until_shown("muted", True)
        await until(lambda: kitchen.host.member("Kitchen").muted)
        assert (await kitchen.command("mute", {"on": False})).outcome == "done"
        await kitchen.until_shown("muted", False)


@pytest.mark.parametrize(
    ("name", "arguments", "outcome", "words"),
    [
        ("dance", {}, "unknown", "There is no command of this name; there are mute, volume, play, listen"),
        ("volume", {}, "refused", '"percent" is a number from 0 to 100'),
        ("volume", {"percent": 101}, "refused", '"percent" is a number'),
        ("volume", {"percent": True}, "refused", '"percent" is a number'),
        ("volume", {"percent": "50"}, "refused", '"percent" is a number'),
        ("volume", {"percent": 5, "fade": 1}, "refused", "volume has no argument 'fade'"),
        ("mute", {"on": "yes"}, "refused", '"on" is true or false'),
        ("listen", {"on": None}, "refused", '"on" is true or false'),
        ("play", {}, "refused", "no such sound; it has none"),
        ("play", {"sound": ["ring"]}, "refused", "no such sound"),
    ],
)
async def test_what_it_does_not_do_it_says_in_words(
    tmp_path: Path, name: str, arguments: dict[str, Any], outcome: Outcome, words: str
) -> None:
    async with House.open() as house, installed(house, tmp_path) as kitchen:
        result = await kitchen.command(name, arguments)
        assert result.outcome == outcome
        assert words in result.message


async def test_a_guest_without_the_right_commands_nobody(tmp_path: Path) -> None:
    async with House.open() as house, installed(house, tmp_path) as kitchen:
        guest = await house.enter()
        talker_id = kitchen.host.member("Kitchen").talker_id
        await guest.socket.send_json(
            {"type": "command", "id": 1, "talker_id": talker_id, "device": "", "name": "volume",
             "arguments": {"percent": 0}, "deadline_ms": 1_000}
        )  # fmt: skip
        assert (await guest.text("error"))["code"] == "no-right"
        assert (await kitchen.command("listen")).outcome == "done"
        await kitchen.until_shown("volume", 80)


async def test_it_reports_what_it_can_be_told(tmp_path: Path) -> None:
    async with (
        House.open() as house,
        installed(house, tmp_path, SILENT + '[commands]\nopen = ["true"]\n') as kitchen,
    ):
        await kitchen.until_shown("commands", "mute, volume, listen, open")
        await kitchen.until_shown("sounds", "")


def test_only_whole_names_that_can_be_told_apart_are_reported_however_many_there_are() -> None:
    names = ["ring", "two, three", *(f"{number:060d}" for number in range(64))]
    offered = offers_of(names, [])
    assert offered["commands"] == "mute, volume, play, listen"
    sounds = str(offered["sounds"])
    assert len(sounds) <= MAX_OFFERED_CHARACTERS
    assert sounds.split(", ") == [name for name in names if "," not in name][: len(sounds.split(", "))]


# ---- programs


async def test_a_command_of_the_configuration_starts_its_program_with_the_arguments_on_standard_input(
    tmp_path: Path,
) -> None:
    text = SILENT + '[commands]\nopen = ["/bin/sh", "-c", "cat > given; echo opened"]\n'
    text = text.replace("given", str(tmp_path / "given"))
    async with House.open() as house, installed(house, tmp_path, text) as kitchen:
        result = await kitchen.command("open", {"door": "$(reboot)"}, deadline_s=20)
        assert (result.outcome, result.message) == ("done", "opened")
        assert (tmp_path / "given").read_text() == '{"arguments": {"door": "$(reboot)"}, "sender": "Host"}'


@pytest.mark.parametrize(
    ("program", "words"),
    [
        ('["/bin/sh", "-c", "echo The gate is stuck >&2; exit 3"]', "The gate is stuck"),
        ('["/bin/false"]', "/bin/false failed with exit status 1"),
        ('["/no/such/program"]', "/no/such/program can't be started: No such file or directory"),
        ('["/bin/sh", "-c", "head -c 9000000 /dev/zero; exit 1"]', ""),
    ],
)
async def test_a_program_that_fails_is_a_refusal_with_its_last_words(
    tmp_path: Path, program: str, words: str
) -> None:
    text = SILENT + f"[commands]\nopen = {program}\n"
    async with House.open() as house, installed(house, tmp_path, text) as kitchen:
        result = await kitchen.command("open", deadline_s=20)
        assert result.outcome == "refused"
        assert words in result.message


async def test_a_program_that_hangs_is_ended_and_holds_up_no_other_command(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    text = SILENT + f'[commands]\nhang = ["/bin/sh", "-c", "echo $$ >> {pid}; sleep 1000"]\n'
    async with House.open() as house, installed(house, tmp_path, text) as kitchen:
        hanging = [asyncio.create_task(kitchen.command("hang", deadline_s=4)) for _ in range(MOST_AT_ONCE)]
        await until(lambda: pid.exists() and len(pid.read_text().split()) == MOST_AT_ONCE)
        assert (await kitchen.command("listen")).outcome == "done"
        assert "at work already" in (await kitchen.command("hang")).message
        assert {(await task).outcome for task in hanging} <= {"refused", "timed-out"}
        await until(lambda: not any(Path(f"/proc/{number}").exists() for number in pid.read_text().split()))


# ---- readings


async def test_readings_come_from_files_and_one_that_is_missing_is_unknown(tmp_path: Path) -> None:
    (tmp_path / "temperature").write_text("21.5\nmore\n")
    text = SILENT + '[telemetry]\nevery_s = 1\n[telemetry.files]\nt = "temperature"\nmissing = "nowhere"\n'
    async with House.open() as house, installed(house, tmp_path, text) as kitchen:
        await kitchen.until_shown("t", 21.5)
        assert kitchen.host.readings[""]["missing"] is None
        (tmp_path / "temperature").write_text("closed")
        await kitchen.until_shown("t", "closed")
        assert sum("A reading is unknown" in line for line in kitchen.told) == 1


async def test_a_reading_that_is_a_pipe_nobody_writes_holds_up_nothing(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "level").write_text("7")
    text = SILENT + '[telemetry.files]\npipe = "pipe"\nlevel = "level"\n'
    async with House.open() as house, installed(house, tmp_path, text) as it:
        await it.until_shown("level", 7)
        assert (await it.command("mute", {"on": True})).outcome == "done"


async def test_more_readings_than_a_relay_takes_are_said_and_its_own_state_is_still_told(
    tmp_path: Path,
) -> None:
    async with House.open() as house, installed(house, tmp_path) as kitchen:
        for number in range(100):
            kitchen.device._on_line(f"reading {number}={'x' * 1_000}")
        await until(
            lambda: any("The readings can't be told" in line for line in kitchen.told), lambda: kitchen.told
        )
        assert (await kitchen.command("volume", {"percent": 7})).outcome == "done"
        await kitchen.until_shown("volume", 7)


# ---- push to talk

PUSHES = '[sound]\ndevice = "no such sound card"\n' + '[talk]\nby = "file"\nfile = "button"\n'


async def test_it_is_heard_only_while_the_file_says_that_the_button_is_down(tmp_path: Path) -> None:
    button = tmp_path / "button"
    button.write_text("0\n")
    async with House.open() as house, installed(house, tmp_path, PUSHES) as kitchen:
        for content, pressed in (("0", False), ("1\n", True), ("0", False), (" 1 ", True)):
            button.write_text(content)
            await kitchen.until_shown("button", pressed)
            await until(lambda pressed=pressed: kitchen.host.member("Kitchen").muted is not pressed)
        button.unlink()
        await kitchen.until_shown("button", None)
        await until(lambda: kitchen.host.member("Kitchen").muted)


async def test_a_device_that_was_muted_stays_so_whatever_its_button_does(tmp_path: Path) -> None:
    button = tmp_path / "button"
    button.write_text("0")
    async with House.open() as house, installed(house, tmp_path, PUSHES) as kitchen:
        await kitchen.command("mute")
        button.write_text("1")
        await kitchen.until_shown("button", True)
        assert kitchen.host.member("Kitchen").muted
        changes = len([event for event in kitchen.host.of(Changed) if not event.member.muted])
        await kitchen.command("mute", {"on": False})
        await until(lambda: not kitchen.host.member("Kitchen").muted)
        assert len([event for event in kitchen.host.of(Changed) if not event.member.muted]) == changes + 1


async def test_lines_press_and_release(tmp_path: Path) -> None:
    text = SILENT + '[talk]\nby = "lines"\n'
    async with House.open() as house, installed(house, tmp_path, text) as kitchen:
        said = [("talk", True), ("quiet", False), ("", True), ("", False), ("1", True), ("nonsense", True)]
        for line, pressed in said:
            kitchen.device._on_line(line)
            await kitchen.until_shown("button", pressed)
        kitchen.device._on_line("load = 0.5")
        await kitchen.until_shown("load", 0.5)


class Presses:
    def __init__(self) -> None:
        self.all: list[bool | None] = []
        self.told: list[str] = []

    async def run(self, work: Any, condition: Callable[[], object]) -> None:
        task = asyncio.create_task(work)
        await until(condition, lambda: (self.all, self.told))
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def key_event(kind: int, code: int, value: int) -> bytes:
    return struct.pack("llHHi", 1, 2, kind, code, value)


async def test_a_key_is_followed_byte_by_byte_and_others_are_not(tmp_path: Path) -> None:
    """A named pipe gives the bytes that Linux gives from a keyboard."""
    path = tmp_path / "event0"
    os.mkfifo(path)
    presses = Presses()
    reading = asyncio.create_task(KeyButton(path, 57, presses.all.append, presses.told.append).run())
    await until(lambda: presses.all == [None, False])
    keyboard = os.open(path, os.O_WRONLY)
    events = [
        key_event(1, 30, 1),
        key_event(4, 57, 1),
        key_event(1, 57, 1),
        key_event(1, 57, 2),
        key_event(1, 57, 0),
    ]
    for number in b"".join(events):
        os.write(keyboard, bytes([number]))
    await until(lambda: presses.all == [None, False, True, True, False], lambda: presses.all)
    os.close(keyboard)
    await until(lambda: presses.all[5:6] == [None])
    reading.cancel()


async def test_a_keyboard_that_is_missing_is_looked_for_again(tmp_path: Path) -> None:
    path = tmp_path / "event0"
    presses = Presses()
    reading = asyncio.create_task(KeyButton(path, 57, presses.all.append, presses.told.append).run())
    await until(lambda: presses.told)
    os.mkfifo(path)
    await until(lambda: presses.all[-1] is False)
    assert presses.told == [f"The key is unknown: {path}: No such file or directory"]
    reading.cancel()


@pytest.mark.parametrize("kind", ["directory", "fifo", "nothing"])
async def test_what_is_no_file_of_a_button_is_unknown_and_does_not_stop_anything(
    tmp_path: Path, kind: str
) -> None:
    path = tmp_path / "button"
    if kind == "directory":
        path.mkdir()
    elif kind == "fifo":
        os.mkfifo(path)
    presses = Presses()
    work = FileButton(path, "1", presses.all.append, presses.told.append).run()
    await presses.run(work, lambda: presses.all)
    assert True not in presses.all


# ---- sound


def test_the_loudspeaker_plays_its_own_sounds_over_each_other_at_its_volume() -> None:
    loudspeaker = Loudspeaker(50, listens=True)
    loudspeaker.play(np.full(15, 0.2, np.float32))
    first = loudspeaker.pop(10, 0.0)
    loudspeaker.play(np.full(10, 0.4, np.float32))
    second = loudspeaker.pop(10, 0.01)
    np.testing.assert_allclose(first, 0.1, atol=1e-6)
    np.testing.assert_allclose(second, [0.3] * 5 + [0.2] * 5, atol=1e-6)
    np.testing.assert_array_equal(loudspeaker.pop(10, 0.02), silence(10))
    loudspeaker.volume = 0
    loudspeaker.play(np.full(10, 0.4, np.float32))
    np.testing.assert_array_equal(loudspeaker.pop(10, 0.03), silence(10))


def test_so_many_sounds_are_played_at_once_and_no_more() -> None:
    loudspeaker = Loudspeaker(100, listens=True)
    sound = silence(4_800)
    assert [loudspeaker.play(sound) for _ in range(MOST_SOUNDS + 1)] == [True] * MOST_SOUNDS + [False]
    loudspeaker.pop(4_800, 0.0)
    assert loudspeaker.play(sound)


def test_a_sound_that_can_not_be_played_is_said_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "ring.wav").write_bytes(b"no sound")
    for file in ("ring.wav", "missing.wav"):
        path = tmp_path / "device.toml"
        path.write_text(f'link = "http://x/#room=a"\n[sounds]\nring = "{file}"\n')
        with pytest.raises(AudioError, match=file):
            Device(read_config(path), print)


async def test_a_device_whose_sound_card_is_missing_stays_and_obeys_and_says_so(tmp_path: Path) -> None:
    text = '[sound]\ndevice = "no such sound card"\n'
    async with House.open() as house, installed(house, tmp_path, text) as kitchen:
        await kitchen.until_shown("loudspeaker", False)
        assert kitchen.host.readings[""]["microphone"] is False
        assert (await kitchen.command("listen", {"on": False})).outcome == "done"
        assert any("There is no loudspeaker" in line for line in kitchen.told)
        assert any("There is no microphone" in line for line in kitchen.told)
