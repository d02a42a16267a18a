"""A program that ends without reading what it is given is answered for, on the event loop that the commands
run on."""

import asyncio

import pytest
import uvloop

from streamer.captions.filter import Asked, Filter
from streamer.device.programs import ProgramRunner

TIMES = 20
"""Whether a program has ended before it is written to is chance: it has, within so many times."""
DEADLINE_S = 60.0


@pytest.mark.parametrize(("command", "outcome"), [(["/bin/true"], "done"), (["/bin/false"], "refused")])
def test_a_program_that_reads_nothing_is_answered_for(command: list[str], outcome: str) -> None:
    async def run() -> set[str]:
        runner = ProgramRunner()
        return {(await runner.run(command, {}, "Ada", DEADLINE_S))[0] for _ in range(TIMES)}

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as loop:
        assert loop.run(run()) == {outcome}


def test_a_filter_that_has_ended_is_said_and_begun_again() -> None:
    async def run() -> list[str]:
        said: list[str] = []
        begun_again = Filter("/bin/true", DEADLINE_S, said.append)
        running = asyncio.create_task(begun_again.run())
        async with asyncio.timeout(DEADLINE_S):
            while len(said) < 2 and not running.done():
                await asyncio.sleep(0.2)  # longer than the program takes to end, as a rule
                begun_again.offer(Asked("Hello", print))
        assert not running.done(), running.exception()
        running.cancel()
        return said

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as loop:
        assert set(loop.run(run())) == {"The filter has ended: restarting it"}
