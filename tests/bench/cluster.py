"""What it costs that a room spans relays: the delay that is added, and the processor time of a delivery.

    scripts/bench cluster [--members 30] [--talkers 3] [--seconds 5] [--rounds 3]

Real relays and a real NATS server, each a process of its own, all on this machine. All talkers are on the
first relay, packets of 100 bytes, 100 a second of each; the listeners are on one relay, or spread over two or
three. The delay is from a talker's send to a listener's receive in one process, so both hold the same share
of asyncio; what crossing adds is the difference. Bare NATS is the same talkers and listeners as clients of
the NATS server alone.
"""

import argparse
import asyncio
import contextlib
import statistics
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, ExitStack, contextmanager
from pathlib import Path
from time import perf_counter_ns
from typing import Final, NamedTuple
from urllib.parse import parse_qs, urlsplit
from urllib.request import urlopen

import aiohttp
import nats
import psutil

HERE: Final = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "support")]

from nats_server import NatsServer  # noqa: E402
from processes import RelayProcess  # noqa: E402

from streamer.wire.packet import VOICE, Packet  # noqa: E402

PAYLOAD: Final = 88
EVERY_S: Final = 0.01
SETTLE_S: Final = 3.0
STAMP: Final = 8
LIMITS: Final = ("--max-per-address", "1000", "--max-members", "1000")


class Found(NamedTuple):
    """Delays in ms: at listeners of the talkers' relay, and of others. CPU in µs of a delivery, of which
    NATS'."""

    here_ms: float
    there_ms: float | None
    cpu_us: float
    nats_us: float
    deliveries_per_s: float


@contextmanager
def service(folder: Path, count: int) -> Iterator[tuple[NatsServer, list[RelayProcess]]]:
    with ExitStack() as stack:
        server = stack.enter_context(NatsServer(folder / "nats"))
        relays = [
            stack.enter_context(
                RelayProcess(folder / str(number), "--no-tls", "--cluster", server.url, *LIMITS)
            )
            for number in range(count)
        ]
        yield server, relays


def socket_of(
    http: aiohttp.ClientSession, relay: RelayProcess, name: str
) -> "aiohttp.client._WSRequestContextManager":
    parts = urlsplit(relay.link)
    query = {field: values[0] for field, values in parse_qs(parts.fragment).items()}
    return http.ws_connect(
        f"{parts.scheme}://{parts.netloc}/ws", params={**query, "name": name}, protocols=["streamer.v1"]
    )


async def listen(socket: aiohttp.ClientWebSocketResponse, delays_ns: list[int]) -> None:
    async for message in socket:
        if message.type is aiohttp.WSMsgType.BINARY:
            stamp = Packet.parse(message.data).payload[:STAMP]
            delays_ns.append(perf_counter_ns() - int.from_bytes(stamp, "big"))


async def each_packet(seconds: float) -> AsyncIterator[bytes]:
    """A payload with the time, whenever one is due."""
    due = asyncio.get_running_loop().time()
    for _ in range(round(seconds / EVERY_S)):
        yield perf_counter_ns().to_bytes(STAMP, "big") + bytes(PAYLOAD - STAMP)
        due += EVERY_S
        await asyncio.sleep(due - asyncio.get_running_loop().time())


async def talk(socket: aiohttp.ClientWebSocketResponse, seconds: float) -> None:
    seq = 0
    async for payload in each_packet(seconds):
        await socket.send_bytes(
            Packet(flags=VOICE, seq=seq & 0xFFFF, timestamp=480 * seq, payload=payload).serialize()
        )
        seq += 1


def cpu_s(processes: list[psutil.Process]) -> float:
    return sum(sum(process.cpu_times()[:2]) for process in processes)


def deliveries(relays: list[RelayProcess]) -> float:
    total = 0.0
    for relay in relays:
        with urlopen(f"{relay.origin}/metrics") as answer:
            lines = answer.read().decode().splitlines()
        total += float(
            next(line for line in lines if line.startswith("streamer_deliveries_total ")).split()[1]
        )
    return total


async def through_relays(folder: Path, count: int, options: argparse.Namespace) -> Found:
    with service(folder, count) as (server, relays):
        async with AsyncExitStack() as stack:
            http = await stack.enter_async_context(
                aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))
            )
            delays: list[list[int]] = [[] for _ in relays]
            tasks = []
            for number in range(options.members):
                place = number % count
                socket = await stack.enter_async_context(socket_of(http, relays[place], f"L{number}"))
                tasks.append(asyncio.create_task(listen(socket, delays[place])))
            talkers = [
                await stack.enter_async_context(socket_of(http, relays[0], f"T{number}"))
                for number in range(options.talkers)
            ]
            await asyncio.gather(*(talk(socket, SETTLE_S) for socket in talkers))
            for each in delays:
                each.clear()
            programs = [psutil.Process(relay.pid) for relay in relays]
            broker = [psutil.Process(server.pid)]
            before = cpu_s(programs), cpu_s(broker), await asyncio.to_thread(deliveries, relays)
            await asyncio.gather(*(talk(socket, options.seconds) for socket in talkers))
            after = cpu_s(programs), cpu_s(broker), await asyncio.to_thread(deliveries, relays)
            relays_s, broker_s, done = (late - early for late, early in zip(after, before, strict=True))
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        there = [delay for each in delays[1:] for delay in each]
        return Found(
            statistics.median(delays[0]) / 1e6,
            statistics.median(there) / 1e6 if there else None,
            (relays_s + broker_s) * 1e6 / done,
            broker_s * 1e6 / done,
            done / options.seconds,
        )


async def through_nats_alone(folder: Path, options: argparse.Namespace) -> Found:
    with NatsServer(folder / "nats") as server:
        delays: list[int] = []

        async def take(message: nats.aio.msg.Msg) -> None:
            delays.append(perf_counter_ns() - int.from_bytes(message.data[:STAMP], "big"))

        clients = [await nats.connect(server.url) for _ in range(options.members + options.talkers)]
        for client in clients[: options.members]:
            await client.subscribe("room", cb=take)
            await client.flush()

        async def speak(client: nats.NATS, seconds: float) -> None:
            async for payload in each_packet(seconds):
                await client.publish("room", payload)
                await client.flush()

        talkers = clients[options.members :]
        await asyncio.gather(*(speak(client, SETTLE_S) for client in talkers))
        delays.clear()
        broker = [psutil.Process(server.pid)]
        before = cpu_s(broker)
        await asyncio.gather(*(speak(client, options.seconds) for client in talkers))
        spent_s, done = cpu_s(broker) - before, len(delays)
        for client in clients:
            with contextlib.suppress(Exception):
                await client.close()
        cost = spent_s * 1e6 / done
        return Found(statistics.median(delays) / 1e6, None, cost, cost, done / options.seconds)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--members", type=int, default=30)
    parser.add_argument("--talkers", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    found: dict[str, list[Found]] = {}
    for _ in range(options.rounds):
        for count in (1, 2, 3):
            with tempfile.TemporaryDirectory() as folder:
                result = asyncio.run(through_relays(Path(folder), count, options))
            found.setdefault(f"{count} relay{'s' * (count > 1)}", []).append(result)
        with tempfile.TemporaryDirectory() as folder:
            found.setdefault("bare NATS", []).append(asyncio.run(through_nats_alone(Path(folder), options)))
    for name, results in found.items():
        print(f"{name:9} {line(results)}")


def line(results: list[Found]) -> str:
    here, cpu, broker, rate = (
        statistics.median(getattr(each, field) for each in results)
        for field in ("here_ms", "cpu_us", "nats_us", "deliveries_per_s")
    )
    added = [each.there_ms - each.here_ms for each in results if each.there_ms is not None]
    crossing = (
        f"; crossing adds {statistics.median(added):.2f} ms at p50 ({min(added):.2f} to {max(added):.2f})"
        if added
        else ""
    )
    return (
        f"{rate:8,.0f} deliveries/s, {cpu:6.2f} µs of a processor each, of which NATS {broker:5.2f} µs; "
        f"p50 {here:.2f} ms{crossing}"
    )


if __name__ == "__main__":
    main()
