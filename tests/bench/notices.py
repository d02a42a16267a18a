"""How fast a notice reaches a full hall, and what it costs the voice of other rooms.

    scripts/bench notices [--members 500] [--rooms 20] [--rounds 6] [--seconds 4]

A relay serves a hall of so many members, and rooms in which one talks to two, 100 packets a second each. The
rooms are in a process of their own, so that reading 500 notices does not delay their reading. Rounds without
and with notices, one a second, take turns. A notice counts from the HTTP request to the last member that has
read it. Wanted: below 50 ms at the median, and a p99 of voice that is at most 1.1 times the one without
notices.
"""

import argparse
import asyncio
import json
import multiprocessing
import statistics
import sys
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path
from time import monotonic_ns
from typing import Any, Final

import aiohttp
import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent / "support"))
from audio_rig import wait_until
from processes import START_S, StreamerProcess

from streamer.relay.access.tokens import TokenStore
from streamer.wire.packet import Packet

HALL: Final = "hall"
LISTENERS: Final = 2
PACKET_S: Final = 0.01
EVERY_S: Final = 1.0
MAX_MS: Final = 50.0
MAX_RATIO: Final = 1.1
SETTLE_S: Final = 2.0
JOINED_S: Final = 40.0
"""For 500 members to hear of each other, 8,000 messages a second."""

AT_ONCE: Final = 20
"""Connections that are made at the same time."""


async def join(
    http: aiohttp.ClientSession, url: str, room: str, name: str, key: str
) -> aiohttp.ClientWebSocketResponse:
    query = {"room": room, "name": name, "key": key}
    socket = await http.ws_connect(f"{url}/ws", params=query, protocols=["streamer.v1"])
    await socket.receive()
    return socket


async def talk(socket: aiohttp.ClientWebSocketResponse, until_ns: int) -> None:
    loop, begun = asyncio.get_running_loop(), asyncio.get_running_loop().time()
    for number in range(1_000_000):
        await asyncio.sleep(max(0.0, begun + number * PACKET_S - loop.time()))
        if monotonic_ns() > until_ns:
            return
        payload = b"\xfc" + monotonic_ns().to_bytes(8, "big") + bytes(70)
        packet = Packet(
            seq=number % 2**16, timestamp=number * 480 % 2**32, payload=payload, level=30, voice=True
        )
        await socket.send_bytes(packet.serialize())


async def listen(
    socket: aiohttp.ClientWebSocketResponse, until_ns: int, heard: list[tuple[int, int]]
) -> None:
    while monotonic_ns() < until_ns:
        message = await socket.receive()
        if message.type is aiohttp.WSMsgType.BINARY:
            now = monotonic_ns()
            sent = int.from_bytes(message.data[13:21], "big")
            heard.append((sent, now - sent))


async def voices(url: str, keys: dict[str, str], lasts_s: float) -> list[tuple[int, int]]:
    """(when sent, delay), in ns, of all packets that listeners heard."""
    heard: list[tuple[int, int]] = []
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)))
        sockets = [
            [await join(http, url, room, f"p{number}", key) for number in range(1 + LISTENERS)]
            for room, key in keys.items()
        ]
        until = monotonic_ns() + int(lasts_s * 1e9)
        works = [talk(talker, until) for talker, *_ in sockets]
        works += [listen(each, until, heard) for _, *listeners in sockets for each in listeners]
        await asyncio.wait([asyncio.create_task(work) for work in works], timeout=lasts_s + 5)
    return heard


def voice_process(url: str, keys: dict[str, str], lasts_s: float, answer: Any) -> None:
    answer.send(asyncio.run(voices(url, keys, lasts_s)))


class Hall:
    """Its members, and when each has read the last notice."""

    def __init__(self) -> None:
        self._left = 0
        self._read_count = 0
        self._all_read = asyncio.Event()
        self._sockets: list[aiohttp.ClientWebSocketResponse] = []
        self._readers: list[asyncio.Task[None]] = []

    async def fill(self, http: aiohttp.ClientSession, url: str, key: str, members: int) -> None:
        for begin in range(0, members, AT_ONCE):
            names = [f"m{number}" for number in range(begin, min(members, begin + AT_ONCE))]
            joined = await asyncio.gather(*(join(http, url, HALL, name, key) for name in names))
            self._sockets += joined
            self._readers += [asyncio.create_task(self._read(socket)) for socket in joined]

    async def _read(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        async for message in socket:
            self._read_count += 1
            if '"type":"notice"' in message.data:
                self._left -= 1
                if self._left == 0:
                    self._all_read.set()

    async def settle(self) -> None:
        """Until nobody is told any more who came: everybody hears of everybody else."""
        before = -1
        while self._read_count != before:
            before = self._read_count
            await asyncio.sleep(0.5)

    async def notice_ms(self, http: aiohttp.ClientSession, url: str, secret: str) -> float:
        assert not any(reader.done() for reader in self._readers), "a member of the hall is gone"
        self._left = len(self._sockets)
        self._all_read.clear()
        body = {"text": "The doors close in five minutes", "level": "info"}
        begun = monotonic_ns()
        headers = {"Authorization": f"Bearer {secret}"}
        async with http.post(f"{url}/api/v1/rooms/{HALL}/notices", json=body, headers=headers) as response:
            assert response.status == 201, await response.text()
        await asyncio.wait_for(self._all_read.wait(), 10)
        return (monotonic_ns() - begun) / 1e6


async def run(options: argparse.Namespace, url: str, keys: dict[str, str], secret: str) -> None:
    rounds: list[tuple[bool, int, int]] = []
    took: list[float] = []
    lasts_s = JOINED_S + options.rounds * 2 * options.seconds
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http:
        hall = Hall()
        await hall.fill(http, url, keys[HALL], options.members)
        receive, send = multiprocessing.Pipe(duplex=False)
        talking = {room: key for room, key in keys.items() if room != HALL}
        process = multiprocessing.Process(target=voice_process, args=(url, talking, lasts_s + SETTLE_S, send))
        process.start()
        await asyncio.sleep(2 * SETTLE_S)
        await hall.settle()
        for number in range(2 * options.rounds):
            begun = monotonic_ns()
            end = asyncio.get_running_loop().time() + options.seconds
            while asyncio.get_running_loop().time() < end:
                if number % 2:
                    took.append(await hall.notice_ms(http, url, secret))
                await asyncio.sleep(EVERY_S)
            rounds.append((bool(number % 2), begun, monotonic_ns()))
        heard = await asyncio.to_thread(receive.recv)
        process.join()
    report(options, np.array(heard), rounds, took)


def report(
    options: argparse.Namespace, heard: Any, rounds: list[tuple[bool, int, int]], took: list[float]
) -> None:
    p99 = []
    for is_noticed, begun, end in rounds:
        within = heard[(heard[:, 0] >= begun) & (heard[:, 0] < end), 1] / 1e6
        p99.append((is_noticed, float(np.percentile(within, 99))))
        name = "notices" if is_noticed else "calm"
        print(f"{name:8} voice p50 {np.median(within):6.2f} ms, p99 {p99[-1][1]:6.2f} ms")
    ratios = [after / before for (_, before), (_, after) in zip(p99[::2], p99[1::2], strict=True)]
    ratio, median = statistics.median(ratios), statistics.median(took)
    print(
        f"a notice reaches {options.members} members in {median:.1f} ms (median), {max(took):.1f} ms (most)"
    )
    print(f"p99 of voice with notices is {ratio:.2f} of that without (median of {len(ratios)} rounds)")
    verdict = "fulfilled" if median < MAX_MS and ratio <= MAX_RATIO else "missed"
    print(json.dumps({"notice_ms": round(median, 1), "p99_ratio": round(ratio, 3), "verdict": verdict}))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--members", type=int, default=500)
    parser.add_argument("--rooms", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--seconds", type=float, default=4)
    options = parser.parse_args()
    rooms = [HALL, *(f"room{number}" for number in range(options.rooms))]
    with tempfile.TemporaryDirectory() as folder:
        state = Path(folder) / "state"
        state.mkdir()
        _, secret = TokenStore(state / "tokens.json").create("bench", frozenset({"notify"}), "", 1.0)
        arguments = ["serve", "--no-tls", "--no-mdns", "--port", "0", "--data-dir", str(state)]
        for name in ("max-members", "max-per-address", "max-handshakes-per-address", "requests-per-s"):
            arguments += [f"--{name}", "1000"]
        for room in rooms:
            arguments += ["--room", room]
        with Relay(Path(folder) / "relay", *arguments) as relay:
            keys = json.loads((state / "admission.json").read_text())["rooms"]
            asyncio.run(run(options, relay.url, {room: keys[room]["key"] for room in rooms}, secret))


class Relay(StreamerProcess):
    """`streamer serve`; `url` is found in what it says."""

    def wait_ready(self) -> None:
        wait_until(lambda: "Stop with Ctrl-C" in self.log, START_S, self.complaint)

    @property
    def url(self) -> str:
        [found, *_] = [word for word in self.log.split() if word.startswith("http://")]
        return found.partition("/#")[0]


if __name__ == "__main__":
    main()
