"""Work beside the connections: one exception ends neither it nor its neighbours, and takes one line of the
log."""

import asyncio
import logging
from collections.abc import Iterator

import pytest

from streamer.relay import background
from streamer.relay.background import LOG_EVERY_S, keep_running, report_failure, surviving


@pytest.fixture(autouse=True)
def nothing_told() -> Iterator[None]:
    background._told.clear()
    yield
    background._told.clear()


async def test_work_that_raises_begins_again_until_it_returns(caplog: pytest.LogCaptureFixture) -> None:
    begun = 0

    async def work() -> None:
        nonlocal begun
        begun += 1
        if begun < 4:
            raise OSError(24, "Too many open files")

    await asyncio.wait_for(keep_running("the address watcher", work, rest_s=0), 10)
    assert begun == 4
    (line,) = caplog.messages
    assert line.startswith("the address watcher failed and goes on: OSError: [Errno 24] Too many open files")
    assert "Traceback" not in caplog.text


async def test_cancelling_ends_it() -> None:
    async def work() -> None:
        await asyncio.sleep(3_600)

    task = asyncio.create_task(keep_running("sleep", work))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


def test_an_exception_of_one_does_not_stop_the_next(caplog: pytest.LogCaptureFixture) -> None:
    done = []
    for item in range(5):
        with surviving("the tick of a room"):
            if item == 2:
                raise RuntimeError("dictionary changed\nsize during iteration")
            done.append(item)
    assert done == [0, 1, 3, 4]
    assert len(caplog.messages) == 1
    assert "\n" not in caplog.messages[0]


def test_a_fault_that_stays_is_told_once_a_minute_with_how_often(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        for second in range(int(LOG_EVERY_S) + 1):
            report_failure("mDNS", ValueError("no"), float(second))
        report_failure("another", ValueError("no"), 0.0)
    assert [message.split(" failed")[0] for message in caplog.messages] == ["mDNS", "mDNS", "another"]
    assert f"{int(LOG_EVERY_S) - 1} more" in caplog.messages[1]


@pytest.mark.parametrize("passes", [KeyboardInterrupt, SystemExit, asyncio.CancelledError])
def test_what_is_no_error_passes(passes: type[BaseException]) -> None:
    with pytest.raises(passes), surviving("anything"):
        raise passes
