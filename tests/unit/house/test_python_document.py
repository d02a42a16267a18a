"""docs/python-api.md is true: its ten lines talk, its names are all there; the examples do what they say."""

import ast
import asyncio
import dataclasses
import inspect
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from processes import START_S, RelayProcess
from python_document import BLOCKS, TEXT, ten_lines
from relay_fixture import HOST_KEY, KEY, PATIENCE_S, House
from scipy.io import wavfile
from sound import level_dbfs, tone, tone_dbfs
from terminal import Terminal
from test_room import next_of

import streamer
from streamer.audio_format import SAMPLE_RATE

EXAMPLES = Path(__file__).parents[3] / "scripts/examples"
OURS = ("dashboard", "doorbell", "echo_bot", "record", "speak")
EXAMPLE_LINES = 60
A_TONE_DB = 30
"""How far a tone stands above what is beside it, through a codec, on a machine that is busy."""


# ---- The document


def test_there_are_ten_lines() -> None:
    assert len([line for line in BLOCKS[0].splitlines() if line.strip()]) == 10


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.splitlines()[0])
def test_what_is_shown_in_python_is_python(block: str) -> None:
    if block.startswith("case "):
        block = "match event:\n" + re.sub("^", "    ", block, flags=re.MULTILINE)
    compile(block, "python-api.md", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT | ast.PyCF_ONLY_AST)


def test_every_public_name_is_in_the_document_and_every_name_in_it_is_public() -> None:
    for name in set(streamer.__all__) - {"__version__", "Event", "Ear", "SentNotice", "Result"}:
        assert re.search(rf"`{name}\b|streamer\.{name}\b", TEXT), f"{name} is not in the document"
    for name in re.findall(r"\bstreamer\.(\w+)", TEXT):
        assert name in streamer.__all__


def test_every_public_name_is_found_where_it_is_said_to_be() -> None:
    assert set(streamer.__all__) == {*streamer._HOME_OF, "__version__"}
    assert all(getattr(streamer, name) is not None for name in streamer.__all__)
    with pytest.raises(AttributeError):
        streamer.jion  # noqa: B018


def test_every_method_of_a_room_is_in_the_document_and_says_what_it_does() -> None:
    for name, member in inspect.getmembers(streamer.Room):
        if not name.startswith("_"):
            assert re.search(rf"room\.{name}\b|`{name}`", TEXT) or name == "clock", (
                f"{name} is not in the document"
            )
            assert inspect.getdoc(member), f"{name} has no docstring"


def test_every_event_is_in_the_document_with_its_fields() -> None:
    events = TEXT.split("## What happens")[1].split("## Hear")[0]
    for kind in streamer.Event.__args__:
        row = next(
            (row for row in events.splitlines() if row.startswith("|") and f"`{kind.__name__}`" in row), None
        )
        assert row, f"{kind.__name__} is not in the table"
        for field in dataclasses.fields(kind):
            assert field.name.startswith("_") or f"`{field.name}`" in row, f"{kind.__name__}.{field.name}"


async def test_the_ten_lines_talk(tmp_path: Path) -> None:
    async with House.open() as house:
        link = f"{house.url}/#room=home&key={KEY}"
        program = tmp_path / "ten_lines.py"
        program.write_text(ten_lines(link), encoding="utf-8")
        async with streamer.join(link, name="Ada", listening=True) as room:
            events = room.events()
            hearing = asyncio.create_task(hear_until_silent(room))
            async with running(program) as process:
                assert (await next_of(events, streamer.Joined)).member.name == "Robot"
                assert (await next_of(events, streamer.Chat)).text == "One second of 440 Hz"
                assert await asyncio.wait_for(process.wait(), PATIENCE_S) == 0
                printed = await output_of(process)
            assert printed == "Here are: ['Ada']\n"
            assert_tone(await asyncio.wait_for(hearing, PATIENCE_S), 440)


# ---- The examples


@pytest.mark.parametrize("name", OURS)
def test_an_example_is_short_and_says_how_it_is_started(name: str) -> None:
    text = (EXAMPLES / f"{name}.py").read_text(encoding="utf-8")
    assert len(text.splitlines()) < EXAMPLE_LINES
    assert f"{name}.py LINK" in (ast.get_docstring(ast.parse(text)) or "")


async def test_the_recorder_writes_what_is_said(tmp_path: Path) -> None:
    async with (
        guest() as (room, link),
        running(EXAMPLES / "record.py", link, tmp_path / "heard.wav", "4") as process,
    ):
        await somebody_called(room, "Recorder")
        await room.say(tone(440, 2))
        assert await asyncio.wait_for(process.wait(), PATIENCE_S) == 0
    rate, samples = wavfile.read(tmp_path / "heard.wav")
    assert rate == SAMPLE_RATE
    assert_tone(samples.astype(np.float32) / 32_768, 440)


async def test_the_speaker_speaks_with_espeak_s_voice() -> None:
    async with guest() as (room, link):
        hearing = asyncio.create_task(hear_until_silent(room))
        async with running(EXAMPLES / "speak.py", link, "Dinner is ready, come to the table") as process:
            assert await asyncio.wait_for(process.wait(), PATIENCE_S) == 0
            heard = await asyncio.wait_for(hearing, PATIENCE_S)
    assert len(heard) > SAMPLE_RATE
    assert level_dbfs(heard) > -45


async def test_the_doorbell_rings_and_says_who_answers_what() -> None:
    async with guest() as (room, link):
        events = room.events()
        async with running(EXAMPLES / "doorbell.py", link.replace(KEY, HOST_KEY)) as process:
            assert process.stdin
            assert process.stdout
            await process.stdout.readline()
            process.stdin.write(b"\n")
            notice = await next_of(events, streamer.Notice)
            assert (notice.title, notice.sound, notice.actions) == ("Door", True, ("Open", "Not now"))
            assert (await next_of(events, streamer.Talking)).member.name == "Doorbell"
            room.reply(notice, "Open")
            answer = await asyncio.wait_for(process.stdout.readline(), PATIENCE_S)
            assert answer == b"Ada answers: Open\n"


async def test_the_echo_bot_says_back_what_was_said() -> None:
    async with guest() as (room, link), running(EXAMPLES / "echo_bot.py", link):
        await somebody_called(room, "Echo bot")
        hearing = asyncio.create_task(hear_until_silent(room))
        await room.say(tone(660, 1.5))
        assert_tone(await asyncio.wait_for(hearing, PATIENCE_S), 660)


def test_the_dashboard_shows_who_talks_how_late_and_what_is_reported(tmp_path: Path) -> None:
    async def meanwhile(link: str) -> None:
        async with streamer.join(link, name="Car \x1b[7m7") as car:
            car.tell({"speed": 31.5, "place": "[red]Bridge"})
            while True:
                await car.say(tone(440, 1))

    with RelayProcess(tmp_path / "relay", "--no-tls", "--open") as relay:
        command = (EXAMPLES / "dashboard.py", relay.link)
        with Terminal(tmp_path, *command, program=sys.executable) as terminal, asyncio.Runner() as runner:

            async def look() -> list[str]:
                talking = asyncio.create_task(meanwhile(relay.link))
                try:
                    await asyncio.to_thread(terminal.wait_for, "talks", START_S)
                    await asyncio.to_thread(terminal.wait_for, " ms", START_S)
                    return await asyncio.to_thread(terminal.wait_for, "speed", START_S)
                finally:
                    talking.cancel()

            row = next(row for row in runner.run(look()) if "speed" in row)
    assert "Car [7m7 " in row
    assert "talks" in row
    assert "speed 31.5, place [red]Bridge" in row


# ---- What they need


@asynccontextmanager
async def running(program: Path, *arguments: Any) -> AsyncIterator[asyncio.subprocess.Process]:
    pipe = asyncio.subprocess.PIPE
    command = (sys.executable, program, *arguments)
    process = await asyncio.create_subprocess_exec(
        *command, stdin=pipe, stdout=pipe, stderr=asyncio.subprocess.STDOUT
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def output_of(process: asyncio.subprocess.Process) -> str:
    assert process.stdout
    return (await process.stdout.read()).decode()


@asynccontextmanager
async def guest() -> AsyncIterator[tuple[streamer.Room, str]]:
    """Ada, in a room of its own, and the link to it."""
    async with House.open() as house:
        link = f"{house.url}/#room=home&key={KEY}"
        async with streamer.join(link, name="Ada") as room:
            yield room, link


async def somebody_called(room: streamer.Room, name: str) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while name not in [member.name for member in room.members]:
            await asyncio.sleep(0.01)


async def hear_until_silent(room: streamer.Room) -> np.ndarray[Any, Any]:
    """The first talkspurt that is heard."""
    events = room.events()
    heard: list[np.ndarray[Any, Any]] = []

    async def collect() -> None:
        async for each in room.hear():
            heard.append(each.samples)

    hearing = asyncio.create_task(collect())
    async for event in events:
        if isinstance(event, streamer.Talking) and not event.on:
            break
    hearing.cancel()
    return np.concatenate(heard)


def assert_tone(samples: np.ndarray[Any, Any], hertz: float) -> None:
    assert tone_dbfs(samples, hertz) - tone_dbfs(samples, hertz * 1.37) > A_TONE_DB
