"""The line to a room, kept up over as many links as it takes. After a loss it does as web/worker/link.js does:

    joined → lost → joined … until one leaves, or the relay says no for good

A client that comes back is the same member, by the token of its last welcome, and before the first by one of its own.
Attempts are numbered, so that one which was held up takes over from no later one. While the line is down nothing is
kept for later.
"""

import asyncio
from collections.abc import Callable
from pathlib import Path
from random import random
from typing import Final, Self

from streamer.client.backoff import wait_ms
from streamer.client.connection import Link, OnControl, OnPacket
from streamer.client.way import TRY_S, Way
from streamer.errors import ConnectionLostError, RefusedError, SentAwayError, TooBigError
from streamer.wire.messages import FromClient, FromRelay
from streamer.wire.room_link import Address

_LONGEST_TOKEN: Final = 256
"""A relay's is 43 characters; it goes into an address, where not everything may stand."""

_SLOW: Final = (
    "Something on the way, such as a proxy, holds the usual connection back: you are connected by a slower path, with"
    " more delay. The usual one is tried again and again"
)

_PASSING_REFUSALS: Final = {"draining", "too-many", "no-relay", "stale"}
"""They pass by themselves. `no-relay` is a proxy's, before a relay that is not there yet; no next attempt is stale."""


class Line:
    """`await Line.open(...)`, then `run`; `leave` in any case. `on_lost` hears of each loss once.

    `on_trouble` hears in words why it can't be kept up, or is slow, where the relay is there.
    """

    def __init__(self, link: Link, way: Way, *, lasting: bool) -> None:
        self._link = link
        self._way = way
        self._lasting = lasting
        self._joined = False
        self._tries = 0
        self._told = ""
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
    ) -> Self:
        """Raises as `Link.open` does. One that isn't `lasting` ends with its first link.

        A `patient` one waits for a relay that is not there yet, and raises only where waiting would be in vain.
        """
        way = Way(address, name, ca_file)
        try:
            link = await way.open()
        except (ConnectionLostError, RefusedError) as error:
            if not patient or not _passes(error):
                raise
            link = await _open_later(way, 0)
        return cls(link, way, lasting=lasting)

    async def run(self, on_packet: OnPacket, on_control: OnControl) -> None:
        """Hands on what comes: returns when the relay closes with 1000, raises where coming back would be in vain."""

        def on_message(message: FromRelay, now: float) -> None:
            if message["type"] == "welcome":
                self._way.resume = _token_of(message["resume"])
                self._joined, self._tries, self._told = True, 0, ""
            on_control(message, now)

        while True:
            if self._link.socket_since is None:
                self._tell(_SLOW)
            try:
                await self._link.run(on_packet, on_message)
            except ConnectionLostError as error:
                if isinstance(error, SentAwayError) or not self._lasting:
                    raise
                self._lose()
                if isinstance(error, TooBigError):
                    self._tell(str(error))
            else:
                return
            self._link = await _open_later(self._way, self._tries)
            self._tries += 1

    def send_control(self, message: FromClient) -> None:
        if self._joined:
            self._link.send_control(message)

    def send_packet(self, packet: bytes) -> None:
        if self._joined:
            self._link.send_packet(packet)

    def say(self, message: FromClient) -> None:
        """What somebody typed. Raises ConnectionLostError while the line is down."""
        if not self._joined:
            raise ConnectionLostError("The relay is away: that was not sent. Try it again in a moment")
        self._link.send_control(message)

    async def leave(self) -> None:
        await self._link.leave()

    def _tell(self, words: str) -> None:
        """Once, however often it is tried again."""
        if words != self._told:
            self._told = words
            self.on_trouble(words)

    def _lose(self) -> None:
        self._link.abort()
        self._way.ended(self._link)
        if self._joined:
            self._joined = False
            self.on_lost()


async def _open_later(way: Way, tries: int) -> Link:
    """Until a link is there; `tries` were in vain already. Raises where another try would be in vain."""
    while True:
        tries += 1
        await asyncio.sleep(wait_ms(tries, random()) / 1000)
        try:
            async with asyncio.timeout(TRY_S):
                return await way.open()
        except (ConnectionLostError, RefusedError, TimeoutError) as error:
            if not _passes(error):
                raise


def _passes(error: Exception) -> bool:
    """Whether it passes by itself."""
    return not isinstance(error, RefusedError) or error.code in _PASSING_REFUSALS


def _token_of(resume: str) -> str:
    return resume if resume.isascii() and resume.isprintable() and len(resume) <= _LONGEST_TOKEN else ""
