"""The opening handshake with a relay: the client's only door to aiohttp, which does HTTP, TLS and the
handshake.

Then the takeover: aiohttp is told that its connection is lost, so that it frees what it holds and leaves the
transport alone, and is asked for the bytes that came behind the relay's answer: they are the first frames.
"""

import asyncio
import json
import ssl
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final, NamedTuple, Self, cast
from urllib.parse import unquote, urlencode, urlsplit, urlunsplit

import aiohttp

from streamer.client.event_lines import EventLines
from streamer.client.trust import client_context, untrusted
from streamer.errors import ConnectionLostError, ProtocolError, RefusedError, StreamerError
from streamer.name_lookup import Resolver
from streamer.websocket.takeover import EarlyBytes
from streamer.wire.names import SUBPROTOCOL
from streamer.wire.room_link import Address

OPEN_S: Final = 10.0
_REASON_BYTES: Final = 16_384
"""Bytes read of a refusal: a relay's is a line or two, and another server's may never end."""
_HTTPS_PORT: Final = 443
_REFUSED: Final = 400
"""HTTP statuses from here on are refusals."""
_NO_TIMEOUT: Final = aiohttp.ClientTimeout(total=None)
"""A stream has no end; whoever waits for something else knows how long."""
_REDIRECTS: Final = {301, 302, 307, 308}


class Opened(NamedTuple):
    """A WebSocket after its handshake, with reading paused."""

    transport: asyncio.Transport
    early: bytes
    is_secure: bool
    address: Address
    """Where the relay is: by TLS, where an http: link only leads there."""


async def shake_hands(url: str, address: Address, ca_file: Path | None) -> Opened:
    """At the relay of `address`. Raises RefusedError, ConnectionLostError, CertificateError or
    ProtocolError."""
    answer = _Answer()
    try:
        connector = aiohttp.TCPConnector(resolver=Resolver())
        async with (
            aiohttp.ClientSession(connector=connector, raise_for_status=answer) as http,
            asyncio.timeout(OPEN_S),
        ):
            url, address = await _where_secure(http, url, address)
            tls = client_context(ca_file) if address.secure else True
            websocket = await http.ws_connect(url, protocols=[SUBPROTOCOL], compress=0, ssl=tls)
            if websocket.protocol != SUBPROTOCOL:
                raise ProtocolError(
                    f"{address.origin} does not speak {SUBPROTOCOL}", code="bad-subprotocol", close_code=1002
                )
            return Opened(answer.take_over(), answer.early.data, address.secure, address)
    except (aiohttp.ClientError, OSError, ValueError) as error:  # the last one is of an address that can't be
        raise _in_words(error, address, ca_file) from error


class LegRequests:
    """The requests of a leg over plain HTTP (PROTOCOL.md), opened with `open`; `close` in any case.

    Each raises RefusedError where the relay, or a proxy in its place, says no, and ConnectionLostError where
    nothing answers.
    """

    def __init__(self, http: aiohttp.ClientSession, address: Address, url: str, ca_file: Path | None) -> None:
        self.address = address
        self._http = http
        self._url = url
        self._ca_file = ca_file
        self.leg = ""
        self._tls = client_context(ca_file) if address.secure else True

    @classmethod
    async def open(cls, url: str, address: Address, ca_file: Path | None) -> Self:
        """`url` is that of the WebSocket, with its query; the requests go beside it. Raises as `shake_hands`
        does."""
        http = aiohttp.ClientSession(connector=aiohttp.TCPConnector(resolver=Resolver()))
        try:
            url, address = await _where_secure(http, url, address)
            requests = cls(http, address, _beside(url, address), ca_file)
            leg = json.loads(await requests._get_answer("POST", urlsplit(url).query))["leg"]
            requests.leg = str(leg)
        except (ValueError, KeyError, TypeError) as error:
            await http.close()
            raise ProtocolError(f"{address.origin} opens no connection", code="bad-message") from error
        except BaseException:
            await http.close()
            raise
        return requests

    @property
    def socket_url(self) -> str:
        """Of the WebSocket that takes over."""
        scheme, host, path, _, _ = urlsplit(self._url)
        return urlunsplit((scheme.replace("http", "ws"), host, path[: -len("leg")] + "ws", self._query, ""))

    @property
    def _query(self) -> str:
        """With the room, so that a load balancer knows where it belongs."""
        return urlencode({"leg": self.leg, "room": self.address.room})

    async def stream(self, position: int, *, as_events: bool = False) -> AsyncGenerator[bytes, None]:
        """What comes from `position` on, until the response ends; by server-sent events, if so asked."""
        lines = EventLines()
        query = f"{self._query}&from={position}{'&events' if as_events else ''}"
        async with self._request("GET", query) as response:
            if response.status >= _REFUSED:
                raise await _refusal(response)
            while piece := await response.content.readany():
                if not as_events:
                    yield piece
                elif decoded := lines.push(piece):
                    yield decoded

    async def ask(self, position: int, wait_ms: int) -> bytes:
        """What there is from `position` on, after `wait_ms` at the latest."""
        return await self._get_answer("GET", f"{self._query}&from={position}&wait={wait_ms}")

    async def post(self, at: int, received: int, batch: bytes) -> None:
        await self._get_answer("POST", f"{self._query}&at={at}&from={received}", batch)

    async def close(self) -> None:
        await self._http.close()

    async def _get_answer(self, method: str, query: str, body: bytes = b"") -> bytes:
        async with self._request(method, query, body) as response:
            if response.status >= _REFUSED:
                raise await _refusal(response)
            return await response.read()

    @asynccontextmanager
    async def _request(
        self, method: str, query: str, body: bytes = b""
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        try:
            url = f"{self._url}?{query}"
            async with self._http.request(
                method, url, data=body, ssl=self._tls, timeout=_NO_TIMEOUT
            ) as response:
                yield response
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise _in_words(error, self.address, self._ca_file) from error


def _beside(url: str, address: Address) -> str:
    """Where the requests go, for the WebSocket at `url`."""
    _, host, path, _, _ = urlsplit(url)
    return urlunsplit(("https" if address.secure else "http", host, path.rpartition("/")[0] + "/leg", "", ""))


async def _where_secure(http: aiohttp.ClientSession, url: str, address: Address) -> tuple[str, Address]:
    """`url` and `address` as they are, or by TLS where an http: link only leads there."""
    if address.secure or not (port := await _secure_port(http, address)):
        return url, address
    secure = replace(address, secure=True, port=port)
    return url.replace(f"ws://{address.origin}", f"wss://{secure.origin}", 1), secure


async def _secure_port(http: aiohttp.ClientSession, address: Address) -> int:
    """Where the relay of this http: link speaks TLS, if it only leads there; else 0. Nothing secret is sent
    yet."""
    try:
        async with http.get(f"{address.url}trust", allow_redirects=False, raise_for_status=False) as response:
            leads_to = urlsplit(response.headers.get("Location", ""))
            is_there = leads_to.scheme == "https" and unquote(leads_to.hostname or "") == address.host
            return (leads_to.port or _HTTPS_PORT) if response.status in _REDIRECTS and is_there else 0
    except (aiohttp.ClientError, OSError, ValueError):
        return 0


class _Answer:
    """Sees the relay's answer before aiohttp reads on: takes early bytes out of a yes, and the reason out of
    a no."""

    def __init__(self) -> None:
        self.early = EarlyBytes()

    async def __call__(self, response: aiohttp.ClientResponse) -> None:
        if response.status != 101:
            raise await _refusal(response)
        if response.connection is None or response.connection.protocol is None:
            raise aiohttp.ClientConnectionError("it accepted, then hung up")
        self._connection = response.connection
        response.connection.protocol.set_parser(self.early, None)

    def take_over(self) -> asyncio.Transport:
        transport = cast(asyncio.Transport, self._connection.transport)
        transport.pause_reading()
        http = self._connection.protocol
        assert http is not None
        http.transport = None
        http.connection_lost(None)
        self._connection.close()
        return transport


async def _refusal(response: aiohttp.ClientResponse) -> RefusedError:
    try:
        reason = json.loads(await _beginning(response))
        code, message = str(reason["error"]), str(reason["message"])
    except (ValueError, KeyError, TypeError, RecursionError):
        code = "no-relay"
        message = (
            f"{response.url.host} answers, but there is no streamer relay (HTTP status {response.status})"
        )
    return RefusedError(message, status=response.status, code=code)


async def _beginning(response: aiohttp.ClientResponse) -> bytes:
    body = b""
    while len(body) < _REASON_BYTES and (piece := await response.content.read(_REASON_BYTES - len(body))):
        body += piece
    return body


def no_answer(address: Address) -> ConnectionLostError:
    return ConnectionLostError(f"No relay answered at {address.origin} within {OPEN_S:.0f} s")


def _in_words(error: Exception, address: Address, ca_file: Path | None) -> StreamerError:
    where = address.origin
    match error:
        case aiohttp.ClientConnectorCertificateError(
            certificate_error=ssl.SSLCertVerificationError() as reason
        ):
            return untrusted(reason, address, ca_file)
        case aiohttp.ClientConnectorSSLError():
            return ConnectionLostError(
                f"{where} does not speak TLS: if the relay runs with --no-tls, use http://"
            )
        case aiohttp.ClientConnectorDNSError():
            return ConnectionLostError(f"Can't find a computer called {address.host}")
        case aiohttp.ClientConnectorError():
            return ConnectionLostError(f"No relay answers at {where} ({error.strerror or error.os_error})")
        case TimeoutError():
            return no_answer(address)
        case aiohttp.ServerDisconnectedError() | aiohttp.ClientOSError() if not address.secure:
            return ConnectionLostError(f"{where} hung up: if the relay speaks TLS, use https://")
        case _:
            return ConnectionLostError(
                f"{where} does not answer like a relay: {error or type(error).__name__}"
            )
