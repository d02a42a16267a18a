"""What a relay bears: each limit met by real sockets, told in words, counted, and nobody else the worse for
it."""

import asyncio
import resource
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from time import monotonic

import aiohttp
import pytest
from relay_fixture import PACKET, PATIENCE_S, House

from streamer.relay.access.limits import RelayLimits
from streamer.relay.tls.authority import Authority

HANDSHAKE_S = 0.4


@asynccontextmanager
async def stranger(house: House) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", house.port)
    try:
        yield reader, writer
    finally:
        writer.close()


async def hung_up(reader: asyncio.StreamReader) -> bool:
    """Whether the relay ends the connection in time; what it says before doesn't matter."""
    try:
        await asyncio.wait_for(reader.read(), PATIENCE_S)
    except ConnectionResetError:
        return True
    except TimeoutError:
        return False
    return True


async def test_a_full_room_refuses_in_words_until_somebody_leaves() -> None:
    async with House.open(limits=RelayLimits(max_members=2)) as house:
        ada, grace = await house.enter(), await house.enter()
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await house.socket()
        assert refused.value.status == 429
        await ada.socket.close()
        await grace.text("left")
        assert len((await house.enter()).welcome["members"]) == 1


async def test_an_address_has_so_many_connections_and_no_more() -> None:
    async with House.open(limits=RelayLimits(max_per_address=2)) as house:
        ada, grace = await house.enter(), await house.enter()
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await house.socket(room="echo")
        assert refused.value.status == 429
        await ada.socket.close()
        await house.wait_for_metric("streamer_connections", 1)
        await house.enter()
        assert not grace.socket.closed


async def test_beyond_so_many_handshakes_the_oldest_is_hung_up_on_and_who_is_in_does_not_count() -> None:
    async with House.open(limits=RelayLimits(max_handshakes=4)) as house:
        members = [await house.enter() for _ in range(6)]
        async with stranger(house) as (oldest, _), stranger(house), stranger(house):
            await house.wait_for_metric("streamer_handshakes", 4)  # those three, and who asks
            async with stranger(house):
                assert await hung_up(oldest)
            assert await house.metric("streamer_refused_at_the_door") == 1
        assert await members[-1].hears_nothing()
        await house.enter()


@pytest.mark.parametrize("said", [b"", b"GET /ws?room=home HTTP/1.1\r\nX-Slow: "])
async def test_a_handshake_that_never_ends_is_dropped(said: bytes) -> None:
    async with (
        House.open(limits=RelayLimits(handshake_s=HANDSHAKE_S)) as house,
        stranger(house) as (reader, writer),
    ):
        began = monotonic()
        writer.write(said)
        assert await hung_up(reader)
        assert monotonic() - began > HANDSHAKE_S * 0.9


async def test_a_handshake_that_goes_on_letter_by_letter_is_dropped_as_well() -> None:
    async with (
        House.open(limits=RelayLimits(handshake_s=HANDSHAKE_S)) as house,
        stranger(house) as (reader, writer),
    ):
        writer.write(b"GET /ws?room=home HTTP/1.1\r\nX-Slow: ")
        ending = asyncio.create_task(hung_up(reader))
        while not ending.done():
            writer.write(b"x")
            await asyncio.wait([ending], timeout=0.1)
        assert await ending


async def test_a_tls_handshake_that_never_ends_is_dropped(tmp_path: Path) -> None:
    tls = Authority(tmp_path).leaf(["localhost"], ["127.0.0.1"]).server_context()
    limits = RelayLimits(handshake_s=HANDSHAKE_S)
    async with House.open(limits=limits, tls=tls) as house, stranger(house) as (reader, writer):
        writer.write(b"\x16\x03\x01\x02\x00\x01")  # how a ClientHello begins
        assert await hung_up(reader)


async def test_a_member_stays_though_the_time_for_handshakes_is_over() -> None:
    async with House.open(limits=RelayLimits(handshake_s=HANDSHAKE_S)) as house:
        ada = await house.enter()
        await asyncio.sleep(3 * HANDSHAKE_S)
        assert await ada.hears_nothing()


async def test_metrics_count_what_passed() -> None:
    async with House.open() as house:
        ada, grace, bob = [await house.enter() for _ in range(3)]
        for _ in range(5):
            await ada.socket.send_bytes(PACKET.serialize())
        for _ in range(5):
            await grace.packet()
            await bob.packet()
        bad = await house.socket()
        assert bad._writer is not None
        bad._writer.transport.write(b"\xff\xff")
        await house.wait_for_metric('streamer_parse_failures_total{cause="reserved-bits"}', 1)
        assert await house.metric("streamer_packets_in_total") == 5
        assert await house.metric("streamer_deliveries_total") == 10
        assert await house.metric("streamer_rooms") == 1
        assert await house.metric("streamer_bytes_in_total") >= 5 * len(PACKET.serialize())
        assert await house.metric("streamer_bytes_out_total") > 10 * len(PACKET.serialize())
        assert await house.metric('streamer_shed_total{cause="late"}') == 0
        assert await house.metric("streamer_event_loop_lag_seconds_count") >= 0


def test_the_file_limit_is_raised_as_far_as_allowed() -> None:
    say = "import resource; from streamer.relay.access.limits import raise_file_limit as up; up();"
    say += "print(*resource.getrlimit(resource.RLIMIT_NOFILE))"
    done = subprocess.run(
        [sys.executable, "-c", say],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (256, 1_024)),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["1024", "1024"]
