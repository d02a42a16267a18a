"""Our telemetry on its way to the relay: the newest, no faster than a relay takes it, and again after a
loss."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from time import perf_counter
from typing import Final

from streamer.client.json_size import check_size
from streamer.errors import ConnectionLostError
from streamer.wire.control import MAX_DEVICE_CHARACTERS
from streamer.wire.json_size import json_size
from streamer.wire.messages import FromClient
from streamer.wire.programs import Report, Value

MOST_DEVICES: Final = 128
"""Devices of one member that a relay keeps the telemetry of."""

AT_ONCE: Final = 60
"""Reports that go out at once: half of the messages that a relay takes at once, so that others have room."""

EVERY_S: Final = 0.125
"""Seconds between two reports from then on. A relay takes ten in a second; a fifth of that is left unused."""


BYTES_AT_ONCE: Final = 65_536
"""Half of what a relay takes at once, and all that it keeps of one member."""

BYTES_PER_S: Final = 6_500.0
"""A relay takes 8,192 in a second. What it refuses as too much is not told again: a fifth is left unused."""


class Reports:
    """`send` passes a message to the relay, or raises ConnectionLostError where there is no connection."""

    def __init__(self, send: Callable[[FromClient], None]) -> None:
        self._send = send
        self._values: dict[str, dict[str, Value]] = {}
        self._due: dict[str, None] = {}
        """Names of devices whose newest report has not been sent, the one that waits longest first."""
        self._left = float(AT_ONCE)
        self._bytes_left = float(BYTES_AT_ONCE)
        self._counted_at = perf_counter()
        self._news = asyncio.Event()

    def tell(self, values: Mapping[str, Value] | None, device: str) -> None:
        """Raises ValueError where a relay would not take it."""
        if len(device) > MAX_DEVICE_CHARACTERS:
            raise ValueError(f"the name of a device has at most {MAX_DEVICE_CHARACTERS} characters")
        if values is None:
            if self._values.pop(device, None) is None:
                return
        else:
            _check(values)
            if device not in self._values and len(self._values) >= MOST_DEVICES:
                raise ValueError(f"one member reports of at most {MOST_DEVICES} devices")
            self._values[device] = dict(values)
        self._due.setdefault(device)
        if len(self._due) > 2 * MOST_DEVICES:  # devices that came and went while there was no connection
            del self._due[next(iter(self._due))]
        self._send_due()

    def on_welcome(self) -> None:
        """The relay knows nothing of us yet, or is another one."""
        self._due.update(dict.fromkeys(self._values))
        self._send_due()

    async def run(self) -> None:
        """Sends what had to wait."""
        while True:
            await self._news.wait()
            await asyncio.sleep(EVERY_S)
            self._send_due()

    def _send_due(self) -> None:
        now = perf_counter()
        self._left = min(AT_ONCE, self._left + (now - self._counted_at) / EVERY_S)
        self._bytes_left = min(BYTES_AT_ONCE, self._bytes_left + (now - self._counted_at) * BYTES_PER_S)
        self._counted_at = now
        with suppress(ConnectionLostError):  # it is told as soon as we are back
            while self._due and self._left >= 1 and self._bytes_left > 0:
                device = next(iter(self._due))
                report: Report = {"type": "telemetry", "device": device, "values": self._values.get(device)}
                self._send(report)
                del self._due[device]
                self._left -= 1
                self._bytes_left -= json_size(report)
        if self._due:
            self._news.set()
        else:
            self._news.clear()


def _check(values: Mapping[str, Value]) -> None:
    if not all(isinstance(value, str | int | float | None) for value in values.values()):
        raise ValueError("a value is a text, a number, True, False or None")
    check_size("what a device reports", values)
