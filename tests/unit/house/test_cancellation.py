"""Nothing of ours swallows a cancellation: whoever cancels a task waits for its end, at the latest when all
ends.

Two patterns do it, and no test finds them by chance. `asyncio.wait_for` of Python 3.11 returns the result of
what ended in the very moment in which the waiting task was cancelled: `async with asyncio.timeout` does not.
And whoever suppresses CancelledError around an `await` can't tell the cancellation of the other task from its
own: `asyncio.wait` and `asyncio.gather(…, return_exceptions=True)` can.
"""

import ast
import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from streamer.relay.api.callers import Callers
from streamer.relay.api.events import EventsApi
from streamer.relay.rooms.events import Events

PACKAGE: Final = Path(__file__).parents[3] / "streamer"
CATCH_ALL: Final = ("CancelledError", "BaseException")
MAY_CATCH: Final = {
    ("event_loop.py", "run"),  # the end of the program
    ("client/interrupts.py", "until_interrupted"),  # looks whether it was itself cancelled
}


def functions() -> Iterator[tuple[str, ast.AST, str]]:
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield path.relative_to(PACKAGE).as_posix(), node, node.name


def is_name(node: ast.AST, names: tuple[str, ...]) -> bool:
    """Also the last one of `asyncio.CancelledError`, and one of a tuple."""
    if isinstance(node, ast.Tuple):
        return any(is_name(each, names) for each in node.elts)
    return (isinstance(node, ast.Name) and node.id in names) or (
        isinstance(node, ast.Attribute) and node.attr in names
    )


def raises_again(handler: ast.ExceptHandler) -> bool:
    last = handler.body[-1]
    return isinstance(last, ast.Raise) and last.exc is None


def swallows(node: ast.AST) -> bool:
    if isinstance(node, ast.ExceptHandler):
        catches = node.type is None or is_name(node.type, CATCH_ALL)
        return catches and not raises_again(node)
    is_suppress = isinstance(node, ast.Call) and is_name(node.func, ("suppress",))
    return is_suppress and any(is_name(each, CATCH_ALL) for each in node.args)


def test_nothing_waits_by_wait_for() -> None:
    calls = [
        (place, name)
        for place, function, name in functions()
        for node in ast.walk(function)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "wait_for"
        if is_name(node.func.value, ("asyncio",))
    ]
    assert calls == []


def test_no_cancellation_is_caught_but_where_it_is_told_apart() -> None:
    found = {
        (place, name)
        for place, function, name in functions()
        if any(swallows(node) for node in ast.walk(function))
    }
    assert found == MAY_CATCH


def test_no_finally_leaves_by_itself() -> None:
    """A `return` in a `finally` drops whatever was on its way through, a cancellation too."""
    leaves = [
        (place, name)
        for place, function, name in functions()
        for node in ast.walk(function)
        if isinstance(node, ast.Try) and any(isinstance(step, ast.Return) for step in node.finalbody)
    ]
    assert leaves == []


@pytest.mark.parametrize("later", range(4))
async def test_who_waits_for_events_is_cancelled_even_in_the_moment_in_which_one_comes(later: int) -> None:
    """`later` is in turns of the event loop: what waits inside may have ended, and who waits for it not know
    yet."""
    events = Events()
    watcher = events.watch("")
    assert watcher
    waiting = asyncio.create_task(EventsApi(Callers.__new__(Callers), events)._next(watcher))
    for _ in range(3):
        await asyncio.sleep(0)
    events.add("chat", "home", {})
    for _ in range(later):
        await asyncio.sleep(0)
    if waiting.cancel():  # else it has ended
        with pytest.raises(asyncio.CancelledError):
            await waiting
