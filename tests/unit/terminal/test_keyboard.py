"""Lines from a pipe instead of a terminal; test_end_to_end_terminal.py has a real one."""

import asyncio
import os

import pytest

from streamer.terminal.keyboard import Keyboard, is_terminal


async def test_lines_come_as_they_are_from_a_pipe_up_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()
    lines: asyncio.Queue[str] = asyncio.Queue()
    with os.fdopen(reading) as stdin, os.fdopen(writing, "wb", buffering=0) as typist:
        monkeypatch.setattr("sys.stdin", stdin)
        assert not is_terminal()
        with Keyboard().lines(lines.put_nowait):
            typist.write("hello\nzwei Wörter\nGrü".encode()[:-1])
            assert [await asyncio.wait_for(lines.get(), 30) for _ in range(2)] == ["hello", "zwei Wörter"]
            typist.write("ü, and no end of line".encode()[1:])
            typist.close()
            assert await asyncio.wait_for(lines.get(), 30) == "Grü, and no end of line"


async def test_where_there_is_nothing_to_type_with_nothing_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", None)
    assert not is_terminal()
    with Keyboard().lines(lambda line: pytest.fail(line)):
        await asyncio.sleep(0)
