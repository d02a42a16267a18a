"""A relay that stood still, as after SIGSTOP or in a laptop's sleep: what waited for it is not voice any
more."""

import asyncio
import os
import signal
import urllib.request
from contextlib import suppress
from pathlib import Path
from time import monotonic

import pytest
from attacks_by_members import NOISY
from quiet_room import QUIET
from raw_peer import BINARY, PEOPLE, Peer
from two_rooms import TwoRooms

from streamer.wire.packet import Packet

STOPPED_S = 3.0
FRESH_S = 0.6
"""What was sent so shortly before the relay went on may still be heard; five times the deadline, for a busy
machine."""

AGAIN_S = 30
CAUGHT_UP_S = 1.5
"""Within a second after it stood still, the relay takes all voice again."""


async def talk(talker: Peer, sent: list[float], *, honest: bool) -> None:
    began = monotonic()
    for number in range(100_000):
        await asyncio.sleep(max(0.0, began + number * 0.01 - monotonic()))
        timestamp = int((monotonic() - began) * 48_000) if honest else 0
        payload = number.to_bytes(4, "big") + bytes(60)
        talker.send(BINARY, Packet(seq=number % 65_536, timestamp=timestamp, payload=payload).serialize())
        sent.append(monotonic())


async def until(count: int, sent: list[float]) -> None:
    while len(sent) < count:
        await asyncio.sleep(0.01)


@pytest.mark.parametrize("honest", [True, False], ids=["true timestamps", "one timestamp for all"])
async def test_voice_that_waited_while_the_relay_stood_still_is_dropped(tmp_path: Path, honest: bool) -> None:
    with TwoRooms(tmp_path) as relay:
        listener = await Peer.enter(relay.target, QUIET, PEOPLE, "Ben")
        talker = await Peer.enter(relay.target, QUIET, PEOPLE, "Ada")
        heard: list[int] = []
        hearing = asyncio.create_task(
            listener.packets(lambda packet: heard.append(int.from_bytes(packet[12:16], "big")))
        )
        sent: list[float] = []
        talking = asyncio.create_task(talk(talker, sent, honest=honest))
        await until(100, sent)
        os.kill(relay.pid, signal.SIGSTOP)
        stopped = monotonic()
        await asyncio.sleep(STOPPED_S)
        os.kill(relay.pid, signal.SIGCONT)
        went_on = monotonic()

        def heard_later() -> int:
            return sum(sent[number] > went_on + FRESH_S for number in heard)

        with suppress(TimeoutError):
            async with asyncio.timeout(AGAIN_S):
                while heard_later() < 100:
                    await asyncio.sleep(0.05)
        talking.cancel()
        stale = {number for number, when in enumerate(sent) if stopped + 0.1 < when < went_on - FRESH_S}
        assert not talker.reader.at_eof(), "nobody is disconnected"
        assert not listener.reader.at_eof()
        assert len(stale) > 150
        assert not stale & set(heard)
        assert heard_later() >= 100, "the talker stays, and is heard again"
        metrics = await asyncio.to_thread(
            lambda: urllib.request.urlopen(f"http://{PEOPLE}:{relay.target.port}/metrics").read().decode()
        )
        assert "streamer_event_loop" in metrics
        (counted,) = [
            line for line in metrics.splitlines() if line.startswith('streamer_shed_total{cause="held_up"}')
        ]
        assert float(counted.split()[1]) >= 0.5 * len(stale)
        hearing.cancel()
        for peer in (listener, talker):
            peer.writer.close()


async def test_somebody_who_did_not_talk_before_is_heard_after_from_the_first_packet_on(
    tmp_path: Path,
) -> None:
    """However long ago the relay stood still: nothing of this talker had waited then."""
    with TwoRooms(tmp_path, "--deadline-ms", "1000") as relay:  # a busy machine may hold up the first packet
        listener = await Peer.enter(relay.target, NOISY, PEOPLE, "Ben")
        talker = await Peer.enter(relay.target, NOISY, PEOPLE, "Ada")
        heard: asyncio.Queue[int] = asyncio.Queue()
        hearing = asyncio.create_task(
            listener.packets(lambda packet: heard.put_nowait(int.from_bytes(packet[12:16], "big")))
        )
        os.kill(relay.pid, signal.SIGSTOP)
        await asyncio.sleep(STOPPED_S)
        os.kill(relay.pid, signal.SIGCONT)
        await asyncio.sleep(CAUGHT_UP_S)
        talking = asyncio.create_task(talk(talker, [], honest=True))
        assert await asyncio.wait_for(heard.get(), 10) == 0
        talking.cancel()
        hearing.cancel()
        for peer in (listener, talker):
            peer.writer.close()
