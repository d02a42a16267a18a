"""Which way the next link to a relay takes: a WebSocket, or plain HTTP where that does not get through or
last."""

import asyncio
from contextlib import suppress
from pathlib import Path
from secrets import token_urlsafe
from time import perf_counter
from typing import Final

from streamer.client.connection import SILENT_S, Link
from streamer.client.handshake import OPEN_S, no_answer
from streamer.client.http_transport import RETRY_S
from streamer.client.relays import Relays
from streamer.errors import CertificateError, ConnectionLostError, ProtocolError, RefusedError
from streamer.wire.room_link import Address

OWN_TOKEN_BYTES: Final = 16
"""As random as a relay's."""
ANSWER_S: Final = SILENT_S
"""For a relay to answer in. A proxy that swallows what it does not know never does."""
TRY_S: Final = 2 * ANSWER_S
"""For both ways, one after the other."""
SHORT_LIVED_S: Final = 5.0
"""A WebSocket that ends sooner than that did not last."""
SHORT_LIVED: Final = 3
"""So many in a row are no accident."""
LONGEST_RETRY_S: Final = 300.0
KEEPS_BACK: Final = {"bad-handshake", "bad-subprotocol", "no-relay"}
"""Refusals of a proxy that does not hand a WebSocket on: it stripped the request, or answered itself."""


class Way:
    """To a room, over as many links as it takes, and to any of the `relays` that serve it, as the same
    member."""

    def __init__(self, address: Address, name: str, ca_file: Path | None) -> None:
        self.relays = Relays(address, token_urlsafe(OWN_TOKEN_BYTES))
        self._name = name
        self._ca_file = ca_file
        self._attempts = 0
        self._short_lived = 0

    @property
    def resume(self) -> str:
        """By which the relay that we are at knows us."""
        return self.relays.token(self.relays.home)

    async def open(self, address: Address | None = None) -> Link:
        """At `address`, or where we are at home. Raises as `Link.open` does, and TimeoutError after the first
        time.

        What holds a WebSocket back may do so without a word. So each way has ANSWER_S; and the very first
        time, where nobody knows yet how slow this network is, a WebSocket has what is left of OPEN_S when
        neither has answered.
        """
        address = address or self.relays.home
        is_first = self._attempts == 0
        try:
            return await self._open_either(address)
        except TimeoutError:
            if not is_first:
                raise
        try:
            async with asyncio.timeout(OPEN_S - TRY_S):
                return await self._open_socket(address)
        except TimeoutError:
            raise no_answer(address) from None

    async def _open_either(self, address: Address) -> Link:
        """Over a WebSocket, or over HTTP. Raises TimeoutError where nothing is answered."""
        if self._short_lived >= SHORT_LIVED:
            with suppress(ConnectionLostError, ProtocolError, RefusedError):
                return await self._open_over_http(address)
        try:
            async with asyncio.timeout(ANSWER_S):
                return await self._open_socket(address)
        except (RefusedError, ProtocolError, ConnectionLostError, TimeoutError) as error:
            if isinstance(error, RefusedError | ProtocolError) and error.code not in KEEPS_BACK:
                raise
            try:
                async with asyncio.timeout(ANSWER_S):
                    return await self._open_over_http(address)
            except RefusedError as refusal:
                if refusal.code in KEEPS_BACK:
                    raise error from None
                raise
            except (ConnectionLostError, CertificateError, ProtocolError, TimeoutError):
                raise error from None

    async def _open_socket(self, address: Address) -> Link:
        self._attempts += 1
        resume = self.relays.token(address)
        return await Link.open(
            address, name=self._name, ca_file=self._ca_file, resume=resume, attempt=self._attempts
        )

    async def _open_over_http(self, address: Address) -> Link:
        """Where WebSockets do not last, one is tried less and less often."""
        retry_s = min(RETRY_S * 2 ** max(0, self._short_lived - SHORT_LIVED), LONGEST_RETRY_S)
        self._attempts += 1
        return await Link.open_over_http(
            address,
            name=self._name,
            ca_file=self._ca_file,
            resume=self.relays.token(address),
            attempt=self._attempts,
            retry_s=retry_s,
        )

    def ended(self, link: Link) -> None:
        """`link` was lost. Only a connection that broke counts: a relay that closes it has been reached."""
        if link.socket_since is None or link.closed_by_peer:
            return
        lasted = perf_counter() - link.socket_since > SHORT_LIVED_S
        self._short_lived = 0 if lasted else min(self._short_lived + 1, 10)
