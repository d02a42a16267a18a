"""Requests of a leg over plain HTTP that no client would make: they cost the relay no more than a
client's."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from relay_fixture import KEY, PATIENCE_S, House

from streamer.relay.access.limits import RelayLimits
from streamer.relay.http import carrier
from streamer.relay.http.carrier import MAX_CONNECTIONS
from streamer.relay.network.turnstile import Turnstile
from streamer.relay.network.visitor import Visitor
from streamer.wire.packet import Packet


async def opened(house: House) -> str:
    async with house.http.post(f"{house.url}/leg", params={"room": "home", "key": KEY}) as answer:
        return str((await answer.json())["leg"])


def request(method: str, target: str, *lines: str, body: bytes = b"") -> bytes:
    head = [f"{method} {target} HTTP/1.1", "Host: 127.0.0.1:9", *lines]
    if method == "POST":
        head.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*head, "", ""]).encode() + body


@asynccontextmanager
async def listened_to(house: House, leg: str) -> AsyncIterator[None]:
    """The leg lives while its stream is read."""
    async with house.http.get(f"{house.url}/leg", params={"leg": leg, "from": 0}) as stream:

        async def read() -> None:
            async for _ in stream.content.iter_any():
                pass

        reading = asyncio.create_task(read())
        try:
            yield
        finally:
            reading.cancel()
            with suppress(asyncio.CancelledError):
                await reading


TRIES = 30
CLAIMS = {
    "where nothing is": ("GET", "/nothing/leg?leg={leg}", []),
    "with a method that there is not": ("PUT", "/leg?leg={leg}&from=0", []),
    "from a page of another site": ("POST", "/leg?leg={leg}&at=0&from=0", ["Origin: https://evil.example"]),
    "without a host": ("POST", "/leg?leg={leg}&at=0&from=0", ["Host: b"]),
    "with nonsense": ("GET", "/leg?leg={leg}&from=x", []),
}


@pytest.mark.parametrize("case", CLAIMS.values(), ids=CLAIMS.keys())
async def test_whatever_names_a_session_takes_no_more_connections_than_it_may_have(
    case: tuple[str, str, list[str]],
) -> None:
    """A request that is refused is one, too."""
    method, target, lines = case
    limits = RelayLimits(max_handshakes_per_address=8, handshake_s=300, deadline_ms=30_000)
    async with House.open(limits=limits) as house:
        leg = await opened(house)
        async with listened_to(house, leg):
            kept = []
            for _ in range(TRIES):
                reader, writer = await asyncio.open_connection("127.0.0.1", house.port)
                with suppress(OSError, asyncio.IncompleteReadError):
                    writer.write(request(method, target.format(leg=leg), *lines))
                    await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), PATIENCE_S)
                kept.append((asyncio.create_task(read_to_the_end(reader)), writer))
            most = limits.max_handshakes_per_address + MAX_CONNECTIONS
            ends = asyncio.as_completed([reading for reading, _ in kept], timeout=PATIENCE_S)
            for _ in range(TRIES - int(most)):
                await next(ends)
            for reading, writer in kept:
                writer.close()
                await reading


async def read_to_the_end(reader: asyncio.StreamReader) -> None:
    with suppress(OSError):
        await reader.read()


async def never_reading(house: House, target: str) -> socket.socket:
    peer = socket.socket()
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2_048)
    peer.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.sock_connect(peer, ("127.0.0.1", house.port))
    await loop.sock_sendall(peer, request("GET", target))
    return peer


def states(port: int) -> list[str]:
    """Of the relay's ends of its connections, as the kernel tells them."""
    with open("/proc/net/tcp") as table:
        rows = [line.split() for line in table.readlines()[1:]]
    return [row[3] for row in rows if row[1].endswith(f":{port:04X}") and row[3] != "0A" and row[9] != "0"]


@pytest.mark.parametrize("form", ["", "&events=1"])
async def test_streams_that_nobody_reads_do_not_pile_up(form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(carrier, "LINGER_S", 0.5)
    async with House.open(
        limits=RelayLimits(bytes_per_s=1e9, messages_per_s=100_000, deadline_ms=30_000)
    ) as house:
        leg = await opened(house)
        async with house.http.get(f"{house.url}/leg", params={"leg": leg, "from": 0}) as stream:
            talker = await house.enter()
            packet = Packet(seq=1, timestamp=0, payload=bytes(1_200)).serialize()
            said = b""
            while len(said) < 200_000:
                for _ in range(10):
                    await talker.socket.send_bytes(packet)
                said += await asyncio.wait_for(stream.content.readany(), PATIENCE_S)
        before = len(states(house.port))
        peers = [await never_reading(house, f"/leg?leg={leg}&from=0{form}") for _ in range(30)]
        try:
            await house.wait_for_metric(
                f'streamer_fallback_total{{event="{"event_" if form else ""}streams"}}', 30 if form else 31
            )
            async with asyncio.timeout(PATIENCE_S):
                while len(states(house.port)) > before + 2:  # the newest, and the one before, for a while
                    await asyncio.sleep(0.05)
        finally:
            for peer in peers:
                peer.close()


class Reader(asyncio.Protocol):
    """Who reads the requests."""

    def __init__(self) -> None:
        self.read = b""

    def data_received(self, data: bytes) -> None:
        self.read += data


class Peer(asyncio.Transport):
    """Whose bytes they are."""

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...

    def is_closing(self) -> bool:
        return False

    def abort(self) -> None: ...

    def close(self) -> None: ...


STEPS = st.one_of(
    st.integers(1, 300_000), st.sampled_from(["a member's", "a stranger's", "a sound", "an end"])
)


@settings(deadline=None)
@given(st.lists(STEPS, max_size=20))
def test_what_follows_bytes_that_were_dropped_is_never_read(steps: list[int | str]) -> None:
    """Else a request could begin anywhere, in the middle of another one's body."""

    async def run() -> tuple[bytes, bytes, bool]:
        reader = Reader()
        visitor = Visitor("10.0.0.1", 10, Turnstile(1e9), lambda visitor: None).answered_by(lambda: reader)
        visitor.connection_made(Peer())
        sent, number = b"", 0
        for step in steps:
            if isinstance(step, int):
                number += 1
                data = bytes([number]) * step
                sent += data
                visitor.data_received(data)
            elif step == "an end":
                visitor.end_request()
            else:
                await visitor.begin_request(may_be_long=step == "a sound", is_member=step == "a member's")
                if step == "a sound":
                    visitor.take_long(500_000, 10)
        visitor.end_request()
        read, is_fresh = reader.read, visitor.is_fresh
        visitor.end()
        return sent, read, is_fresh

    sent, read, is_fresh = asyncio.run(asyncio.wait_for(run(), PATIENCE_S))
    assert sent.startswith(read)
    assert len(read) == len(sent) or not is_fresh
