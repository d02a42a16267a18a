"""Requests of legs over plain HTTP that are answered without aiohttp: read as it reads them, answered as by
it."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from aiohttp.base_protocol import BaseProtocol
from aiohttp.http import HttpRequestParser
from hypothesis import given, settings
from hypothesis import strategies as st
from relay_fixture import KEY, PATIENCE_S, House

from streamer.relay.access.limits import RelayLimits
from streamer.relay.http.plain_request import MAX_HEAD_BYTES, NotPlainError, PlainRequest, parse
from streamer.relay.network.proxies import TrustedProxies
from streamer.wire.packet import Packet

PING = b'{"type":"ping","t0":1}'
MOST_BYTES = 1_000
MASKED_PING = bytes([0x81, 0x80 | len(PING), 0, 0, 0, 0]) + PING

# ---- what is read

LINES = st.sampled_from(
    [
        b"Host: a:1",
        b"host:a",
        b"Origin: https://a",
        b"Content-Length: 4",
        b"Content-Length: 0",
        b"Content-Length: +4",
        b"Content-Length: 4, 4",
        b"content-length:\t4 ",
        b"Content-Length : 4",
        b"Transfer-Encoding: chunked",
        b"Transfer-Encoding: identity",
        b"Connection: keep-alive",
        b"Connection: close",
        b"Connection: Upgrade",
        b"Upgrade: websocket",
        b"Expect: 100-continue",
        b"X-Forwarded-For: 10.0.0.1",
        b"X: \xc3\xa4",
        b"X: a\x00b",
        b"X: a\rb",
        b"X: a\nContent-Length: 1",
        b" folded",
        b"",
        b": nothing",
        b"X",
    ]
)
REQUEST_LINES = st.sampled_from(
    [
        b"POST /leg?leg=a&at=0&from=0 HTTP/1.1",
        b"GET /leg?leg=a&from=0&wait=9 HTTP/1.1",
        b"GET /leg HTTP/1.0",
        b"GET  /leg HTTP/1.1",
        b"GET /l\tg HTTP/1.1",
        b"GET http://a/leg HTTP/1.1",
        b"PUT /leg HTTP/1.1",
        b"get /leg HTTP/1.1",
        b"GET /leg#x HTTP/1.1",
        b"GET /leg HTTP/1.1 ",
    ]
)
ENDS = st.sampled_from([b"\r\n"] * 12 + [b"\n", b"\r", b"\r\r\n"])


@st.composite
def requests(draw: st.DrawFn) -> bytes:
    """Half of them have what a plain one needs, so that the rest decides."""
    needed = draw(st.sampled_from([[], [b"Host: a", b"Content-Length: 4"]]))
    lines = [draw(REQUEST_LINES), *needed, *draw(st.lists(LINES, max_size=6)), b""]
    head = b"".join(line + draw(ENDS) for line in lines)
    return head + draw(st.sampled_from([b"", b"body", b"bo", b"body and more", b"0\r\n\r\n"]))


@dataclass
class ByAiohttp:
    """What aiohttp makes of the first request of `data`."""

    data: bytes

    async def read(self) -> tuple[str, str, dict[str, list[str]], bytes]:
        loop = asyncio.get_running_loop()
        parser = HttpRequestParser(BaseProtocol(loop), loop, 2**16, max_field_size=98_304)
        messages, _, _ = parser.feed_data(self.data)
        message, payload = messages[0]
        fields: dict[str, list[str]] = {}
        for name, value in message.headers.items():
            fields.setdefault(name.lower(), []).append(value)
        assert payload.is_eof()
        return message.method, message.path, fields, payload.read_nowait() if payload.total_bytes else b""


@settings(deadline=None)
@given(requests())
def test_a_plain_request_is_read_as_aiohttp_reads_it(data: bytes) -> None:
    try:
        request = parse(data, MOST_BYTES)
    except NotPlainError:
        return
    if isinstance(request, PlainRequest):
        by_aiohttp = asyncio.run(ByAiohttp(data[: request.size]).read())
        assert by_aiohttp == (request.method, request.target, dict(request.fields), request.body)


@settings(deadline=None)
@given(requests(), st.integers(0, 200))
def test_a_request_in_pieces_is_what_it_is_as_a_whole(data: bytes, cut: int) -> None:
    """Of a part it is said at most that it is not plain, and then the whole is not either."""

    def of(part: bytes) -> PlainRequest | int | str:
        try:
            return parse(part, MOST_BYTES)
        except NotPlainError:
            return "not plain"

    early, whole = of(data[:cut]), of(data)
    if not isinstance(early, int):
        assert early == whole
    elif isinstance(whole, PlainRequest):
        assert len(data[:cut]) < early <= whole.size


def test_a_batch_as_clients_write_it_is_plain() -> None:
    head = b"POST /leg?leg=a&at=0&from=0 HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n"
    request = parse(head + b"hi and more", MOST_BYTES)
    assert isinstance(request, PlainRequest)
    assert (request.method, request.target, request.body) == ("POST", "/leg?leg=a&at=0&from=0", b"hi")
    assert request.size == len(head) + 2
    assert parse(head + b"h", MOST_BYTES) == len(head) + 2
    assert parse(b"PO", MOST_BYTES) == 3


def test_a_body_that_is_too_long_is_not_waited_for() -> None:
    head = b"POST /leg?leg=a&at=0&from=0 HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n"
    assert parse(head % MOST_BYTES, MOST_BYTES) == len(head % MOST_BYTES) + MOST_BYTES
    with pytest.raises(NotPlainError):
        parse(head % (MOST_BYTES + 1), MOST_BYTES)


def test_a_head_without_end_is_not_waited_for() -> None:
    with pytest.raises(NotPlainError):
        parse(b"GET /" + bytes(MAX_HEAD_BYTES), MOST_BYTES)


# ---- what is answered


class Caller:
    """A connection to the relay, byte by byte."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self.writer = writer

    def send(self, method: str, query: str, body: bytes = b"", *lines: str, path: str = "/leg") -> None:
        self.writer.write(request(method, query, body, *lines, path=path))

    async def answer(self) -> tuple[int, dict[str, str], bytes]:
        async with asyncio.timeout(PATIENCE_S):
            head = (await self._reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            fields = {
                line.partition(":")[0].lower(): line.partition(":")[2].strip() for line in head[1:] if line
            }
            return (
                int(head[0].split()[1]),
                fields,
                await self._reader.readexactly(int(fields["content-length"])),
            )


def request(method: str, query: str, body: bytes = b"", *lines: str, path: str = "/leg") -> bytes:
    head = [f"{method} {path}?{query} HTTP/1.1", "Host: 127.0.0.1:9", *lines]
    if method == "POST":
        head.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*head, "", ""]).encode() + body


@asynccontextmanager
async def connected(house: House) -> AsyncIterator[Caller]:
    reader, writer = await asyncio.open_connection("127.0.0.1", house.port)
    try:
        yield Caller(reader, writer)
    finally:
        writer.close()


async def opened(house: House) -> str:
    async with house.http.post(f"{house.url}/leg", params={"room": "home", "key": KEY}) as answer:
        return str((await answer.json())["leg"])


def is_aiohttp_s(fields: dict[str, str]) -> bool:
    return "aiohttp" in fields.get("server", "")


async def test_batches_and_questions_are_answered_without_aiohttp_whatever_pieces_they_come_in() -> None:
    async with House.open() as house, connected(house) as asking, connected(house) as sending:
        leg = await opened(house)
        asking.send("GET", f"leg={leg}&from=0&wait=1500&room=home")
        status, fields, body = await asking.answer()
        assert (status, is_aiohttp_s(fields)) == (200, False)
        assert b'"type": "welcome"' in body or b'"type":"welcome"' in body
        whole = request("POST", f"leg={leg}&at=0&from={len(body)}&room=home", MASKED_PING)
        for place in range(len(whole)):
            sending.writer.write(whole[place : place + 1])
            await sending.writer.drain()
        status, fields, told = await sending.answer()
        assert (status, is_aiohttp_s(fields), json.loads(told)) == (200, False, {"at": len(MASKED_PING)})
        asking.send("GET", f"leg={leg}&from={len(body)}&wait=1500")
        assert b'"pong"' in (await asking.answer())[2]


async def test_what_comes_behind_at_once_is_answered_in_order_also_by_aiohttp() -> None:
    async with House.open() as house, connected(house) as caller:
        leg, size = await opened(house), len(MASKED_PING)
        batches = [request("POST", f"leg={leg}&at={at}&from=0", MASKED_PING) for at in (0, size)]
        health = request("GET", "", path="/healthz")
        caller.writer.write(b"".join([*batches, health, request("POST", f"leg={leg}&at={2 * size}&from=0")]))
        answers = [await caller.answer() for _ in range(4)]
        assert [is_aiohttp_s(fields) for _, fields, _ in answers] == [False, False, True, True]
        positions = [json.loads(answers[place][2])["at"] for place in (0, 1, 3)]
        assert positions == [size, 2 * size, 2 * size]
        assert json.loads(answers[2][2])["status"] == "ok"


async def test_the_answer_has_the_headers_of_all_answers() -> None:
    async with House.open() as house, connected(house) as caller, connected(house) as other:
        leg = await opened(house)
        caller.send("POST", f"leg={leg}&at=0&from=0")
        other.send("POST", f"leg={leg}&at=0&from=0", b"", "Connection: Keep-Alive", "TE: trailers")
        (_, ours, body), (_, theirs, same) = await caller.answer(), await other.answer()
        assert is_aiohttp_s(theirs)
        assert not is_aiohttp_s(ours)
        assert body == same
        assert ours == {name: value for name, value in theirs.items() if name not in ("server", "date")}


REFUSED: dict[str, Any] = {
    "a page of another site": (
        "leg={leg}&at=0&from=0",
        b"",
        ["Origin: https://evil.example"],
        403,
        "foreign-origin",
    ),
    "a leg that is not there": ("leg=gone&at=0&from=0", b"", [], 404, "no-leg"),
    "a gap": ("leg={leg}&at=7&from=0", b"", [], 409, "gap"),
    "a position that is no number": ("leg={leg}&at=-1&from=0", b"", [], 400, "bad-request"),
    "no position": ("leg={leg}&from=0", b"", [], 400, "bad-request"),
    "too long a batch": ("leg={leg}&at=0&from=0", bytes(65_537), [], 413, "too-big"),
    "much too long a batch": ("leg={leg}&at=0&from=0", bytes(200_000), [], 413, "too-big"),
    "addresses that disagree": (
        "leg={leg}&at=0&from=0",
        b"",
        ["Forwarded: for=10.0.0.1", "X-Forwarded-For: 10.0.0.2"],
        400,
        "bad-forwarded",
    ),
}


@pytest.mark.parametrize("case", REFUSED.values(), ids=REFUSED.keys())
async def test_what_is_refused_is_refused_as_ever_and_changes_nothing(case: Any) -> None:
    query, body, lines, status, code = case
    async with House.open(proxies=TrustedProxies(["127.0.0.1"])) as house, connected(house) as caller:
        leg = await opened(house)
        caller.send("POST", query.format(leg=leg), body, *lines)
        found, fields, told = await caller.answer()
        assert (found, json.loads(told)["error"], is_aiohttp_s(fields)) == (status, code, True)
        async with connected(house) as again:
            again.send("POST", f"leg={leg}&at=0&from=0", MASKED_PING)
            assert json.loads((await again.answer())[2]) == {"at": len(MASKED_PING)}


async def test_through_a_proxy_it_counts_for_whom_the_proxy_names() -> None:
    """Who is not one of the leg's own connections any more is ended, whatever address it came from."""
    async with House.open(proxies=TrustedProxies(["127.0.0.1"])) as house, connected(house) as caller:
        leg = await opened(house)
        for address in ("10.0.0.1", "10.0.0.2"):
            caller.send("POST", f"leg={leg}&at=0&from=0", b"", f"X-Forwarded-For: {address}")
            status, fields, _ = await caller.answer()
            assert (status, is_aiohttp_s(fields)) == (200, False)
            assert house.relay.doors[0].handshakes <= 1  # a member's connection takes no stranger's place


async def test_who_asks_again_and_again_without_reading_gets_each_answer_once_it_reads() -> None:
    async with House.open(limits=RelayLimits(deadline_ms=30_000)) as house, connected(house) as caller:
        leg = await opened(house)
        async with house.http.get(f"{house.url}/leg", params={"leg": leg, "from": 0}) as stream:
            guest = await house.enter()
            for seq in range(60):
                await guest.socket.send_bytes(Packet(seq=seq, timestamp=0, payload=bytes(1_000)).serialize())
            said = b""
            while len(said) < 60_000:
                piece = await asyncio.wait_for(stream.content.readany(), PATIENCE_S)
                assert piece, "the stream has ended"
                said += piece
        for _ in range(200):
            caller.send("GET", f"leg={leg}&from=0&wait=0")
        answers = [await caller.answer() for _ in range(200)]
        assert {status for status, _, _ in answers} == {200}
        assert all(body.startswith(said) for _, _, body in answers)


async def test_a_relay_that_ends_closes_the_connections_that_are_kept() -> None:
    async with House.open() as house:
        reader, writer = await asyncio.open_connection("127.0.0.1", house.port)
        caller, leg = Caller(reader, writer), await opened(house)
        caller.send("POST", f"leg={leg}&at=0&from=0")
        await caller.answer()
    assert await asyncio.wait_for(reader.read(), PATIENCE_S) == b""
    writer.close()
