"""The clock of the relay's computer is set, by hours or years, while people are in: nobody notices."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from typing import Any, Final

import pytest
from free_port import free_port
from processes import ServeProcess

import streamer

LIBRARIES: Final = sorted(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))
HOUR_S: Final = 3_600
YEAR_S: Final = 365 * 86_400
STEPS_S: Final = (HOUR_S, -HOUR_S, 0, 10 * YEAR_S, 0, -10 * YEAR_S, 0)
"""Against the true clock, one after the other."""
PATIENCE_S: Final = 30

pytestmark = pytest.mark.skipif(not LIBRARIES, reason="libfaketime is not installed: run scripts/setup tests")


class Clock:
    """What a program that runs with `environment` takes for the time; it cannot set the one that only goes
    forward."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "clock"
        self.set(0)
        self.environment = {
            "LD_PRELOAD": str(LIBRARIES[-1]),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }

    def set(self, step_s: int) -> None:
        new = self._file.with_suffix(".new")
        new.write_text(f"{step_s:+d}\n")
        new.replace(self._file)


@contextmanager
def serving(folder: Path, clock: Clock, *options: str) -> Iterator[str]:
    """The link to talk of a relay that goes by this clock."""
    port = free_port()
    command = ("serve", "--host", "127.0.0.1", "--port", str(port), "--no-tls", "--no-mdns", *options)
    with ServeProcess(folder, *command, environment=clock.environment) as relay:
        yield next(iter(relay.links.to_talk.values()))
        assert "Traceback" not in relay.log, relay.complaint()


async def hear(events: AsyncIterator[Any], text: str) -> None:
    async with asyncio.timeout(PATIENCE_S):
        async for event in events:
            assert not isinstance(event, streamer.Lost), "nobody has to come back"
            if isinstance(event, streamer.Chat) and event.text == text:
                assert event.age_s < HOUR_S
                return


async def test_whatever_the_clock_is_set_to_members_stay_and_others_come_in(tmp_path: Path) -> None:
    clock = Clock(tmp_path)
    with serving(tmp_path, clock) as link:
        async with AsyncExitStack() as stack:
            ada = streamer.join(link, name="Ada")
            heard = ada.events()
            await stack.enter_async_context(ada)
            ben = await stack.enter_async_context(streamer.join(link, name="Ben"))
            for number, step_s in enumerate(STEPS_S):
                clock.set(step_s)
                ben.write(f"line {number}")
                await hear(heard, f"line {number}")
                cy = streamer.join(link, name="Cy")
                told = cy.events()
                async with cy:
                    await hear(told, f"line {number}")
                    assert {member.name for member in cy.members} == {"Ada", "Ben"}


@pytest.mark.parametrize("step_s", [-10 * YEAR_S, 10 * YEAR_S])
async def test_a_relay_that_starts_with_a_wrong_clock_works_on_when_it_is_set_right(
    tmp_path: Path, step_s: int
) -> None:
    clock = Clock(tmp_path)
    clock.set(step_s)
    with serving(tmp_path, clock, "--invite-hours", "2") as link:
        async with streamer.join(link, name="Ada") as ada:
            heard = ada.events()
            clock.set(0)
            async with streamer.join(link, name="Ben") as ben:
                ben.write("hello")
                await hear(heard, "hello")
