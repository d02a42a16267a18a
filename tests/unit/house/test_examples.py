"""The complete examples: a door, and a dispatcher's board with its vehicles, as programs against a real
relay."""

import asyncio
from pathlib import Path

import numpy as np
from gateway_fixture import Watcher, until
from relay_fixture import HOST_KEY, House
from sound import tone
from test_python_document import EXAMPLES, assert_tone, running

from streamer.client.audio.wav_files import FileReader
from streamer.client.events import Notice, Talking

PATIENCE_S = 30


def link_to(house: House) -> str:
    return f"{house.url}/#room=home&key={HOST_KEY}"


async def line_of(process: asyncio.subprocess.Process, wanted: str) -> None:
    """The next line that holds `wanted`; others before it are passed over."""
    assert process.stdout
    async with asyncio.timeout(PATIENCE_S):
        while wanted not in (line := (await process.stdout.readline()).decode()):
            assert line, f"it ended without {wanted!r}"


async def type_line(process: asyncio.subprocess.Process, line: str) -> None:
    assert process.stdin
    process.stdin.write(f"{line}\n".encode())
    await process.stdin.drain()


async def test_a_door_rings_is_answered_by_voice_and_opens(tmp_path: Path) -> None:
    heard = tmp_path / "heard.wav"
    async with (
        House.open() as house, Watcher.open(link_to(house), "Ada") as ada,
        running(EXAMPLES / "door_station.py", link_to(house), heard) as door,
    ):
        await line_of(door, "Press Enter to ring in home")
        await type_line(door, "")
        await until(lambda: ada.of(Notice) and any(talking.on for talking in ada.of(Talking)))
        [notice] = ada.of(Notice)
        assert (notice.name, notice.sound, notice.actions) == ("Door", True, ("Open", "Not now"))
        await ada.room.say(tone(440, 1))
        result = await ada.room.command(ada.member("Door"), "open", deadline_s=20)
        assert (result.outcome, result.message) == ("done", "The door is open")
        await until(lambda: ada.readings.get("") == {"open": True})
        await until(lambda: ada.readings.get("") == {"open": False})
        assert (await ada.room.command(ada.member("Door"), "jump")).outcome == "unknown"
        ada.room.reply(notice, "Open")
        await line_of(door, "Ada opens")
        await until(lambda: ada.readings.get("") == {"open": True})
        assert door.stdin
        door.stdin.close()
        assert await asyncio.wait_for(door.wait(), PATIENCE_S) == 0
    reader = FileReader(heard)
    samples = reader.read(0, reader.n_samples or 0)
    [loud] = np.nonzero(np.abs(samples) > 0.05)
    assert_tone(samples[loud[0] : loud[-1]], 440)


async def test_a_dispatcher_sees_all_vehicles_calls_one_and_calls_all() -> None:
    async with House.open() as house:
        link = link_to(house)
        async with (
            running(EXAMPLES / "dispatcher.py", link) as board,
            running(EXAMPLES / "dispatcher.py", link, "Car 1") as first,
            running(EXAMPLES / "dispatcher.py", link, "Car 2") as second,
            Watcher.open(link, "Ada") as ada,
        ):
            await line_of(board, "The board of home is open")
            await until(lambda: ada.named("Car 1") and ada.named("Car 2"))
            await board_shows(board, "Car 1: lat 48.", "Car 2: lat 48.")
            await type_line(board, "call 1 without a name")
            await line_of(board, "1 is not here")
            await type_line(board, "all Come home")
            for car in (first, second):
                await line_of(car, "To all: Come home")
            await line_of(board, "answers: Understood")
            await line_of(board, "answers: Understood")
            await ada.room.command(ada.member("Car 1"), "call", {"text": "To the gate"}, deadline_s=20)
            await line_of(first, "Called: To the gate")


async def board_shows(board: asyncio.subprocess.Process, *wanted: str) -> None:
    """Ask for the list until it has all that is wanted."""
    assert board.stdout
    async with asyncio.timeout(PATIENCE_S):
        missing = set(wanted)
        while missing:
            await type_line(board, "list")
            line = (await board.stdout.readline()).decode()
            missing -= {each for each in wanted if line.startswith(each)}
