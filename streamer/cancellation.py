"""Cancelling a task that waits for a library."""

import asyncio


def pass_cancellation_on() -> None:
    """A call of a library that is cancelled may end well, or with an error of its own, as if it were not
    cancelled.

    nats-py and aiomqtt wait by `asyncio.wait_for`, which in Python 3.11 prefers a result that comes in the
    same moment.
    """
    task = asyncio.current_task()
    if task and task.cancelling():
        raise asyncio.CancelledError
