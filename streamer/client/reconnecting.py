"""The line to a room, kept up over as many links as it takes. After a loss it does as
web/worker/connection/link.js does:

    joined → lost → joined … until one leaves, or the relay says no for good
    joined → moving → joined, where the relay asks its members to go to another one

A client that comes back is the same member, by the token of its last welcome, and before the first by one of
its own. Attempts are numbered, so that one which was held up takes over from no later one. While the line is
down nothing is kept for later.
"""

import asyncio
from collections.abc import Callable
from functools import partial
from pathlib import Path
from random import random
from time import perf_counter
from typing import Final, Self

from streamer.client.backoff import wait_ms
from streamer.client.connection import Link, OnControl, OnPacket
from streamer.client.relays import FIRST_PATIENCE_S, MOVE_PATIENCE_S, move_patience_s, patience_s
from streamer.client.way import TRY_S, Way
from streamer.errors import ConnectionLostError, RefusedError, SentAwayError, StreamerError, TooBigError
from streamer.wire.close_codes import GOING_AWAY, REPLACED
from streamer.wire.messages import FromClient, FromRelay
from streamer.wire.room_link import Address

_LONGEST_TOKEN: Final = 256
"""A relay's is 43 characters; it goes into an address, where not everything may stand."""

_SLOW: Final = (
    "Something on the way, such as a proxy, blocks the usual connection: you are connected over a slower "
    "path, with"
    " more delay. Still trying the usual one"
)

_NOT_LET_IN: Final = "The connection was lost before the relay let us in. Trying again …"

_WAITS: Final = "The relay answers, but has not let us in yet. Waiting for it …"
_WAITS_S: Final = 5.0
"""Then people are told. A busy relay takes a second or two."""

_LOOK_S: Final = 0.01
"""From one look to the next whether another relay has let us in."""

_MOVE_AGAIN_S: Final = 5.0
"""From one move to the next: half of the time that a relay gives by default. Relays that send their members
to each other keep nobody busy."""

_LETS_GO_S: Final = 0.5
"""After a move, for the relay that we come from to close the old link itself, where it knows where we are by
now: then nobody there sees us leave and come back. Between relays that takes some 10 ms."""

_PASSING_REFUSALS: Final = {"draining", "too-many", "no-relay", "stale"}
"""They pass by themselves. `no-relay` is a proxy's, before a relay that is not there yet; no next attempt is
stale."""


class Line:
    """`await Line.open(...)`, then `run`; `leave` in any case. `on_lost` hears of each loss once, and of each
    move.

    `on_trouble` hears in words why it can't be kept up, or is slow, where the relay is there.
    """

    def __init__(self, link: Link, way: Way, *, lasting: bool) -> None:
        self._link = link
        self._way = way
        self._lasting = lasting
        self._joined = False
        self._tries = 0
        self._told: set[str] = set()
        self._running: asyncio.Task[None] | None = None
        self._moving: asyncio.Task[None] | None = None
        self._moved_at = float("-inf")
        self._parting: set[asyncio.Task[None]] = set()
        self._is_leaving = asyncio.Event()
        self._may_be_in = False
        """A relay to which we were to move did not answer in time: it may have let us in."""
        self._is_asking = self._is_last_try = False
        self.on_lost: Callable[[], None] = lambda: None
        self.on_trouble: Callable[[str], None] = lambda words: None

    @classmethod
    async def open(
        cls,
        address: Address,
        *,
        name: str = "",
        ca_file: Path | None = None,
        lasting: bool = True,
        patient: bool = False,
        on_trouble: Callable[[str], None] = lambda words: None,
    ) -> Self:
        """Raises as `Link.open` does. One that isn't `lasting` ends with its first link.

        A `patient` one waits for a relay that is not there yet, says so by `on_trouble`, and raises only
        where waiting would be in vain.
        """
        way = Way(address, name, ca_file)
        try:
            link = await way.open()
        except (ConnectionLostError, RefusedError) as error:
            if not patient or not _passes(error):
                raise
            on_trouble(f"{error}. Trying again until it can be reached …")
            link = await _open_later(way, 0)
        line = cls(link, way, lasting=lasting)
        line.on_trouble = on_trouble
        return line

    async def run(self, on_packet: OnPacket, on_control: OnControl) -> None:
        """Hands on what comes: returns when the relay closes with 1000, raises where coming back would be in
        vain."""
        self._on_packet, self._on_control = on_packet, on_control
        try:
            self._running = self._run(self._link)
            while True:
                if self._link.socket_since is None:
                    self._tell(_SLOW)
                if await self._ends_in_order():
                    return
                self._link = await _open_later(self._way, self._tries)
                self._tries += 1
                self._running = self._run(self._link)
        finally:
            await self._stop_moving()
            if self._running:
                self._running.cancel()
                await asyncio.gather(self._running, return_exceptions=True)

    async def _ends_in_order(self) -> bool:
        """True if the relay that we are at in the end has closed in order; raises where coming back is in
        vain."""
        is_by_us = False
        while running := self._running:
            await asyncio.wait([running])
            is_by_us = self._moving is not None and await self._is_let_in(self._moving)
            if running is self._running:
                break
            _forget_error(running)
        await self._stop_moving()
        try:
            if running:
                running.result()
        except ConnectionLostError as error:
            if not self._lasting or (isinstance(error, SentAwayError) and not is_by_us):
                raise
            was_in = self._joined
            self._lose()
            if isinstance(error, TooBigError):
                self._tell(str(error))
            elif not was_in:
                self._tell(_NOT_LET_IN)
            return False
        return True

    async def _is_let_in(self, moving: asyncio.Task[None]) -> bool:
        """True if our link is gone because another relay has let us in, as far as can be known.

        Relays of a cluster let it go as soon as that is so, and the welcome there may take longer.
        """
        is_replaced = self._link.close_code == REPLACED
        self._is_last_try = True
        if self._is_asking:
            await asyncio.wait([moving], timeout=MOVE_PATIENCE_S if is_replaced else FIRST_PATIENCE_S)
        return is_replaced and (self._is_asking or self._may_be_in)

    def _run(self, link: Link) -> asyncio.Task[None]:
        running = asyncio.create_task(
            link.run(partial(self._take_packet, link), partial(self._on_message, link))
        )
        waiting = asyncio.get_running_loop().call_later(_WAITS_S, self._tell_waiting, link)
        running.add_done_callback(lambda _: waiting.cancel())
        return running

    def _tell_waiting(self, link: Link) -> None:
        if link is self._link and not self._joined:
            self._tell(_WAITS)

    def _take_packet(self, link: Link, packet: bytes, now: float) -> None:
        if link is self._link:
            self._on_packet(packet, now)

    def _on_message(self, link: Link, message: FromRelay, now: float) -> None:
        if link is not self._link:
            if message["type"] != "welcome":
                return  # it has not let us in yet
            self._leave_for(link)
        match message["type"]:
            case "welcome":
                self._way.relays.joined(link.address, _token_of(message["resume"]), message.get("relays", []))
                self._joined, self._tries = True, 0
                self._told.clear()
            case "relays":
                self._way.relays.learn(message["relays"], is_leaving=message["move"])
                if self._moving and not message["move"]:
                    self._moving.cancel()
                elif message["move"] and self._lasting and (self._moving is None or self._moving.done()):
                    self._moving = asyncio.create_task(self._move())
        self._on_control(message, now)

    async def _move(self) -> None:
        """To another relay: this link is left when that one has let us in, so that no voice is lost in
        between."""
        await asyncio.sleep(self._moved_at + _MOVE_AGAIN_S - perf_counter())
        tries, leaving = 0, self._link
        self._may_be_in = self._is_last_try = False
        while others := self._way.relays.others:
            for address in others:
                tries += 1
                self._is_asking = True
                try:
                    async with asyncio.timeout(move_patience_s(tries, len(others))):
                        await self._move_to(address)
                except TimeoutError:
                    self._may_be_in = self._link is leaving
                except StreamerError:
                    pass
                finally:
                    self._is_asking = False
                if self._link is not leaving or self._is_last_try:
                    return
                await asyncio.sleep(wait_ms(tries, random()) / 1000)

    async def _move_to(self, address: Address) -> None:
        """Returns when that relay has let us in. Raises StreamerError."""
        link = await self._way.open(address)
        running = self._run(link)
        try:
            while self._link is not link:
                if running.done():
                    running.result()
                    raise ConnectionLostError("That relay closed before it had let us in")
                await asyncio.wait([running], timeout=_LOOK_S)
        finally:
            if self._link is link:
                self._running = running
            else:
                running.cancel()
                link.abort()

    def _leave_for(self, link: Link) -> None:
        """It has let us in; who hears of a loss now, hears of the new members next."""
        old, self._link = self._link, link
        self._may_be_in = False
        self._joined, self._moved_at = False, perf_counter()
        self.on_lost()
        parting = asyncio.create_task(self._part(old, self._running))
        self._parting.add(parting)
        parting.add_done_callback(self._parting.discard)

    async def _part(self, old: Link, running: asyncio.Task[None] | None) -> None:
        leaving = asyncio.create_task(self._is_leaving.wait())
        await asyncio.wait(
            filter(None, (running, leaving)), timeout=_LETS_GO_S, return_when=asyncio.FIRST_COMPLETED
        )
        leaving.cancel()
        await old.part()

    async def _stop_moving(self) -> None:
        if self._moving:
            self._moving.cancel()
            await asyncio.gather(self._moving, return_exceptions=True)
            self._moving = None

    def send_control(self, message: FromClient) -> None:
        if self._joined:
            self._link.send_control(message)

    def send_packet(self, packet: bytes) -> None:
        if self._joined:
            self._link.send_packet(packet)

    @property
    def shed(self) -> int:
        """Packets that the network did not take in time, on the present link."""
        return self._link.shed

    @property
    def is_over_http(self) -> bool:
        return self._link.socket_since is None

    def say(self, message: FromClient) -> None:
        """What somebody typed. Raises ConnectionLostError while the line is down."""
        if not self._joined:
            raise ConnectionLostError("The relay can't be reached: that was not sent. Try again in a moment")
        self._link.send_control(message)

    async def leave(self) -> None:
        self._is_leaving.set()
        await asyncio.gather(self._link.leave(), *self._parting)

    def _tell(self, words: str) -> None:
        """Once, however often it is tried again."""
        if words not in self._told:
            self._told.add(words)
            self.on_trouble(words)

    def _lose(self) -> None:
        self._link.abort()
        self._way.ended(self._link)
        if self._link.close_code == GOING_AWAY and self._link.closed_by_peer:
            self._way.relays.leave_home()
        if self._joined:
            self._joined = False
            self.on_lost()


async def _open_later(way: Way, tries: int) -> Link:
    """Until a link is there; `tries` were in vain already. Raises where another try would be in vain.

    Only the relay that let us in last can say that: what another one has against us may be its own fault.
    """
    while True:
        tries += 1
        await asyncio.sleep(wait_ms(tries, random()) / 1000)
        relays = way.relays.all
        address = relays[(tries - 1) % len(relays)]
        try:
            async with asyncio.timeout(patience_s(tries, len(relays), TRY_S)):
                return await way.open(address)
        except (StreamerError, TimeoutError) as error:
            if address == way.relays.home and not _passes(error):
                raise


def _forget_error(ended: asyncio.Task[None]) -> None:
    """Of a link that we have left: why it ended is nothing to anybody."""
    if not ended.cancelled():
        ended.exception()


def _passes(error: Exception) -> bool:
    """True if it passes by itself."""
    if isinstance(error, RefusedError):
        return error.code in _PASSING_REFUSALS
    return isinstance(error, ConnectionLostError | TimeoutError)


def _token_of(resume: str) -> str:
    return resume if resume.isascii() and resume.isprintable() and len(resume) <= _LONGEST_TOKEN else ""
