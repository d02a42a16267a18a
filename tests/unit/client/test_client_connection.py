"""The client's end of the line against real sockets: relays that refuse, fail, hang up, or are somebody
else."""

import asyncio
import base64
import hashlib
import json
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import pytest
import uvloop
from aiohttp import WSMsgType, web
from fake_relay import answering, relay
from relay_fixture import PATIENCE_S

from streamer.client.connection import SILENT_S, Link
from streamer.errors import (
    CertificateError,
    ConnectionLostError,
    ProtocolError,
    RefusedError,
    StreamerError,
    TooBigError,
)
from streamer.relay.http.upgrade import GUID
from streamer.relay.tls.authority import Authority
from streamer.websocket.frames import serialize_frame
from streamer.wire.control import Message
from streamer.wire.room_link import Address


async def join(
    address: Address, heard: list[bytes | Message] | None = None, ca_file: Path | None = None
) -> None:
    link = await Link.open(address, name="Ada", ca_file=ca_file)
    heard = [] if heard is None else heard
    try:
        await link.run(lambda data, now: heard.append(data), lambda message, now: heard.append(message))
    finally:
        await link.leave()


def identity(directory: Path, addresses: list[str]) -> tuple[ssl.SSLContext, Path]:
    authority = Authority(directory)
    return authority.leaf(["localhost"], addresses).server_context(), authority.certificate_path


def test_what_comes_is_handed_on_in_order_until_the_relay_closes() -> None:
    async def talk(socket: web.WebSocketResponse) -> None:
        await socket.send_bytes(b"first")
        await socket.send_json({"type": "left", "talker_id": 3, "reason": "a field of a newer relay"})
        await socket.send_json({"type": "a type of a newer relay"})
        await socket.send_bytes(b"last")
        await socket.close()

    async def main() -> None:
        heard: list[bytes | Message] = []
        async with relay(talk) as address:
            await join(address, heard)
        assert heard == [b"first", {"type": "left", "talker_id": 3}, b"last"]

    asyncio.run(main())


def test_a_ping_is_answered_and_a_goodbye_is_said() -> None:
    said: list[Message] = []

    async def talk(socket: web.WebSocketResponse) -> None:
        await socket.send_json({"type": "ping", "t0": 77})
        said.append((await socket.receive()).json())
        await socket.send_json({"type": "left", "talker_id": 1})
        said.append((await socket.receive()).json())
        said.append({"close": (await socket.receive()).data})
        await socket.close()

    async def main() -> None:
        async with relay(talk) as address:
            link, enough = await Link.open(address), asyncio.Event()
            running = asyncio.create_task(link.run(lambda data, now: None, lambda message, now: enough.set()))
            await asyncio.wait_for(enough.wait(), PATIENCE_S)
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            await link.leave()

    asyncio.run(main())
    pong, leave, close = said
    assert (pong["type"], pong["t0"]) == ("pong", 77)
    assert pong["t1"] <= pong["t2"]
    assert (leave, close) == ({"type": "leave"}, {"close": 1000})


@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 503])
def test_a_refusal_is_told_in_the_relay_s_own_words(status: int) -> None:
    async def refuse(request: web.Request) -> web.StreamResponse:
        assert dict(request.query) == {"room": "kitchen", "key": "abc", "name": "Ada"}
        return web.json_response({"error": "key-wrong", "message": "this invite is not valid"}, status=status)

    async def main() -> None:
        async with answering(refuse) as address:
            with pytest.raises(RefusedError, match="this invite is not valid") as caught:
                await join(address)
            assert (caught.value.status, caught.value.code) == (status, "key-wrong")

    asyncio.run(main())


@pytest.mark.parametrize(
    "body", ["<html>Welcome to my router</html>", json.dumps([1]), json.dumps({"error": "x"}), ""]
)
def test_an_answer_that_is_no_relay_s_says_so(body: str) -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        return web.Response(text=body)

    async def main() -> None:
        async with answering(answer) as address:
            with pytest.raises(RefusedError, match="there is no streamer relay"):
                await join(address)

    asyncio.run(main())


def test_a_socket_of_another_protocol_is_left() -> None:
    async def main() -> None:
        async with relay(lambda socket: socket.receive(), protocols=["chat.v3"]) as address:
            with pytest.raises(ProtocolError, match=r"does not speak streamer\.v1"):
                await join(address)

    asyncio.run(main())


@pytest.mark.parametrize(
    ("code", "reason"),
    [(1001, "shutting down"), (4401, "no longer admitted"), (4409, "again from elsewhere"), (4999, "4999")],
)
def test_why_the_relay_closed_is_told(code: int, reason: str) -> None:
    async def main() -> None:
        async with relay(lambda socket: socket.close(code=code)) as address:
            with pytest.raises(ConnectionLostError, match=reason):
                await join(address)

    asyncio.run(main())


def test_a_connection_that_breaks_is_lost_and_not_left() -> None:
    async def break_off(socket: web.WebSocketResponse) -> None:
        transport = socket.get_extra_info("socket")
        assert transport is not None
        socket._req.transport.abort()  # type: ignore[union-attr]

    async def main() -> None:
        async with relay(break_off) as address:
            with pytest.raises(ConnectionLostError, match="was lost"):
                await join(address)

    asyncio.run(main())


@pytest.mark.parametrize(
    ("text", "reason"),
    [("not JSON", "not JSON"), ('{"type": "left"}', "talker_id")],
)
def test_a_relay_that_breaks_the_protocol_is_left_in_words(text: str, reason: str) -> None:
    async def main() -> None:
        async with relay(lambda socket: socket.send_str(text)) as address:
            with pytest.raises(ProtocolError, match=reason):
                await asyncio.wait_for(join(address), PATIENCE_S)

    asyncio.run(main())


def test_a_message_that_is_too_big_is_said_and_the_relay_may_be_asked_again() -> None:
    async def main() -> None:
        async with relay(lambda socket: socket.send_str("x" * 70_000)) as address:
            with pytest.raises(TooBigError, match="too big"):
                await asyncio.wait_for(join(address), PATIENCE_S)

    asyncio.run(main())


def test_voice_that_the_network_does_not_take_is_shed_and_never_piles_up() -> None:
    stalled = asyncio.Event()

    async def main() -> None:
        async with relay(lambda socket: stalled.wait()) as address:
            link = await Link.open(address)
            for _ in range(500):
                for _ in range(20):
                    link.send_packet(bytes(1_000))
                await asyncio.sleep(0.005)
                if link.shed > 100:
                    break
            assert link.shed > 100
            assert link._transport.get_write_buffer_size() < 4_000
            stalled.set()
            await link.leave()

    asyncio.run(main())


@asynccontextmanager
async def raw_relay(first: bytes, heard: bytearray) -> AsyncIterator[Address]:
    """Sends `first` in one write with its answer to the handshake, and gathers what comes as it is on the
    wire."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = (await reader.readuntil(b"\r\n\r\n")).decode()
        nonce = next(line for line in request.splitlines() if line.startswith("Sec-WebSocket-Key: ")).split(
            ": "
        )[1]
        accept = base64.b64encode(hashlib.sha1(nonce.encode() + GUID).digest()).decode()
        answer = ["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade"]
        answer += [f"Sec-WebSocket-Accept: {accept}", "Sec-WebSocket-Protocol: streamer.v1", "", ""]
        writer.write("\r\n".join(answer).encode() + first)
        while data := await reader.read(65_536):
            heard.extend(data)
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        yield Address(False, "127.0.0.1", server.sockets[0].getsockname()[1], "kitchen")


def test_what_comes_in_one_piece_with_the_answer_is_heard_first() -> None:
    heard: list[bytes | Message] = []

    async def main() -> None:
        close = serialize_frame(8, (1000).to_bytes(2, "big"))
        async with raw_relay(
            serialize_frame(2, b"first") + serialize_frame(2, b"second") + close, bytearray()
        ) as address:
            await asyncio.wait_for(join(address, heard), PATIENCE_S)

    asyncio.run(main())
    assert heard == [b"first", b"second"]


def test_every_frame_is_masked_with_a_key_of_its_own() -> None:
    heard = bytearray()

    async def main() -> None:
        async with raw_relay(b"", heard) as address:
            link = await Link.open(address)
            for _ in range(1_000):
                link.send_packet(bytes(8))  # zeros: masked, they are the key
                await asyncio.sleep(0)
            await link.leave()

    asyncio.run(main())
    frames = [bytes(heard[start : start + 14]) for start in range(0, 14_000, 14)]
    assert all(frame[:2] == b"\x82\x88" and frame[6:] == frame[2:6] * 2 for frame in frames)
    keys = np.array([list(frame[2:6]) for frame in frames])
    assert len(np.unique(keys, axis=0)) >= 999
    # More than four standard deviations of 1,000 random bytes.
    assert (np.abs(keys.mean(axis=0) - 127.5) < 10).all()


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        (Address(False, "127.0.0.1", 1, "kitchen"), r"No relay answers at 127\.0\.0\.1:1"),
        (
            Address(True, "no-such-computer.invalid", 8443, "kitchen"),
            "Can't find a computer called no-such-computer",
        ),
    ],
)
def test_nobody_there_is_told_in_words(address: Address, reason: str) -> None:
    with pytest.raises(ConnectionLostError, match=reason):
        asyncio.run(join(address))


def test_tls_where_there_is_none_and_none_where_there_is_tls_are_told_apart(tmp_path: Path) -> None:
    tls, _ = identity(tmp_path, ["127.0.0.1"])

    async def refuse(request: web.Request) -> web.StreamResponse:
        raise AssertionError("nobody comes so far")

    async def main() -> None:
        async with answering(refuse) as plain:
            with pytest.raises(ConnectionLostError, match="use http://"):
                await join(Address(True, plain.host, plain.port, "kitchen"))
        async with answering(refuse, tls) as secure:
            with pytest.raises(ConnectionLostError, match="use https://"):
                await join(Address(False, secure.host, secure.port, "kitchen"))

    asyncio.run(main())


def test_a_certificate_is_trusted_only_with_its_authority_and_for_its_address(tmp_path: Path) -> None:
    ours, our_ca = identity(tmp_path / "ours", ["127.0.0.1"])
    elsewhere, elsewhere_ca = identity(tmp_path / "elsewhere", ["192.168.1.20"])

    async def echo(request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse(protocols=["streamer.v1"])
        await socket.prepare(request)
        await socket.close()
        return socket

    async def fails(tls: ssl.SSLContext, ca_file: Path | None, reason: str) -> None:
        async with answering(echo, tls) as address:
            with pytest.raises(CertificateError, match=reason):
                await join(address, ca_file=ca_file)

    async def main() -> None:
        async with answering(echo, ours) as address:
            await join(address, ca_file=our_ca)
        await fails(
            ours, None, r"is not from an authority that .*: pass --ca FILE .* http://127\.0\.0\.1:\d+/ca\.pem"
        )
        await fails(ours, elsewhere_ca, "is not from the authority in .*elsewhere")
        await fails(elsewhere, elsewhere_ca, r"is not for 127\.0\.0\.1: use the address that the relay shows")

    asyncio.run(main())


@pytest.mark.parametrize(
    ("content", "reason"), [(None, "can't be read: No such file"), ("no PEM", "is not a PEM certificate")]
)
def test_an_authority_that_can_t_be_used_is_named(tmp_path: Path, content: str | None, reason: str) -> None:
    ca_file = tmp_path / "ca.pem"
    if content is not None:
        ca_file.write_text(content)
    with pytest.raises(StreamerError, match=reason):
        asyncio.run(join(Address(True, "127.0.0.1", 1, "kitchen"), ca_file=ca_file))


@pytest.mark.parametrize("loop", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_over_tls_all_voice_goes_out_in_order(
    tmp_path: Path, loop: Callable[[], asyncio.AbstractEventLoop]
) -> None:
    tls, ca_file = identity(tmp_path, ["127.0.0.1"])
    packets = [number.to_bytes(2, "big") * 50 for number in range(300)]
    heard: list[bytes] = []

    async def gather(request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse(protocols=["streamer.v1"])
        await socket.prepare(request)
        async for message in socket:
            heard.append(message.data)
        return socket

    async def main() -> None:
        async with answering(gather, tls) as address:
            link = await Link.open(address, ca_file=ca_file)
            for packet in packets:
                link.send_packet(packet)
                await asyncio.sleep(0.001)
            await link.leave()
            assert link.shed == 0

    with asyncio.Runner(loop_factory=loop) as runner:
        runner.run(main())
    assert heard[: len(packets)] == packets


async def read_on(socket: web.WebSocketResponse) -> None:
    """Answers pings, and says nothing else."""
    async for _ in socket:
        pass


def test_a_relay_with_nothing_to_say_is_still_there() -> None:
    async def main() -> None:
        async with relay(read_on) as address:
            link = await Link.open(address)
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(
                    link.run(lambda data, now: None, lambda message, now: None), SILENT_S + 1
                )
            await link.leave()

    asyncio.run(main())


def test_a_relay_that_answers_no_ping_is_gone() -> None:
    async def main() -> None:
        async with raw_relay(b"", bytearray()) as address:
            with pytest.raises(ConnectionLostError, match=f"has said nothing for {SILENT_S} s"):
                await asyncio.wait_for(join(address), SILENT_S + PATIENCE_S)

    asyncio.run(main())


def test_voice_goes_out_at_once() -> None:
    arrived: list[WSMsgType] = []

    async def talk(socket: web.WebSocketResponse) -> None:
        arrived.append((await socket.receive()).type)
        await socket.close()

    async def main() -> None:
        async with relay(talk) as address:
            link = await Link.open(address)
            link.send_packet(b"packet")
            await asyncio.wait_for(link.run(lambda data, now: None, lambda message, now: None), PATIENCE_S)
            await link.leave()

    asyncio.run(main())
    assert arrived == [WSMsgType.BINARY]
