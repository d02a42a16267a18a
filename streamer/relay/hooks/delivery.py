"""Brings the events of one hook to its target, in order: one at a time, again and again until it is taken.

A target that is away or hangs costs its own hook a bounded queue and one connection, and nobody else
anything. Events are dropped at the old end, and the next event that arrives says how many the target has
missed.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from random import random
from time import monotonic, time
from typing import Final

import aiohttp

from streamer.doubling import doubled_s
from streamer.errors import StreamerError
from streamer.name_lookup import Resolver
from streamer.relay.background import report_failure
from streamer.relay.hooks.events import Event, signed_headers
from streamer.relay.hooks.hooks_file import Hook
from streamer.relay.hooks.targets import guarded_socket, open_socket

MAX_WAITING: Final = 256
"""Events of a busy evening in half a minute; with MAX_EVENT_BYTES each, 4 MB at the very most."""

ANSWER_S: Final = 10.0
"""From looking up the name to the status: a receiver that works longer should answer first."""

FIRST_WAIT_S: Final[float] = 1.0
LONGEST_WAIT_S: Final = 60.0
"""Between two attempts while a target is away: doubled each time, half of it by chance."""

EXPIRES_S: Final = 3_600.0
"""What is older tells nobody what happens in a room."""

_ABOUT_THE_EVENT: Final = frozenset({400, 413, 415, 422})
"""The target understood, and refuses this event: it would do so again."""


class NotTakenError(StreamerError):
    """A target did not take an event; another attempt may help."""


@dataclass(slots=True)
class Count:
    """What has become of the events of one hook."""

    delivered: int = 0
    refused: int = 0
    dropped: int = 0


class Delivery:
    """`put` events; `run` until cancelled. `wall_clock` is in seconds of Unix time, and may be set at any
    moment; `steady_clock` is not, so that it tells how old an event is."""

    def __init__(
        self,
        hook: Hook,
        wall_clock: Callable[[], float] = time,
        steady_clock: Callable[[], float] = monotonic,
    ) -> None:
        self.hook = hook
        self.count = Count()
        self._wall_clock = wall_clock
        self._steady_clock = steady_clock
        self._waiting: deque[tuple[float, Event]] = deque()
        self._missed = 0
        self._failures = 0
        self._has_event = asyncio.Event()

    @property
    def waiting(self) -> int:
        """Events in the queue; the one that is being brought is not among them."""
        return len(self._waiting)

    def put(self, event: Event) -> None:
        """Never waits: if too many are waiting, the oldest one is dropped."""
        if event.kind not in self.hook.events or self.hook.room not in (None, event.room):
            return
        if len(self._waiting) >= MAX_WAITING:
            self._waiting.popleft()
            self._drop()
        self._waiting.append((self._steady_clock(), event))
        self._has_event.set()

    async def run(self) -> None:
        connector = aiohttp.TCPConnector(
            limit=1,
            force_close=True,
            use_dns_cache=False,  # attempts are rare, and the target may have moved
            resolver=Resolver(),
            socket_factory=open_socket if self.hook.any_address else guarded_socket,
        )
        timeout = aiohttp.ClientTimeout(total=ANSWER_S)
        # trust_env stays False: a proxy of the environment would connect to where this process must not
        async with aiohttp.ClientSession(connector=connector, timeout=timeout, auto_decompress=False) as http:
            while True:
                await self._has_event.wait()
                while self._waiting:
                    await self._deliver(http, *self._waiting.popleft())
                self._has_event.clear()

    async def _deliver(self, http: aiohttp.ClientSession, came_s: float, event: Event) -> None:
        while self._steady_clock() - came_s <= EXPIRES_S:
            try:
                is_taken = await self._post(http, event)
            except NotTakenError as error:
                self._failures += 1
                report_failure(f"the hook {self.hook.id}", error)
                await asyncio.sleep(wait_s(self._failures, random()))
                continue
            self._failures = 0
            if is_taken:
                self.count.delivered += 1
            else:
                self.count.refused += 1
            return
        self._drop()

    async def _post(self, http: aiohttp.ClientSession, event: Event) -> bool:
        """Returns False if the target refuses this event for good. Raises NotTakenError."""
        missed = self._missed
        body = event.body(missed)
        headers = signed_headers(self.hook.key, event.id, self._wall_clock(), body)
        try:
            # a redirect would lead where nobody has signed for
            async with http.post(
                self.hook.url, data=body, headers=headers, allow_redirects=False
            ) as response:
                status = response.status
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise NotTakenError(str(error) or "the connection failed") from None
        except TimeoutError:
            raise NotTakenError(f"there was no answer within {ANSWER_S:g} s") from None
        if status in _ABOUT_THE_EVENT:
            return False
        if not 200 <= status < 300:
            redirected = ", and redirects are not followed" if 300 <= status < 400 else ""
            raise NotTakenError(f"the answer was HTTP {status}{redirected}")
        self._missed -= missed
        return True

    def _drop(self) -> None:
        self.count.dropped += 1
        self._missed += 1


def wait_s(failures: int, chance: float) -> float:
    """How long to wait after so many failures in a row; `chance` is from 0 to 1."""
    return doubled_s(failures, chance, FIRST_WAIT_S, LONGEST_WAIT_S)
