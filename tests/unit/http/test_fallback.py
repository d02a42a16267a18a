"""A leg over plain HTTP: the same frames, whatever a proxy does, and back to a WebSocket without a gap."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st
from misbehaving_proxy import Proxy, misbehaving
from relay_fixture import HOST_KEY, KEY, PACKET, PATIENCE_S, Guest, House

from streamer.client import handshake, http_transport, stream_limits, way
from streamer.client.connection import Link
from streamer.client.event_lines import EventLines
from streamer.client.http_transport import HttpTransport
from streamer.client.reconnecting import Line
from streamer.client.stream_limits import StreamLimits
from streamer.errors import ConnectionLostError, RefusedError, SentAwayError
from streamer.relay.access.limits import RelayLimits
from streamer.relay.access.open_files import Places
from streamer.relay.access.seats import Seats
from streamer.relay.http.carrier import MAX_CONNECTIONS
from streamer.relay.http.fallback import MAX_BATCH_BYTES
from streamer.relay.http.journal import Journal
from streamer.websocket.frames import FrameParser, serialize_frame
from streamer.wire.packet import Packet
from streamer.wire.room_link import Address

PATIENT = RelayLimits(deadline_ms=30_000)
"""Nothing is shed because this machine is busy."""
VECTORS = json.loads((Path(__file__).parents[2] / "vectors/frames.json").read_text())
LINES = json.loads((Path(__file__).parents[2] / "vectors/event_lines.json").read_text())
LIMITS = json.loads((Path(__file__).parents[2] / "vectors/stream_limits.json").read_text())
NEVER_S = 1e6
EVENTS_BYTES = 2_000
"""More than one stream has that is given up because it comes too late, and less than what is said here."""


def numbered(seq: int) -> bytes:
    return Packet(seq=seq, timestamp=seq * 480, payload=b"opus" * 10).serialize()


class Caller:
    """Whoever comes in by a line or a link, with all that came for it."""

    def __init__(self, link: Line | Link) -> None:
        self.link = link
        self.packets: list[int] = []
        self.said: list[dict[str, Any]] = []
        self._changed = asyncio.Event()
        self.running = asyncio.create_task(link.run(self._on_packet, self._on_control))

    def _on_packet(self, data: bytes, now: float) -> None:
        self.packets.append(Packet.parse(data).seq)
        self._changed.set()

    def _on_control(self, message: Any, now: float) -> None:
        self.said.append(message)
        self._changed.set()

    def heard(self, kind: str) -> list[dict[str, Any]]:
        return [message for message in self.said if message["type"] == kind]

    async def until(self, condition: Any) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not condition():
                self._changed.clear()
                waiting = asyncio.create_task(self._changed.wait())
                await asyncio.wait({waiting, self.running}, timeout=0.05, return_when=asyncio.FIRST_COMPLETED)
                waiting.cancel()

    async def welcomed(self) -> "Caller":
        await self.until(lambda: self.heard("welcome"))
        return self

    async def leave(self) -> None:
        await self.link.leave()
        self.running.cancel()
        await asyncio.gather(self.running, return_exceptions=True)


def address(port: int, key: str = KEY, token: str = "") -> Address:
    return Address(False, "127.0.0.1", port, "home", "" if token else key, token)


@asynccontextmanager
async def over_http(port: int, retry_s: float = NEVER_S, **options: Any) -> AsyncIterator[Caller]:
    key = options.pop("key", KEY)
    link = await Link.open_over_http(address(port, key), retry_s=retry_s, **options)
    caller = await Caller(link).welcomed()
    try:
        yield caller
    finally:
        await caller.leave()


async def talk_both_ways(caller: Caller, guest: Any, count: int, proxy: Proxy | None = None) -> None:
    """Packets to the caller, and pings from it that are answered: each arrives once, in order."""
    for seq in range(count):
        await guest.socket.send_bytes(numbered(seq))
        caller.link.send_control({"type": "ping", "t0": seq})
        await asyncio.sleep(0.02)
    await caller.until(lambda: len(caller.packets) >= count and len(caller.heard("pong")) >= count)
    assert caller.packets == list(range(count))
    assert [pong["t0"] for pong in caller.heard("pong")] == list(range(count))


# ---- what is kept to be sent again


@given(st.lists(st.binary(min_size=1, max_size=20)), st.data())
def test_what_is_kept_is_what_was_sent(pieces: list[bytes], data: st.DataObject) -> None:
    journal, whole = Journal(100), b"".join(pieces)
    for piece in pieces:
        journal.add(piece)
    asked = data.draw(st.integers(0, len(whole) + 5))
    assert journal.end == len(whole)
    assert journal.end - journal.start <= 100
    assert journal.since(asked) == (whole[asked:] if journal.start <= asked <= len(whole) else None)
    journal.forget(min(asked, len(whole)))
    assert journal.since(max(asked, journal.start)) == (
        whole[max(asked, journal.start) :] if asked <= len(whole) else None
    )


# ---- the frames are those of a WebSocket; web/worker/connection/frames.js reads the same vectors


def payload_of(vector: dict[str, Any]) -> bytes:
    return bytes.fromhex(vector["payload"]) * vector.get("times", 1)


@pytest.mark.parametrize("vector", VECTORS["good"], ids=lambda vector: str(vector["name"]))
def test_a_frame_and_its_bytes_say_the_same(vector: dict[str, Any]) -> None:
    payload = payload_of(vector)
    assert serialize_frame(vector["opcode"], payload) == bytes.fromhex(vector["relay"]) + payload
    parser = FrameParser(from_client=True, max_message_bytes=1 << 20)
    assert parser.parse(bytes.fromhex(vector["client"]) + payload) == [(vector["opcode"], payload)]


@pytest.mark.parametrize("vector", VECTORS["bad"], ids=lambda vector: str(vector["name"]))
def test_what_no_relay_sends_is_refused(vector: dict[str, Any]) -> None:
    parser = FrameParser(from_client=False, max_message_bytes=65_536)
    parser.parse(bytes.fromhex(vector["relay"]))
    assert parser.failure or vector.get("only_pieces")


# ---- proxies

BEHAVIOURS: dict[str, dict[str, Any]] = {
    "one that strips Upgrade": {},
    "one that cuts each response after a moment": {"cut_after_s": 0.2},
    "one that cuts each response after some bytes": {"cut_after_bytes": 1_500},
    "one that sends each POST twice": {"repeats_posts": True},
    "one that sends a POST again behind the next": {"repeats_late": True},
    "one that loses answers": {"loses_answers": 4},
    "one that buffers everything": {"buffers": True},
    "one that buffers, and loses answers": {"buffers": True, "loses_answers": 4},
    "one that buffers all but events": {"buffers": True, "passes_events": True},
    "one that cuts events, too": {"buffers": True, "passes_events": True, "cut_after_bytes": 1_500},
}


@pytest.mark.parametrize("behaviour", BEHAVIOURS.values(), ids=BEHAVIOURS.keys())
async def test_each_message_arrives_once_and_in_order_through(behaviour: dict[str, Any]) -> None:
    async with House.open(limits=PATIENT) as house, misbehaving(house.port, **behaviour) as proxy:
        guest = await house.enter()
        async with over_http(proxy.port) as caller:
            await talk_both_ways(caller, guest, 60)
            assert guest.welcome["members"] == []
            if behaviour.get("repeats_posts"):
                assert await house.metric('streamer_fallback_total{event="repeated"}') >= 10
            if "cut_after_s" in behaviour or (
                "cut_after_bytes" in behaviour and not behaviour.get("buffers")
            ):
                assert await house.metric('streamer_fallback_total{event="streams"}') >= 3
            if behaviour.get("buffers") and not behaviour.get("passes_events"):
                assert await house.metric('streamer_fallback_total{event="questions"}') >= 3


async def test_where_only_events_pass_they_are_read() -> None:
    """A machine that is held up for a second may miss their beginning; the next link tries them again."""
    async with (
        House.open(limits=PATIENT) as house,
        misbehaving(house.port, buffers=True, passes_events=True) as proxy,
    ):
        guest = await house.enter()
        for _ in range(5):
            async with over_http(proxy.port) as caller:
                await talk_both_ways(caller, guest, 50)
            if proxy.streamed_bytes > EVENTS_BYTES:
                return
        raise AssertionError("no events were read")


async def test_after_the_first_cut_each_stream_has_a_successor_before_it_is_cut(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each packet waits for the one before, so that this machine may be as slow as it likes."""
    monkeypatch.setattr(stream_limits, "LEAST_S", 0.0)
    limits = replace(PATIENT, messages_per_s=1_000_000)  # or as fast
    async with House.open(limits=limits) as house, misbehaving(house.port, cut_after_bytes=10_000) as proxy:
        guest = await house.enter()
        async with over_http(proxy.port) as caller:
            for seq in range(700):
                await guest.socket.send_bytes(numbered(seq))
                await caller.until(lambda count=seq: len(caller.packets) > count)  # type: ignore[misc]
            assert caller.packets == list(range(700))
            assert proxy.cuts == 1
            assert await house.metric('streamer_fallback_total{event="streams"}') >= 5


@pytest.mark.parametrize("case", LIMITS["cases"], ids=lambda case: str(case["name"]))
def test_the_limits_of_streams(case: dict[str, Any]) -> None:
    limits = StreamLimits()
    for ms, size in case["cuts"]:
        limits.cut(ms / 1000, size)
    for ms, size, is_near in case["near"]:
        assert limits.is_near(ms / 1000, size) is is_near, (ms, size)


@pytest.mark.parametrize("case", LINES["good"], ids=lambda case: str(case["name"]))
def test_server_sent_events_bring_the_bytes_of(case: dict[str, Any]) -> None:
    lines = EventLines()
    assert b"".join(lines.push(piece.encode()) for piece in case["pieces"]) == bytes.fromhex(case["bytes"])


@pytest.mark.parametrize("case", LINES["bad"], ids=lambda case: str(case["name"]))
def test_no_events_are(case: dict[str, Any]) -> None:
    lines = EventLines()
    with pytest.raises(ValueError, match="base64"):
        [lines.push(piece.encode()) for piece in case["pieces"]]


async def test_voice_goes_up_in_order_and_never_twice() -> None:
    async with (
        House.open(limits=PATIENT) as house,
        misbehaving(house.port, repeats_late=True, loses_answers=3) as proxy,
    ):
        guest = await house.enter()
        async with over_http(proxy.port) as caller:
            assert isinstance(caller.link, Link)
            for seq in range(50):
                caller.link.send_packet(numbered(seq))
                await asyncio.sleep(0.01)
            caller.link.send_control({"type": "state", "muted": True, "away": False, "hand": False})
            heard = []
            while (
                message := await asyncio.wait_for(guest.socket.receive(), PATIENCE_S)
            ).type is not aiohttp.WSMsgType.TEXT or (message.json()["type"] != "state"):
                if message.type is aiohttp.WSMsgType.BINARY:
                    heard.append(Packet.parse(message.data).seq)
            assert heard == sorted(set(heard))
            assert heard  # late voice is shed, as on a socket


async def test_a_line_finds_its_way_where_upgrade_is_stripped_and_comes_back_without_a_gap(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(way, "RETRY_S", 0.3)
    async with House.open(limits=PATIENT) as house, misbehaving(house.port) as proxy:
        guest = await house.enter()
        line = await Line.open(address(proxy.port), name="Ada")
        told: list[str] = []
        line.on_trouble = told.append
        caller = await Caller(line).welcomed()
        await guest.text("joined")
        assert ["slower path" in words for words in told] == [True]
        assert await house.metric("streamer_fallback_legs") == 1
        sent = 0

        async def speak() -> None:
            nonlocal sent
            while True:
                await guest.socket.send_bytes(numbered(sent))
                line.send_control({"type": "ping", "t0": sent})
                sent += 1
                await asyncio.sleep(0.05)

        speaking = asyncio.create_task(speak())
        await caller.until(lambda: len(caller.packets) > 5)
        proxy.strips_upgrade = False
        async with asyncio.timeout(PATIENCE_S):
            while await house.metric("streamer_fallback_legs"):
                await asyncio.sleep(0.02)
        await caller.until(lambda: sent > 40)
        speaking.cancel()
        await asyncio.gather(speaking, return_exceptions=True)
        await caller.until(lambda: len(caller.packets) >= sent and len(caller.heard("pong")) >= sent - 1)
        assert caller.packets == list(range(len(caller.packets)))
        pongs = [pong["t0"] for pong in caller.heard("pong")]
        assert pongs == list(range(len(pongs)))
        assert len(caller.heard("welcome")) == 1  # no layer above has seen a change
        assert await guest.hears_nothing()  # nor has anybody else
        assert await house.metric('streamer_fallback_total{event="taken_over"}') == 1
        line.send_packet(PACKET.serialize())
        assert (await guest.packet()).seq == PACKET.seq
        await caller.leave()
        await guest.text("left")


async def test_a_line_does_not_wait_for_what_swallows_its_websocket(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handshake, "OPEN_S", NEVER_S)
    async with House.open() as house, misbehaving(house.port, swallows_upgrade=True) as proxy:
        async with asyncio.timeout(PATIENCE_S):
            caller = await Caller(await Line.open(address(proxy.port))).welcomed()
        assert proxy.swallowed == 1
        assert await house.metric("streamer_fallback_legs") == 1
        await caller.leave()


async def test_a_websocket_that_is_swallowed_is_tried_again_and_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(http_transport, "TRY_S", 0.1)
    monkeypatch.setattr(handshake, "OPEN_S", NEVER_S)
    async with (
        House.open() as house,
        misbehaving(house.port, swallows_upgrade=True, strips_upgrade=False) as proxy,
        over_http(proxy.port, retry_s=0.3) as caller,
    ):
        await caller.until(lambda: proxy.swallowed >= 3)
        proxy.swallows_upgrade = False
        await house.wait_for_metric("streamer_fallback_legs", 0)
        assert proxy.websockets == 1
        caller.link.send_control({"type": "ping", "t0": 7})
        await caller.until(lambda: caller.heard("pong"))


async def test_where_everything_is_slow_the_first_websocket_gets_the_time_that_it_needs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(way, "ANSWER_S", 0.3)
    monkeypatch.setattr(way, "TRY_S", 0.6)
    async with House.open() as house, misbehaving(house.port, delays_s=0.5, strips_upgrade=False) as proxy:
        caller = await Caller(await Line.open(address(proxy.port))).welcomed()
        assert await house.metric("streamer_fallback_legs") == 0
        assert caller.heard("welcome")
        await caller.leave()


async def test_where_nothing_answers_at_all_that_is_said_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(way, "ANSWER_S", 0.1)
    monkeypatch.setattr(way, "TRY_S", 0.2)
    monkeypatch.setattr(way, "OPEN_S", 0.3)
    async with House.open() as house, misbehaving(house.port, delays_s=NEVER_S) as proxy:
        with pytest.raises(ConnectionLostError, match="No relay answered"):
            await Line.open(address(proxy.port))


async def test_where_websockets_do_not_last_the_line_goes_over_http() -> None:
    async with House.open() as house:
        behaviour = {"strips_upgrade": False, "cuts_websockets_after_s": 0.3}
        async with misbehaving(house.port, **behaviour) as proxy:
            caller = Caller(await Line.open(address(proxy.port)))
            await house.wait_for_metric("streamer_fallback_legs", 1)
            assert proxy.websockets == way.SHORT_LIVED
            await caller.leave()


# ---- the page's link, in Node

LINK_IN_NODE = Path(__file__).parents[2] / "support/link_in_node.js"
OF_A_PAGE = {
    name: BEHAVIOURS[name] for name in BEHAVIOURS if "and loses" not in name and "events" not in name
}
"""That a page reads events is tested by a clock that is wound by hand: tests/js/http_socket.test.js."""


@pytest.mark.parametrize("behaviour", OF_A_PAGE.values(), ids=OF_A_PAGE.keys())
async def test_a_page_hears_and_says_each_thing_once_and_in_order_through(behaviour: dict[str, Any]) -> None:
    count = 50
    async with House.open(limits=PATIENT) as house, misbehaving(house.port, **behaviour) as proxy:
        guest = await house.enter()
        url = f"ws://127.0.0.1:{proxy.port}/ws?room=home&key={KEY}"
        page = await asyncio.create_subprocess_exec(
            "node",
            LINK_IN_NODE,
            url,
            str(count),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        assert page.stdout
        assert page.stdin
        try:
            await guest.text("joined")
            for seq in range(count):
                await guest.socket.send_bytes(numbered(seq))
                await asyncio.sleep(0.02)
            told: list[dict[str, Any]] = []
            async with asyncio.timeout(PATIENCE_S):
                while len(pongs(told)) < count or len(packets(told)) < count:
                    told.append(json.loads(await page.stdout.readline()))
            assert packets(told) == pongs(told) == list(range(count))
            assert {"slow": True} in told
            assert [each["state"] for each in told if "state" in each] == ["connecting", "joined"]
            page.stdin.close()
            heard = await packets_until_left(guest)
            assert heard == sorted(set(heard))
            assert heard
        finally:
            with suppress(ProcessLookupError):  # it ends by itself, soon after it has left
                page.kill()
            await page.wait()


def pongs(told: list[dict[str, Any]]) -> list[int]:
    """Of the pings that are counted; the others keep the link."""
    answered = [each["message"]["t0"] for each in told if each.get("message", {}).get("type") == "pong"]
    return [t0 for t0 in answered if t0 >= 0]


def packets(told: list[dict[str, Any]]) -> list[int]:
    return [each["seq"] for each in told if "seq" in each]


async def packets_until_left(guest: Guest) -> list[int]:
    heard = []
    while True:
        message = await asyncio.wait_for(guest.socket.receive(), PATIENCE_S)
        if message.type is aiohttp.WSMsgType.BINARY:
            heard.append(Packet.parse(message.data).seq)
        elif message.json()["type"] == "left":
            return heard


# ---- what is refused, and what is counted


async def opened(house: House, **query: str) -> str:
    async with house.http.post(f"{house.url}/leg", params={"room": "home", "key": KEY, **query}) as answer:
        assert answer.status == 201
        return str((await answer.json())["leg"])


async def refused(
    house: House, method: str, query: dict[str, Any], body: bytes = b"", **headers: str
) -> tuple[int, str]:
    async with house.http.request(
        method, f"{house.url}/leg", params=query, data=body, headers=headers
    ) as answer:
        return answer.status, (await answer.json())["error"]


@pytest.fixture
def masked() -> bytes:
    """A ping, as a client sends it."""
    payload = b'{"type":"ping","t0":1}'
    return bytes([0x81, 0x80 | len(payload), 0, 0, 0, 0]) + payload


async def test_who_is_refused_at_the_socket_is_refused_here() -> None:
    async with House.open() as house:
        assert await refused(house, "POST", {"room": "home", "key": "wrong"}) == (403, "key-wrong")
        assert await refused(house, "POST", {"room": "home"}) == (401, "key-required")
        good = {"room": "home", "key": KEY}
        assert await refused(house, "POST", good, Origin="https://evil.example") == (403, "foreign-origin")
        with pytest.raises(RefusedError):
            await Line.open(address(house.port, "wrong"))


async def test_a_leg_that_is_gone_a_gap_and_nonsense_are_refused_and_counted(masked: bytes) -> None:
    async with House.open() as house:
        assert await refused(house, "POST", {"leg": "gone", "at": 0, "from": 0}, masked) == (404, "no-leg")
        assert await refused(house, "GET", {"leg": "gone", "from": 0}) == (404, "no-leg")
        leg = await opened(house)
        assert await refused(house, "POST", {"leg": leg, "at": 7, "from": 0}, masked) == (409, "gap")
        assert await refused(house, "GET", {"leg": leg, "from": 10**9}) == (409, "gap")
        for nonsense in ("-1", "x", "", "²", "9" * 30):
            assert await refused(house, "POST", {"leg": leg, "at": nonsense, "from": 0}) == (
                400,
                "bad-request",
            )
        too_big = bytes(MAX_BATCH_BYTES + 1)
        assert await refused(house, "POST", {"leg": leg, "at": 0, "from": 0}, too_big) == (413, "too-big")
        assert await house.metric('streamer_fallback_total{event="gone"}') == 2
        assert await house.metric('streamer_fallback_total{event="gap"}') == 2
        assert await house.metric('streamer_refusals_total{code="no-leg"}') == 2


async def test_a_leg_that_nobody_listens_to_is_lost_and_the_others_see_it() -> None:
    async with House.open() as house:
        guest = await house.enter()
        await opened(house)
        await guest.text("joined")
        await guest.text("left")
        assert await house.metric('streamer_fallback_total{event="lost"}') == 1
        await house.wait_for_metric("streamer_fallback_legs", 0)


async def test_frames_are_checked_as_on_a_socket() -> None:
    async with House.open() as house, over_http(house.port) as caller:
        assert isinstance(caller.link, Link)
        caller.link.send_frame(b"\x82\x01x")  # not masked
        await asyncio.wait({caller.running}, timeout=PATIENCE_S)
        assert "not masked" in str(caller.running.exception()) or caller.running.exception()
        assert await house.metric('streamer_parse_failures_total{cause="not-masked"}') == 1


async def test_who_sends_too_much_is_closed_with_the_socket_s_code() -> None:
    async with House.open() as house, over_http(house.port) as caller:
        for number in range(400):
            caller.link.send_control({"type": "ping", "t0": number})
        with pytest.raises(SentAwayError):
            await asyncio.wait_for(asyncio.shield(caller.running), PATIENCE_S)


async def test_who_asks_too_often_is_closed_with_the_socket_s_code() -> None:
    async with House.open() as house, over_http(house.port) as caller:
        assert isinstance(caller.link, Link)
        leg = leg_of(caller.link)
        while not caller.running.done():
            asking = [refused_or_not(house, {"leg": leg, "at": 10**9, "from": 0}) for _ in range(20)]
            await asyncio.gather(*asking)
        with pytest.raises(SentAwayError):
            await caller.running


async def refused_or_not(house: House, query: dict[str, Any]) -> None:
    """Of many connections at once, the oldest are ended."""
    with suppress(aiohttp.ClientError):
        async with house.http.post(f"{house.url}/leg", params=query):
            pass


def leg_of(link: Link) -> str:
    transport = link._transport
    assert isinstance(transport, HttpTransport)
    return transport._requests.leg


@pytest.mark.parametrize("buffers", [False, True])
async def test_the_host_s_words_reach_who_is_removed(buffers: bool) -> None:
    async with House.open() as house, misbehaving(house.port, buffers=buffers) as proxy:
        host = await house.enter(key=HOST_KEY)
        async with over_http(proxy.port) as caller:
            await host.socket.send_json(
                {"type": "remove", "talker_id": caller.heard("welcome")[0]["talker_id"]}
            )
            with pytest.raises(SentAwayError, match="no longer admitted"):
                await asyncio.wait_for(asyncio.shield(caller.running), PATIENCE_S)


async def test_of_two_tabs_with_one_session_the_newer_has_it() -> None:
    async with House.open() as house, over_http(house.port) as first:
        resume = first.heard("welcome")[0]["resume"]
        async with over_http(house.port, resume=resume) as second:
            with pytest.raises(SentAwayError, match="joined again"):
                await asyncio.wait_for(asyncio.shield(first.running), PATIENCE_S)
            assert second.heard("welcome")[0]["talker_id"] == first.heard("welcome")[0]["talker_id"]


async def test_of_two_that_read_one_leg_the_newer_has_the_stream() -> None:
    async with House.open() as house:
        leg = await opened(house)
        async with house.http.get(f"{house.url}/leg", params={"leg": leg, "from": 0}) as first:
            assert await first.content.read(2)
            async with house.http.get(f"{house.url}/leg", params={"leg": leg, "from": 0}) as second:
                assert await second.content.read(2)
                await asyncio.wait_for(first.content.read(), PATIENCE_S)  # it has ended
                assert await house.metric("streamer_fallback_legs") == 1


async def until_chat(guest: Guest) -> int:
    """How many packets came before it."""
    count = 0
    while (message := await guest.socket.receive()).type is aiohttp.WSMsgType.BINARY or (
        message.json()["type"] != "chat"
    ):
        count += message.type is aiohttp.WSMsgType.BINARY
    return count


async def test_a_stream_that_nobody_reads_sheds_voice_and_harms_nobody() -> None:
    async with House.open(limits=RelayLimits(deadline_ms=120)) as house:
        leg = await opened(house)
        peer = socket.socket()
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        peer.setblocking(False)
        await asyncio.get_running_loop().sock_connect(peer, ("127.0.0.1", house.port))
        reader, writer = await asyncio.open_connection(sock=peer, limit=1_024)
        writer.write(f"GET /leg?leg={leg}&from=0 HTTP/1.1\r\nHost: 127.0.0.1:{house.port}\r\n\r\n".encode())
        await reader.readuntil(b"\r\n\r\n")
        talker, listener = await house.enter(), await house.enter()
        reading = asyncio.create_task(until_chat(listener))
        packet = Packet(seq=1, timestamp=0, payload=bytes(1_400)).serialize()
        async with asyncio.timeout(PATIENCE_S):
            while not await house.metric('streamer_shed_total{cause="late"}'):
                for _ in range(20):
                    await talker.socket.send_bytes(packet)
                await asyncio.sleep(0.15)
        await talker.socket.send_json({"type": "chat", "text": "Can you hear me?"})
        assert await asyncio.wait_for(reading, PATIENCE_S) > 0  # packets
        writer.close()


async def test_a_relay_that_drains_says_so_over_http() -> None:
    async with House.open() as house:
        link = await Link.open_over_http(address(house.port), retry_s=NEVER_S)
        caller = await Caller(link).welcomed()
        drained = caller.running
    await asyncio.wait({drained}, timeout=PATIENCE_S)
    assert "shutting down" in str(drained.exception())
    await link.leave()


def test_a_leg_counts_as_many_connections_as_it_may_open() -> None:
    places = Places(visitors=8, members=10, kept=0)
    seats = Seats(1e9, places)
    seats.take("127.0.0.1", files=1 + MAX_CONNECTIONS)
    seats.take("127.0.0.1", files=1 + MAX_CONNECTIONS)
    with pytest.raises(RefusedError, match="full"):
        seats.check("127.0.0.1", is_expected=False)
    seats.leave("127.0.0.1", files=1 + MAX_CONNECTIONS)
    seats.check("127.0.0.1", is_expected=False)
