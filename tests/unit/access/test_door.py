"""What a device without an invite can do at the door: take its share of places for a short time, and no
more."""

import asyncio
import json
import os
import resource
import socket
import ssl
import struct
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

import aiohttp
import pytest
from relay_fixture import HOST_KEY, KEY, Guest, House

from streamer.errors import RefusedError
from streamer.relay.access.invites import Invite, InviteStore
from streamer.relay.access.leaky_buckets import MAX_SOURCES, LeakyBuckets
from streamer.relay.access.limits import RelayLimits
from streamer.relay.access.open_files import OWN_FILES, Places
from streamer.relay.access.source import plain_address, source_of
from streamer.relay.http.device_checks import BURST, KEPT, Checks
from streamer.relay.network.turnstile import Turnstile
from streamer.relay.network.waiting import KEPT_PLACES, Waiting
from streamer.relay.rooms.lobby import Lobby
from streamer.relay.rooms.regulars import MAX_ADDRESSES, Regulars
from streamer.relay.rooms.session import RESUME_S, SESSIONS_PER_CONNECTION
from streamer.relay.rooms.used_rooms import MAX_EMPTY_ROOMS
from streamer.relay.tls.authority import Authority

# What an address is


@pytest.mark.parametrize(
    ("address", "plain", "source"),
    [
        ("192.168.1.7", "192.168.1.7", "192.168.1.7"),
        ("::ffff:192.168.1.7", "192.168.1.7", "192.168.1.7"),
        ("::ffff:c0a8:107", "192.168.1.7", "192.168.1.7"),
        ("2001:db8:0:1::7", "2001:db8:0:1::7", "2001:db8:0:1::/64"),
        ("2001:DB8:0:1:ffff:ffff:ffff:ffff", "2001:db8:0:1:ffff:ffff:ffff:ffff", "2001:db8:0:1::/64"),
        ("fe80::1%eth0", "fe80::1", "fe80::/64"),
        ("::1", "::1", "::/64"),
        ("", "", ""),
    ],
)
def test_an_address_counts_in_one_form(address: str, plain: str, source: str) -> None:
    assert (plain_address(address), source_of(address)) == (plain, source)


# Who gets a place


@dataclass(eq=False)
class Stranger:
    address: str

    @property
    def source(self) -> str:
        return source_of(self.address)


def fill(waiting: Waiting[Stranger], address: str, count: int) -> list[Stranger | None]:
    return [waiting.add(Stranger(address)) for _ in range(count)]


def test_beyond_its_share_an_address_loses_its_own_oldest() -> None:
    waiting: Waiting[Stranger] = Waiting(100, 2)
    first, other = Stranger("10.0.0.1"), Stranger("10.0.0.2")
    assert waiting.add(other) is None
    assert waiting.add(first) is None
    assert fill(waiting, "10.0.0.1", 2) == [None, first]
    assert len(waiting) == 3


def test_where_all_places_are_taken_the_address_that_holds_most_gives_one() -> None:
    waiting: Waiting[Stranger] = Waiting(10, 8)
    fill(waiting, "10.0.0.1", 7)
    fill(waiting, "10.0.0.2", 3)
    for number in range(3, 9):
        taken = waiting.add(Stranger(f"10.0.0.{number}"))
        assert taken is not None
        assert taken.address in ("10.0.0.1", "10.0.0.2")
    assert len(waiting) == 10


@pytest.mark.parametrize("addresses", [1, 2, 64, 249])
def test_a_newcomer_gets_a_place_however_many_addresses_hang(addresses: int) -> None:
    waiting: Waiting[Stranger] = Waiting(256, 64)
    for number in range(1_000):
        waiting.add(Stranger(f"127.0.0.{number % addresses + 2}"))
    ben = Stranger("192.168.1.7")
    assert waiting.add(ben) is not ben
    assert ben in list(waiting)
    assert len(waiting) == min(256, 64 * addresses + 1)


def test_the_addresses_of_one_network_with_ipv6_share_their_places_and_a_newcomer_gets_one() -> None:
    waiting: Waiting[Stranger] = Waiting(256, 64)
    fill(waiting, "2001:db8::1", 300)
    ben = Stranger("2001:db8::2")
    assert waiting.add(ben) is not ben
    for number in range(3, 60):
        waiting.add(Stranger(f"2001:db8::{number:x}"))
    assert ben in list(waiting)
    assert len(waiting) == 64


def test_the_places_of_who_was_a_member_lately_are_taken_by_nobody() -> None:
    waiting: Waiting[Stranger] = Waiting(256, 64, lambda address: address == "10.0.0.9")
    members = [Stranger("10.0.0.9") for _ in range(KEPT_PLACES)]
    for member in members:
        waiting.add(member)
    for number in range(5_000):
        waiting.add(Stranger(f"10.0.{number % 250}.{number % 7}"))
    assert set(members) <= set(waiting)


def test_somebody_who_was_a_member_lately_keeps_so_many_places_and_shares_the_rest() -> None:
    waiting: Waiting[Stranger] = Waiting(256, 64, lambda address: address == "10.0.0.9")
    fill(waiting, "10.0.0.9", 64)
    for number in range(300):
        waiting.add(Stranger(f"10.1.{number // 250}.{number % 250}"))
    assert sum(each.address == "10.0.0.9" for each in waiting) == KEPT_PLACES


def test_somebody_who_is_gone_holds_no_place() -> None:
    waiting: Waiting[Stranger] = Waiting(2, 2)
    ada = Stranger("10.0.0.1")
    waiting.add(ada)
    waiting.discard(ada)
    waiting.discard(ada)
    assert (len(waiting), list(waiting)) == (0, [])


def test_an_address_is_a_regular_while_somebody_may_come_back_to_it() -> None:
    regulars = Regulars()
    regulars.entered("::ffff:10.0.0.1")
    regulars.entered("10.0.0.1")
    regulars.left("10.0.0.1", 5.0)
    assert regulars.has("10.0.0.1", 1e9)
    regulars.left("10.0.0.1", 10.0)
    assert regulars.has("10.0.0.1", 9.0 + RESUME_S)
    assert not regulars.has("10.0.0.1", 10.0 + RESUME_S)


def test_the_table_of_regulars_is_bounded_and_members_stay_in_it() -> None:
    regulars = Regulars()
    regulars.entered("10.0.0.1")
    for number in range(3 * MAX_ADDRESSES):
        address = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
        regulars.entered(address)
        regulars.left(address, 1.0)
    assert regulars.has("10.0.0.1", 2.0)
    assert (
        sum(regulars.has(f"10.0.{number >> 8}.{number & 255}", 2.0) for number in range(4_096))
        <= MAX_ADDRESSES + 1
    )


def test_a_table_of_buckets_is_bounded() -> None:
    buckets = LeakyBuckets(2, 1)
    for number in range(2 * MAX_SOURCES):
        buckets.try_take(f"2001:db8:{number:x}::1", 1.0)
    assert len(buckets) == MAX_SOURCES


@pytest.mark.parametrize("files", [64, 128, 256, 1_024, 20_000, 1_000_000])
def test_connections_never_need_more_files_than_there_may_be(files: int) -> None:
    places = Places.of(files, RelayLimits())
    assert places.visitors + places.members + OWN_FILES <= max(files, OWN_FILES + places.visitors + 1)
    assert 0 <= places.kept < places.members
    assert 8 <= places.visitors <= 256


# In turn


async def test_a_crowd_of_one_address_lets_another_through_after_one_of_its_own() -> None:
    turnstile, order = Turnstile(100), []
    for number in range(100):
        turnstile.enter("crowd", lambda number=number: order.append(f"crowd {number}"))
    turnstile.enter("ben", lambda: order.append("ben"))
    while len(order) < 101:
        await asyncio.sleep(0)
    assert order[:3] == ["crowd 0", "ben", "crowd 1"]
    assert order[3:] == [f"crowd {number}" for number in range(2, 100)]


async def test_between_two_of_a_crowd_the_event_loop_does_other_work() -> None:
    turnstile, order = Turnstile(100), []
    loop = asyncio.get_running_loop()

    def act() -> None:
        order.append("crowd")
        loop.call_soon(order.append, "voice")

    for _ in range(10):
        turnstile.enter("crowd", act)
    while len(order) < 20:
        await asyncio.sleep(0)
    assert "crowd crowd crowd" not in " ".join(order)


async def test_an_address_that_asks_too_much_waits_by_itself() -> None:
    turnstile = Turnstile(100)
    loop = asyncio.get_running_loop()
    began = loop.time()
    for _ in range(1_000):
        await turnstile.passed("crowd")
    waiting = [asyncio.create_task(turnstile.passed("crowd")) for _ in range(100)]
    async with asyncio.timeout(5):
        for _ in range(20):
            await turnstile.passed("ben")
    await asyncio.gather(*waiting)
    assert loop.time() - began > 0.9


# Real sockets

HANDSHAKE_S = 3.0
CROWD = 260
REQUEST = b"GET /healthz HTTP/1.1\r\nHost: x\r\n"


def hello() -> bytes:
    """The ClientHello of a handshake that never goes on."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    with pytest.raises(ssl.SSLWantReadError):
        context.wrap_bio(incoming, outgoing).do_handshake()
    return outgoing.read()


PLAIN = {
    "silent": b"",
    "half a header": REQUEST + b"X-Slow: ",
    "half a body": b"POST /check HTTP/1.1\r\nHost: x\r\nContent-Length: 8000\r\n\r\n{",
    "half a chunk": b"POST /check HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n40\r\n{",
    "kept alive": REQUEST + b"\r\n",
    "many requests": (REQUEST + b"\r\n") * 200,
    "half a body that nobody reads": REQUEST + b"Content-Length: 80\r\n\r\n{",
    "a probe that never closes": (
        b"GET /trust HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    ),
}
TLS = {"no hello": b"", "a byte": b"\x16", "half a hello": hello()[:60], "half a handshake": hello()}


@asynccontextmanager
async def crowd(
    port: int, said: bytes, count: int = CROWD, source: str = "127.0.0.1"
) -> AsyncIterator[list[socket.socket]]:
    """So many connections that have said this, and wait, and read nothing."""
    lines = [socket.socket() for _ in range(count)]
    try:
        for number, line in enumerate(lines):
            line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
            line.setblocking(False)
            line.bind((source.format(number % 249 + 2), 0))
            with_no_wait(lambda line=line: line.connect(("127.0.0.1", port)))
            await asyncio.sleep(0)
        for line in lines:
            with_no_wait(lambda line=line: line.send(said))
        yield lines
    finally:
        for line in lines:
            line.close()


def with_no_wait(act: Callable[[], object]) -> None:
    try:
        act()
    except (BlockingIOError, ConnectionError):
        return


def is_open(line: socket.socket) -> bool:
    try:
        while line.recv(65_536):
            pass
    except BlockingIOError:
        return True
    except OSError:
        pass
    return False


async def join(house: House, source: str, tls: ssl.SSLContext | None = None, **query: str) -> Guest:
    """Enter from another address of this machine, as a device that waits a second at most."""
    connector = aiohttp.TCPConnector(local_addr=(source, 0))
    scheme = "https" if tls else "http"
    async with aiohttp.ClientSession(connector=connector) as http, asyncio.timeout(HANDSHAKE_S):
        other = House(http, house.port)
        other.url = f"{scheme}://127.0.0.1:{house.port}"
        other.http._default_ssl = tls  # type: ignore[attr-defined]
        query = {"room": "home", "key": KEY, **query}
        ws = await http.ws_connect(
            f"{other.url}/ws", params=query, protocols=["streamer.v1"], ssl=tls or True
        )
        guest = Guest(ws)
        guest.welcome = await guest.text("welcome")
        await ws.close()
    return guest


async def ends_in_time(lines: list[socket.socket], began: float) -> None:
    """Every connection is closed by the relay, soon after the promised time."""
    while sum(is_open(line) for line in lines):  # each is read, so that its buffer does not fill
        assert monotonic() - began < 3 * HANDSHAKE_S + 5, "they are still open"
        await asyncio.sleep(0.05)


@pytest.mark.parametrize("state", PLAIN)
async def test_somebody_who_hangs_without_tls_keeps_nobody_out_and_is_out_in_time(state: str) -> None:
    limits = RelayLimits(handshake_s=HANDSHAKE_S)
    async with House.open(limits=limits) as house:
        began = monotonic()
        async with crowd(house.port, PLAIN[state]) as lines:
            for number in range(3):
                await join(house, f"127.0.0.{number + 9}")
            await ends_in_time(lines, began)


@pytest.mark.parametrize("state", TLS)
async def test_somebody_who_hangs_in_the_handshake_of_tls_keeps_nobody_out_and_is_out_in_time(
    state: str, tmp_path: Path
) -> None:
    authority = Authority(tmp_path)
    tls = authority.leaf(["localhost"], ["127.0.0.1"]).server_context()
    trusting = ssl.create_default_context(cafile=str(authority.certificate_path))
    async with House.open(limits=RelayLimits(handshake_s=HANDSHAKE_S), tls=tls) as house:
        began = monotonic()
        async with crowd(house.port, TLS[state]) as lines:
            for number in range(3):
                await join(house, f"127.0.0.{number + 9}", trusting)
            await ends_in_time(lines, began)


async def test_a_thousand_connections_of_one_address_keep_nobody_out() -> None:
    async with (
        House.open(limits=RelayLimits(handshake_s=30)) as house,
        crowd(house.port, PLAIN["half a body"], 1_000),
    ):
        await join(house, "127.0.0.9")
        assert await house.metric("streamer_handshakes") <= 65


async def test_connections_of_249_addresses_keep_nobody_out() -> None:
    said = PLAIN["half a header"]
    limits = RelayLimits(handshake_s=30)
    async with House.open(limits=limits) as house, crowd(house.port, said, 747, source="127.0.0.{}"):
        await join(house, "127.0.1.9")
        assert await house.metric("streamer_handshakes") <= 256


async def test_nothing_extends_the_time_of_a_connection_that_goes_on_asking() -> None:
    async with House.open(limits=RelayLimits(handshake_s=1)) as house:
        reader, writer = await asyncio.open_connection("127.0.0.1", house.port)
        began = monotonic()
        ended = asyncio.create_task(reader.read())
        while not ended.done() and monotonic() - began < 10:
            writer.write(REQUEST + b"\r\n")
            await asyncio.wait([ended], timeout=0.05)
        assert ended.done()
        writer.close()


async def test_an_answer_late_in_its_time_says_that_the_connection_closes() -> None:
    async with House.open(limits=RelayLimits(handshake_s=3)) as house:
        reader, writer = await asyncio.open_connection("127.0.0.1", house.port)
        await asyncio.sleep(0.5)  # with a header begun, it is not idle
        writer.write(REQUEST)
        await asyncio.sleep(0.7)
        writer.write(b"\r\n")
        answer = await reader.read()
        assert answer.startswith(b"HTTP/1.1 200")
        assert b"connection: close" in answer.lower()
        writer.close()


async def _write_without_end(writer: asyncio.StreamWriter) -> None:
    """Until the relay hangs up."""
    while True:
        writer.write(b"X: %s\r\n" % (b"x" * 4_000))
        await writer.drain()


async def test_a_request_without_end_takes_no_memory_without_end() -> None:
    async with House.open(limits=RelayLimits(handshake_s=30)) as house:
        _, writer = await asyncio.open_connection("127.0.0.1", house.port)
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n")
        async with asyncio.timeout(20):
            await asyncio.gather(_write_without_end(writer), return_exceptions=True)
        writer.transport.abort()
        assert await house.metric("streamer_handshakes") <= 2


# Members come first


def reception(
    max_members: int = 4, max_per_address: int = 3, *, is_open: bool = False, files: int = 10_000
) -> Lobby:
    limits = RelayLimits(max_members=max_members, max_per_address=max_per_address)
    admission = InviteStore({"home": Invite(KEY)}, HOST_KEY, is_open=is_open)
    return Lobby(admission, limits, Places.of(files, limits), lambda seconds, act: None)


async def test_a_full_room_lets_the_host_in_and_who_comes_back() -> None:
    async with House.open(limits=RelayLimits(max_members=2)) as house:
        ada = await house.enter()
        resume = ada.welcome["resume"]
        await ada.socket.close()
        while await house.metric("streamer_connections"):
            await asyncio.sleep(0.01)
        members = [await house.enter(), await house.enter()]
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await house.socket()
        assert refused.value.status == 429
        members.append(await house.enter(key=HOST_KEY))
        members.append(await house.enter(resume=resume))
        assert [len(member.welcome["members"]) for member in members] == [0, 1, 2, 3]


async def test_an_address_that_has_all_its_connections_lets_the_host_in_and_who_comes_back() -> None:
    async with House.open(limits=RelayLimits(max_per_address=2)) as house:
        members = [await house.enter(), await house.enter()]
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await house.socket()
        members.append(await house.enter(key=HOST_KEY))
        members.append(await house.enter(resume=members[0].welcome["resume"]))
        assert await members[0].close_code() == 4409


def test_a_relay_that_is_full_keeps_places_for_the_host_and_who_comes_back() -> None:
    rooms = reception(100_000, 100_000, files=128)
    places = Places.of(128, RelayLimits())
    sessions = []
    for _ in range(places.members - places.kept):
        entry = rooms.receive({"room": "home", "key": KEY}, "10.0.0.1")
        rooms.entered(entry, "10.0.0.1")
        sessions.append(entry.session)
    with pytest.raises(RefusedError) as refusal:
        rooms.receive({"room": "home", "key": KEY}, "10.0.0.1")
    assert (refusal.value.status, refusal.value.code) == (429, "too-many")
    rooms.entered(rooms.receive({"room": "home", "key": HOST_KEY}, "10.0.0.2"), "10.0.0.2")
    rooms.entered(rooms.receive({"room": "home", "resume": sessions[0].token}, "10.0.0.3"), "10.0.0.3")


def test_nobody_gathers_sessions_to_come_back_with_all_at_once() -> None:
    rooms = reception(100_000, 3)
    for _ in range(100):
        entry = rooms.receive({"room": "home", "key": KEY}, "10.0.0.1")
        rooms.entered(entry, "10.0.0.1")
        entry.session.ended = 0.0
        rooms.left(entry, "10.0.0.1")
    assert len(rooms._sessions) == 3 * SESSIONS_PER_CONNECTION


# What a stranger can name


def test_rooms_that_anybody_may_open_are_bounded_and_what_was_written_most_in_stays() -> None:
    rooms = reception(is_open=True)
    home = rooms.receive({"room": "home"}, "10.0.0.1").room
    for word in ("one", "two"):
        home.history.add("Ada", word, 0.0)
    for number in range(3 * MAX_EMPTY_ROOMS):
        room = rooms.receive({"room": f"room{number}"}, f"10.0.{number % 5}.1").room
        room.history.add("Eve", "x", 0.0)
    assert len(list(rooms.used)) <= MAX_EMPTY_ROOMS + 1
    assert rooms.receive({"room": "home"}, "10.0.0.1").room is home


def test_the_results_of_one_address_push_out_only_its_own() -> None:
    checks = Checks()
    body = json.dumps(
        {"browser": "Firefox", "rows": [{"name": "microphone", "state": "passes", "words": ""}]}
    ).encode()
    for number in range(5):
        checks.add(body, f"10.0.0.{number + 10}", 0.0, 0.0)
    for _ in range(BURST):
        checks.add(body, "10.0.0.1", 0.0, 0.0)
    assert len(checks.newest) == KEPT
    assert {f"10.0.0.{number + 10}" for number in range(5)} < {check.address for check in checks.newest}
    with pytest.raises(RefusedError):
        checks.add(body, "10.0.0.1", 0.0, 0.0)
    checks.add(body, "10.0.0.2", 0.0, 0.0)


async def test_the_room_echo_has_so_many_members_of_one_address_and_in_all() -> None:
    async with House.open(limits=RelayLimits(max_echo=3, max_echo_per_address=2)) as house:
        members = [await house.enter("echo", key="") for _ in range(3)]
        assert await members[0].close_code() == 4408
        while await house.metric("streamer_connections") > 2:
            await asyncio.sleep(0.01)
        members.append(await house.enter())


async def test_somebody_who_floods_the_room_echo_is_disconnected() -> None:
    async with House.open() as house:
        eve = await house.enter("echo", key="")
        for number in range(600):
            await eve.socket.send_bytes(
                b"\x01\x00\x00\x00" + struct.pack("!HI", number, number * 480) + b"voice"
            )
        assert await eve.close_code() in (4429, 4400)


def test_few_files_are_shared_so_that_strangers_do_not_take_them_all(tmp_path: Path) -> None:
    """A relay that may have 128 open files, and 400 connections that hang, from many addresses."""
    done = subprocess.run(
        [sys.executable, __file__],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (128, 128)),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout.split() == ["joined", "joined", "joined"], done.stderr


async def _serve_with_few_files() -> None:
    """In the process with few files; a second one, which has enough, hangs at the door."""
    async with House.open() as house:
        hanging = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            HANG,
            str(house.port),
            stdout=asyncio.subprocess.PIPE,
            stdin=asyncio.subprocess.PIPE,
        )
        assert hanging.stdout
        assert hanging.stdin
        await hanging.stdout.readline()
        for _ in range(3):
            await join(house, "127.0.1.9")
            print("joined")
        hanging.stdin.close()
        await hanging.wait()


HANG = """
import socket, sys
lines = []
for number in range(110):
    line = socket.socket()
    line.bind((f"127.0.0.{number % 100 + 2}", 0))
    line.connect(("127.0.0.1", int(sys.argv[1])))
    lines.append(line)
print("hanging", flush=True)
sys.stdin.read()
"""

if __name__ == "__main__":
    asyncio.run(_serve_with_few_files())
