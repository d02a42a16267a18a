"""Talkers with packets of 2.5 and 5 ms, in a call over a real relay: what they gain costs nobody else
anything."""

import asyncio
from dataclasses import replace
from itertools import pairwise
from time import perf_counter
from typing import Any, Final

import aiohttp
import numpy as np
import pytest
from relay_fixture import PACKET, PATIENCE_S, Guest, House, open_relay
from virtual_time import run_virtually

import streamer
from streamer.audio_format import PACKET_MS, SAMPLE_RATE
from streamer.client import connection
from streamer.client.audio.samples import Samples
from streamer.client.packet_length import PacketLength
from streamer.relay.access.limits import RelayLimits
from streamer.wire.packet import Packet
from streamer.wire.room_link import ECHO_ROOM

SHORTEST: Final = 1
"""2.5 ms, as a packet counts it."""
SHORTEST_PER_S: Final = 400
CHANGES: Final = (2.5, 5.0, 20.0, 2.5, 10.0, 5.0)


class Hum:
    """A Source that hums without end, a packet at a time, as a microphone would."""

    name = "hum"
    mode = "open"
    ended = False
    latency_s = 0.0
    piece_samples = 120

    def __init__(self) -> None:
        self._popped = self._wanted = 0

    def start(self, now: float) -> None:
        self._started = now

    def pop(self, now: float, n_samples: int = 480) -> tuple[int, Samples] | None:
        self._wanted = n_samples
        if self.wait_s(now) > 0:
            return None
        position = self._popped
        self._popped += n_samples
        times = np.arange(position, self._popped) / SAMPLE_RATE
        return position, np.asarray(0.3 * np.sin(2 * np.pi * 440 * times), dtype=np.float32)

    def wait_s(self, now: float) -> float:
        return max(0.0, self.captured_at(self._popped + self._wanted) - now)

    def captured_at(self, position: int) -> float:
        return self._started + position / SAMPLE_RATE

    def close(self) -> None:
        pass


async def a_call_with_changes() -> tuple[list[Packet], Any, list[float]]:
    """What a listener gets, what its jitter buffer counted, and the lengths that were told of."""
    async with (
        open_relay() as url,
        streamer.join(url, name="Ben") as listener,
        streamer.join(url, name="Ada") as talker,
    ):
        packets, ear, got, lengths = listener.packets(), listener.ear(), list[Packet](), list[float]()
        playing = asyncio.create_task(play(ear))
        talking = asyncio.create_task(talker.talk(Hum()))  # type: ignore[arg-type]
        for ms in CHANGES:
            talker.packet_ms = ms
            lengths.append(talker.packet_ms)
            since = len(got)
            while len(got) < since + 50 or got[-1].duration_samples / 48 != ms:
                got.append((await anext(packets)).packet)
        talking.cancel()
        statistics = ear.statistics(listener.members[0])
        playing.cancel()
        return got, statistics, lengths


async def play(ear: streamer.Ear) -> None:
    """Asks for a block every 5 ms, as a loudspeaker does."""
    due = perf_counter()
    while True:
        ear.pop(240, due)
        due += 0.005
        await asyncio.sleep(max(0.0, due - perf_counter()))


def test_a_talker_changes_the_length_during_a_call_and_nothing_is_lost_and_nothing_is_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # A busy machine holds this program up,.
    monkeypatch.setattr(connection, "_DEADLINE_MS", PATIENCE_S * 1000)
    # And looks like a network that is late.
    monkeypatch.setattr(PacketLength, "note_trouble", lambda *_: None)
    (packets, statistics, lengths), _ = run_virtually(a_call_with_changes())
    assert lengths == list(CHANGES)
    assert {packet.duration_samples / 48 for packet in packets} == set(PACKET_MS)
    for before, after in pairwise(packets):
        assert after.seq == before.seq + 1
        assert after.timestamp == before.timestamp + before.duration_samples
    counted = {name: statistics[name] for name in ("lost", "discarded", "undecodable")}
    assert counted == dict.fromkeys(counted, 0)


def short(number: int) -> bytes:
    return replace(PACKET, seq=number, timestamp=120 * number, duration=SHORTEST).serialize()


async def answers(guest: Guest) -> dict[str, int]:
    """How often which messages came before the answer to a ping; `packets` are those of others."""
    await guest.socket.send_json({"type": "ping", "t0": 99})
    came: dict[str, int] = {}
    while True:
        message = await asyncio.wait_for(guest.socket.receive(), PATIENCE_S)
        assert message.type in (aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY), message
        said = {"type": "packets"} if message.type is aiohttp.WSMsgType.BINARY else message.json()
        kind = said.get("code", said["type"])
        if kind == "pong":
            return came
        came[kind] = came.get(kind, 0) + 1


async def test_what_a_client_kept_of_a_stall_of_two_seconds_is_no_flood() -> None:
    async with House.open() as house:
        listener, talker = await house.enter(), await house.enter()
        for number in range(5 * SHORTEST_PER_S // 2):
            await talker.socket.send_bytes(short(number))
        assert "packets" not in await answers(talker)
        assert (await answers(listener))["packets"] > 0


async def test_the_room_echo_takes_the_shortest_packets_too() -> None:
    async with House.open(limits=RelayLimits()) as house:
        visitor = await house.enter(ECHO_ROOM)
        for number in range(SHORTEST_PER_S):
            await visitor.socket.send_bytes(short(number))
        assert (await visitor.packet()).duration == SHORTEST
        await answers(visitor)


async def test_in_a_crowded_room_short_packets_go_first_and_their_talkers_are_asked_for_longer_ones() -> None:
    limits = RelayLimits(deadline_ms=PATIENCE_S * 1000, deliveries_per_s=200)
    async with House.open(limits=limits) as house:
        listener, usual = await house.enter(), await house.enter()
        hasty = [await house.enter() for _ in range(4)]
        for number in range(300):  # 7,200 deliveries; 3,000 may come at once
            for talker in hasty:
                await talker.socket.send_bytes(short(number))
        asked = 0
        # Nobody is cut off, else there is no answer; who sent while all was well is not asked.
        while not asked:
            asked = sum([(await answers(talker)).get("longer-packets", 0) for talker in hasty])
            await asyncio.sleep(0.1)
        assert "longer-packets" not in await answers(usual)
        assert await house.metric('streamer_shed_total{cause="crowded"}') > 0
        assert (await answers(listener))["packets"] < 4 * 300


async def test_a_program_in_a_crowded_room_sends_longer_packets_and_says_so() -> None:
    async with House.open() as house:
        link = f"{house.url}/#room=home&key=correct-horse"
        async with streamer.join(link, packet_ms=2.5) as talker:
            events = talker.events()
            talker.packet_ms = 2.5
            assert talker.packet_ms == 2.5
            for socket in house.relay._sockets:
                socket.sends_too_short = True
            async with asyncio.timeout(PATIENCE_S):
                while not isinstance(event := await anext(events), streamer.Trouble):
                    pass
            assert event.text.startswith("Your packets last 10 ms:")
            assert talker.packet_ms == 10
