"""The transport of a link that runs over HTTP requests, where no WebSocket gets through (PROTOCOL.md, Over
plain HTTP).

The link is the same as on a WebSocket: it writes frames here, and is fed what came. One request at a time
carries what it wrote; meanwhile it is paused, so that voice waits where it is shed when it grows old. What
failed is repeated. Every RETRY_S a WebSocket is tried, and the link goes on over it as soon as one gets
through, without a gap.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from math import inf
from time import perf_counter
from typing import Any, Final, Protocol

from streamer.client.handshake import LegRequests, Opened
from streamer.client.stream_limits import StreamLimits
from streamer.client.successor import Successor
from streamer.errors import ConnectionLostError, RefusedError, StreamerError

RETRY_S: Final = 8.0
"""From one try of a WebSocket to the next: with the time that it takes, it is there within 10 s."""
TRY_S: Final = 4.0
"""From a try's beginning to its end: what swallows a WebSocket's request never answers it."""
BATCH_BYTES: Final = 65_536
"""The most that a relay takes at a time."""
GATHER_S: Final = 0.02
"""From one request to the next: two packets, and 50 requests a second."""
FIRST_BYTE_S: Final = 1.0
"""A stream begins at once, unless something keeps it back."""
QUIET_S: Final = 2.0
"""In a stream something comes every second."""
WAIT_MS: Final = 1_500
"""How long the relay may keep a question that it has no answer to: shorter than QUIET_S, so that an answer
comes."""
AGAIN_S: Final = 0.1
"""After a request that failed: no burden for a relay."""
LAST_WORD_S: Final = 0.5
"""For the close frame, which may still be on its way where a relay no longer knows the leg."""
ENDED: Final = {"no-leg", "gap"}
"""Refusals after which no repetition helps."""


class Rider(Protocol):
    """The link, as its transport knows it."""

    @property
    def is_open(self) -> bool: ...
    def data_received(self, data: bytes) -> None: ...
    def pause_writing(self) -> None: ...
    def resume_writing(self) -> None: ...
    def connection_lost(self, exc: Exception | None) -> None: ...
    def go_on_over(self, opened: Opened) -> None:
        """Leave this transport for that of a WebSocket; what came over it first is in `opened`."""


class HttpTransport(asyncio.Transport):
    """Begins when reading is resumed, as the transport of a WebSocket after its handshake does."""

    def __init__(
        self, requests: LegRequests, open_socket: Callable[[str], Awaitable[Opened]], retry_s: float = RETRY_S
    ) -> None:
        super().__init__()
        self.received = 0
        """The position of what comes next."""
        self._requests = requests
        self._open_socket = open_socket
        self._retry_s = retry_s
        self._sent = 0
        self._waiting = b""
        self._is_written = asyncio.Event()
        self._is_idle = asyncio.Event()
        self._is_idle.set()
        self._came = asyncio.Event()
        self._streams = True
        self._has_streamed = False
        self._asks_for_events = False
        self._limits = StreamLimits()
        self._newest_stream = 0
        self._asked_from: float = inf
        """While a stream is asked for: what comes from there on is not acknowledged, lest the relay forgets
        it."""
        self._is_due = asyncio.Event()
        self._is_over = False
        self._is_moving = False
        self._rider: Rider | None = None
        self._tasks: list[asyncio.Task[None]] = []

    # what the link calls

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self._rider = protocol  # type: ignore[assignment]  # a link, whose transport this is

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """It is full as soon as anything is written."""

    def get_write_buffer_size(self) -> int:
        return len(self._waiting)

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return default

    def is_closing(self) -> bool:
        return self._is_over

    def can_write_eof(self) -> bool:
        return False

    def pause_reading(self) -> None:
        """It has not begun, or what comes is not much."""

    def resume_reading(self) -> None:
        if not self._tasks and not self._is_over:
            jobs: list[Coroutine[Any, Any, None]] = [self._upload(), self._download(), self._keep_trying()]
            self._tasks = [asyncio.create_task(self._surviving(job)) for job in jobs]

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self._waiting += data
        self._pause()
        self._is_written.set()

    def close(self) -> None:
        self.abort()

    def abort(self) -> None:
        if self._is_over:
            return
        self._end()
        if self._rider:
            asyncio.get_running_loop().call_soon(self._rider.connection_lost, None)

    def _end(self) -> None:
        self._is_over = True
        for task in self._tasks:
            if task is not asyncio.current_task():
                task.cancel()
        closing = asyncio.create_task(self._requests.close())
        self._tasks.append(closing)

    def _pause(self) -> None:
        self._is_idle.clear()
        if self._rider:
            self._rider.pause_writing()

    async def _surviving(self, job: Coroutine[Any, Any, None]) -> None:
        """What goes wrong in here ends the link, as the loss of a connection does."""
        try:
            await job
        except StreamerError:
            self.abort()
        except Exception:
            self.abort()
            raise

    # up

    async def _upload(self) -> None:
        while not self._is_over:
            await self._is_written.wait()
            begun = perf_counter()
            batch = self._waiting[:BATCH_BYTES]
            await self._post(batch)
            self._sent += len(batch)
            self._waiting = self._waiting[len(batch) :]
            await asyncio.sleep(begun + GATHER_S - perf_counter())
            if self._waiting:
                continue
            self._is_written.clear()
            self._is_idle.set()
            if self._rider and not self._is_moving:
                self._rider.resume_writing()

    async def _post(self, batch: bytes) -> None:
        """Until the relay has it. The link itself gives up where nothing comes for too long."""
        while True:
            try:
                async with asyncio.timeout(QUIET_S):
                    return await self._requests.post(
                        self._sent, int(min(self.received, self._asked_from)), batch
                    )
            except RefusedError as refusal:
                if refusal.code in ENDED:
                    await asyncio.sleep(LAST_WORD_S)
                    raise
            except (ConnectionLostError, TimeoutError):
                pass
            await asyncio.sleep(AGAIN_S)

    # down

    async def _download(self) -> None:
        while not self._is_over:
            before = self.received
            try:
                await (self._read_streams() if self._streams else self._ask())
            except RefusedError as refusal:
                if refusal.code in ENDED:
                    raise
            except (ConnectionLostError, TimeoutError):
                pass
            if self._rider and not self._rider.is_open:
                await asyncio.sleep(GATHER_S)
                await self._is_idle.wait()  # the other end has the last word, too
                self.abort()
            if self.received == before:
                await asyncio.sleep(AGAIN_S)

    async def _read_streams(self) -> None:
        """One, and its successors while each begins before the one before it ends."""
        reading = {asyncio.create_task(self._read_stream())}
        try:
            while reading:
                due = asyncio.create_task(self._is_due.wait())
                try:
                    await asyncio.wait({due, *reading}, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    due.cancel()
                for task in [each for each in reading if each.done()]:
                    reading.discard(task)
                    task.result()
                if reading and self._is_due.is_set():
                    reading.add(asyncio.create_task(self._read_stream()))  # the relay then ends the older one
                self._is_due.clear()
        finally:
            for task in reading:
                task.cancel()
            await asyncio.gather(*reading, return_exceptions=True)

    async def _read_stream(self) -> None:
        self._newest_stream = number = self._newest_stream + 1
        begun, at = perf_counter(), self.received
        self._asked_from = at
        pieces = self._requests.stream(at, as_events=self._asks_for_events)
        start, patience_s, is_due = at, FIRST_BYTE_S, False
        try:
            while True:
                async with asyncio.timeout(patience_s):
                    piece = await anext(pieces, b"")
                if not piece:
                    break
                self._has_streamed, patience_s = True, QUIET_S
                self._has_begun(number)
                self._take(piece, at)
                at += len(piece)
                if not is_due and self._limits.is_near(perf_counter() - begun, at - start):
                    is_due = True
                    self._is_due.set()
        except TimeoutError:
            self._streams = self._has_streamed  # else something keeps it back
            return
        except ConnectionLostError:  # so do some proxies cut it
            pass
        finally:
            self._has_begun(number)
            await pieces.aclose()
        if number == self._newest_stream:
            self._limits.cut(perf_counter() - begun, at - start)

    def _has_begun(self, number: int) -> None:
        if number == self._newest_stream:
            self._asked_from = inf

    async def _ask(self) -> None:
        async with asyncio.timeout(WAIT_MS / 1000 + FIRST_BYTE_S):
            at = self.received
            self._take(await self._requests.ask(at, WAIT_MS), at)
        # The link is in: now there is time to find out whether events get through.
        if not self._asks_for_events:
            self._asks_for_events = self._streams = True

    def _take(self, data: bytes, at: int) -> None:
        """What comes from position `at` on; another response may have brought some of it."""
        new = data[self.received - at :]
        self.received += len(new)
        self._came.set()
        if new and self._rider and not self._is_over:
            self._rider.data_received(new)

    # over to a WebSocket

    async def _keep_trying(self) -> None:
        begun = perf_counter()
        while not self._is_over:
            await asyncio.sleep(begun + self._retry_s - perf_counter())
            begun = perf_counter()
            with suppress(StreamerError, TimeoutError):
                async with asyncio.timeout(TRY_S):
                    opened = await self._open_socket(self._requests.socket_url)
                successor = Successor(opened)
                try:
                    position = await successor.take_over()
                except BaseException:
                    successor.abort()
                    raise
                await self._move(successor, position)

    async def _move(self, successor: Successor, position: int) -> None:
        """Once all is here that comes before `position`, and all that was written has arrived."""
        self._is_moving = True
        await self._is_idle.wait()
        while self.received < position:
            self._came.clear()
            await self._came.wait()
        assert self._rider
        self._end()
        self._rider.go_on_over(successor.opened)
