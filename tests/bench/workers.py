"""What `serve --workers` brings and costs: deliveries and processor time of one process and of two workers.

    scripts/bench workers [--rooms 4] [--members 20] [--talkers 2] [--seconds 5] [--rounds 3]

Real processes and a real NATS server, all on this machine, as are the clients. Rooms are `at home` where all
members are in the worker that has the room, as they end by themselves, and `across` where every other member
is in the wrong one, as where only one port can be reached. The last figure is what could be delivered if each
process had a processor of its own: deliveries per second, divided by the part of a processor that the busiest
one used.
"""

import argparse
import asyncio
import statistics
import sys
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final, NamedTuple
from urllib.request import urlopen

import aiohttp
import psutil

HERE: Final = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "support")]

from cluster import LIMITS, SETTLE_S, cpu_s, listen, talk  # noqa: E402
from processes import RelayProcess  # noqa: E402
from workers_fixture import NUMBERS, WorkersProcess, first_worker  # noqa: E402

from streamer.wire.room_link import Address  # noqa: E402

WAYS: Final = ("one process", "two workers, at home", "two workers, across")


class Found(NamedTuple):
    """CPU in µs of a delivery, and of that what no worker used: NATS and the parent."""

    deliveries_per_s: float
    cpu_us: float
    beside_us: float
    delay_ms: float
    most_per_s: float


def rooms_of(count: int) -> list[str]:
    """As many at home in each worker."""
    names = [f"room{number}" for number in range(1_000)]
    by_home = [[name for name in names if first_worker(name) == worker] for worker in NUMBERS]
    return [by_home[number % len(NUMBERS)][number] for number in range(count)]


def deliveries(ports: list[int]) -> float:
    total = 0.0
    for port in ports:
        with urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
            lines = answer.read().decode().splitlines()
        found = next(line for line in lines if line.startswith("streamer_deliveries_total "))
        total += float(found.split()[1])
    return total


async def measure(relay: RelayProcess, ports: dict[int, int], way: str, options: argparse.Namespace) -> Found:
    rooms = rooms_of(options.rooms)
    delays_ns: list[int] = []
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)))
        listening, talkers = [], []
        for room in rooms:
            for number in range(options.members):
                home = first_worker(room)
                place = 3 - home if way == WAYS[2] and number % 2 else home
                key = Address.parse(relay.links.to_talk[room]).key
                query = {"room": room, "key": key, "name": f"M{number}"}  # equals would be parted first
                url = f"http://127.0.0.1:{ports[place]}/ws"
                socket = await stack.enter_async_context(
                    http.ws_connect(url, params=query, protocols=["streamer.v1"])
                )
                if number < options.talkers:
                    talkers.append(socket)
                listening.append(asyncio.create_task(listen(socket, delays_ns)))
        await asyncio.gather(*(talk(socket, SETTLE_S) for socket in talkers))
        delays_ns.clear()
        family = [psutil.Process(relay.pid), *psutil.Process(relay.pid).children()]
        of_ports = [process for process in family if _listens(process, set(ports.values()))]
        seen = list(dict.fromkeys(ports.values()))
        before = [cpu_s([process]) for process in family], await asyncio.to_thread(deliveries, seen)
        await asyncio.gather(*(talk(socket, options.seconds) for socket in talkers))
        after = [cpu_s([process]) for process in family], await asyncio.to_thread(deliveries, seen)
        for task in listening:
            task.cancel()
        await asyncio.gather(*listening, return_exceptions=True)
    spent = [late - early for late, early in zip(after[0], before[0], strict=True)]
    done = after[1] - before[1]
    beside = sum(part for process, part in zip(family, spent, strict=True) if process not in of_ports)
    return Found(
        done / options.seconds,
        sum(spent) * 1e6 / done,
        beside * 1e6 / done,
        statistics.median(delays_ns) / 1e6,
        done / max(spent),
    )


def _listens(process: psutil.Process, ports: set[int]) -> bool:
    return any(each.laddr and each.laddr.port in ports for each in process.net_connections("tcp"))


def run_once(way: str, options: argparse.Namespace) -> Found:
    rooms = [part for room in rooms_of(options.rooms) for part in ("--room", room)]
    with tempfile.TemporaryDirectory() as folder:
        if way == WAYS[0]:
            with RelayProcess(Path(folder), "--no-tls", "--no-mdns", *rooms, *LIMITS) as relay:
                port = Address.parse(relay.link).port
                return asyncio.run(measure(relay, dict.fromkeys(NUMBERS, port), way, options))
        with WorkersProcess(Path(folder), "--no-tls", *rooms, *LIMITS) as crew:
            ports = {worker: crew.port_of(worker) for worker in NUMBERS}
            return asyncio.run(measure(crew, ports, way, options))


def main() -> None:
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=raw)
    for name, default in (("rooms", 4), ("members", 20), ("talkers", 2), ("rounds", 3)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--seconds", type=float, default=5)
    options = parser.parse_args()
    found: dict[str, list[Found]] = {way: [] for way in WAYS}
    for _ in range(options.rounds):
        for way in WAYS:
            found[way].append(run_once(way, options))
    for way, results in found.items():
        middle = Found(*(statistics.median(column) for column in zip(*results, strict=True)))
        print(
            f"{way:21} {middle.deliveries_per_s:7,.0f} deliveries/s, {middle.cpu_us:6.2f} µs of a processor, "
            f"of which NATS and parent {middle.beside_us:5.2f} µs; p50 {middle.delay_ms:.2f} ms; "
            f"busiest process: up to {middle.most_per_s:,.0f} deliveries/s"
        )


if __name__ == "__main__":
    main()
