"""A program of ours beside the relay: what it says, and how it fails, does no harm."""

import asyncio
import errno
import sys
from pathlib import Path
from typing import Any

import pytest

from streamer.relay import captioner as captioner_module
from streamer.relay import companion as module
from streamer.relay import recorder as recorder_module
from streamer.relay.access.tokens import TokenStore
from streamer.relay.companion import Companion
from streamer.relay.recorder import MAX_FAILURES, Recorders

PATIENCE_S = 30
GIVEN_UP = "The recording is given up: start it again when it can go on"


@pytest.fixture(autouse=True)
def _soon_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_LONGEST_REST_S", 0.0)


def failing(words: str) -> list[str]:
    return [sys.executable, "-c", f"import sys; sys.stderr.write({words}); sys.exit(1)"]


async def run(command: list[str], said: list[str], **options: Any) -> list[str]:
    """What was told of each failure."""
    failures: list[str] = []
    async with asyncio.timeout(PATIENCE_S):
        await Companion(command, "", said.append, on_failure=failures.append, **options).run()
    return failures


async def test_one_that_fails_again_and_again_is_given_up_where_that_is_wanted() -> None:
    said: list[str] = []
    assert await run(failing("'no disk\\n'"), said, most_failures=3) == ["no disk"] * 3
    assert said == ["no disk"] * 3


async def test_one_that_ends_in_order_is_not_begun_again_where_failures_are_bounded() -> None:
    assert await run([sys.executable, "-c", "pass"], [], most_failures=3) == []


async def test_a_line_that_is_longer_than_anybody_reads_is_left_out_and_the_next_one_told() -> None:
    said: list[str] = []
    assert await run(failing("'x' * 300_000 + '\\nthe reason\\n'"), said, most_failures=1) == ["the reason"]


async def test_one_that_can_not_be_started_fails_in_words(tmp_path: Path) -> None:
    [words] = await run([str(tmp_path / "missing")], [], most_failures=1)
    assert "can't be started" in words
    assert "No such file" in words


async def recorded(folder: Path, tokens: TokenStore) -> list[str]:
    """What hosts were told of a recorder that they asked for, until it was given up."""
    told: list[str] = []
    recorders = Recorders(folder, folder, lambda room, text: told.append(text), tokens, str.__add__)
    recorders.record("home", True)
    async with asyncio.timeout(PATIENCE_S):
        await asyncio.gather(*recorders._running.values())
    return told


async def test_a_recorder_that_can_not_be_started_is_told_to_hosts_and_leaves_no_token(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(asyncio, "create_subprocess_exec", refuse)
    tokens = TokenStore()
    told = await recorded(tmp_path, tokens)
    assert len(told) == MAX_FAILURES + 1
    assert told[-1] == GIVEN_UP
    assert "Too many open files" in told[0]
    assert not tokens._lent


async def test_a_recorder_that_writes_a_line_without_end_is_taken_for_what_it_says_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        recorder_module, "command_of", lambda *_: failing("'x' * 300_000 + '\\nError: no disk\\n'")
    )
    tokens = TokenStore()
    told = await recorded(tmp_path, tokens)
    assert told == ["The recording stopped: no disk"] * MAX_FAILURES + [GIVEN_UP]
    assert not tokens._lent


@pytest.mark.parametrize("room", ["home", "𠀀" * 64, "語" * 64, "ä" * 64, "a b", "e\u0301"])
def test_a_room_of_any_name_has_a_folder_that_can_be_made(tmp_path: Path, room: str) -> None:
    began = "2026-01-01-000000"
    folder = tmp_path / f"{began}-{recorder_module._as_file_name(room)}"
    folder.mkdir()
    assert folder.parent == tmp_path
    assert (folder.name == f"{began}-{room}") == (room.isalnum() and len(room.encode()) < 200)


async def test_captioners_of_two_relays_with_one_folder_do_not_revoke_each_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(captioner_module, "command_of", lambda *_: [sys.executable, "-c", "input(); input()"])
    stores = [TokenStore(tmp_path / "tokens.json") for _ in range(2)]
    secrets: list[str] = []

    def links(secret: str) -> str:
        secrets.append(secret)
        return ""

    tasks = [asyncio.create_task(captioner_module.caption(store, links, tmp_path, print)) for store in stores]
    async with asyncio.timeout(PATIENCE_S):
        while len(secrets) < len(stores):
            await asyncio.sleep(0)
    assert all(store.find(secret) for store, secret in zip(stores, secrets, strict=True))
    assert not (tmp_path / "tokens.json").exists()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert not any(store.find(secret) for store, secret in zip(stores, secrets, strict=True))
