"""What a relay costs: ours, a bare C one that is the limit, and the fastest Python has, under the same load
in one run.

    scripts/bench relay [--rounds 3] [--seconds 4] [--only CASE ...] [--relays NAME ...]

Each relay runs on one core and the load generator, in C, on another; every measurement has a fresh relay. CPU
is the relay's own, system calls included, by the kernel's accounts. In every round each relay has its turn;
ratios are taken within a round, and what is shown are the medians of the rounds.
"""

import argparse
import json
import socket
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep
from typing import Any, Final, NamedTuple

from rich.console import Console
from rich.table import Table

from streamer.relay.tls.authority import Authority

HERE: Final = Path(__file__).parent / "relay"
sys.path[:0] = [str(HERE.parents[1] / "support")]

from free_port import free_port  # noqa: E402

OURS, LIMIT = "streamer", "bare C"
RELAY_CORE, LOAD_CORE = "0", "1"
RELAYS: Final = {
    OURS: [sys.executable, str(HERE / "streamer_relay.py")],
    LIMIT: ["bare_relay"],
    "picows": [sys.executable, str(HERE / "picows_relay.py")],
    "aiohttp": [sys.executable, str(HERE / "aiohttp_relay.py")],
    "websockets": [sys.executable, str(HERE / "websockets_relay.py")],
}

LOUDEST: Final = "streamer, the 6 loudest"
"""In a table of its own: `scripts/bench room`."""

COMMANDS: Final = RELAYS | {LOUDEST: [*RELAYS[OURS], "--loudest", "6"]}

Result = dict[str, Any]


class Case(NamedTuple):
    """One load; see load.c. `window` is for saturation: so many packets of each talker are under way at a
    time."""

    title: str
    rooms: int = 20
    members: int = 10
    talkers: int = 2
    rate: int = 100
    packet_bytes: int = 100
    window: int = 0
    idle: int = 0
    deaf_s: float = 0
    seconds: float = 0  # instead of --seconds
    tls: bool = False
    relays: Sequence[str] = tuple(RELAYS)


WITH_TLS = [name for name in RELAYS if name != LIMIT]
CASES: Final = {
    "rooms": Case("20 rooms × 10 members × 2 talkers, 100 packets/s of 100 bytes"),
    "hall": Case("1 room × 100 members × 3 talkers", rooms=1, members=100, talkers=3),
    "few": Case("4,000 deliveries a second: 4 rooms × 6 members × 2 talkers", rooms=4, members=6, talkers=2),
    "saturation": Case("as much as goes: 20 rooms × 10 members × 2 talkers", window=32),
    "wss": Case("wss: 20 rooms × 10 members × 2 talkers", tls=True, relays=WITH_TLS),
    "wss-saturation": Case("wss, as much as goes", window=32, tls=True, relays=WITH_TLS),
    "idle": Case("2,000 idle connections", rooms=1, members=2, talkers=1, rate=10, idle=2_000),
    "many": Case(
        "5,000 idle connections beside 50 talking rooms", rooms=50, idle=5_000, members=4, talkers=2
    ),
    "stuck": Case("one of 200 listeners reads nothing for 10 s", deaf_s=10, seconds=15, relays=[OURS]),
    "unstuck": Case("the same, everybody reads", seconds=15, relays=[OURS]),
}


def main() -> None:
    options = parse_options()
    cases = {name: among(CASES[name], options.relays) for name in options.only or CASES}
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder), options.seconds)
        rounds = [measure_all(bench, cases, number) for number in range(options.rounds)]
    for name, case in cases.items():
        show(case, [measured[name] for measured in rounds])


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--relays", nargs="+", choices=RELAYS, default=list(RELAYS), metavar="NAME")
    parser.add_argument("--only", nargs="+", choices=CASES, metavar="CASE", help=", ".join(CASES))
    return parser.parse_args()


def among(case: Case, relays: Sequence[str]) -> Case:
    return case._replace(relays=[relay for relay in case.relays if relay in relays])


def measure_all(bench: "Bench", cases: dict[str, Case], number: int) -> dict[str, dict[str, Result]]:
    measured: dict[str, dict[str, Result]] = {}
    for name, case in cases.items():
        print(f"round {number + 1}, {name} …", file=sys.stderr)
        measured[name] = {relay: bench.measure(case, relay) for relay in case.relays}
    return measured


class Bench:
    """Builds the C programs in `folder`, and runs one relay under one load at a time."""

    def __init__(self, folder: Path, seconds: float) -> None:
        self._folder = folder
        self._seconds = seconds
        for program in ("bare_relay", "load"):
            source, libraries = HERE / f"{program}.c", ["-lssl", "-lcrypto"] if program == "load" else []
            subprocess.run(["cc", "-O2", "-o", str(folder / program), str(source), *libraries], check=True)
        leaf = Authority(folder / "ca").leaf(["localhost"], ["127.0.0.1"])
        self._identity = [str(leaf.cert), str(leaf.key)]

    def measure(self, case: Case, relay: str) -> Result:
        with self._running(relay, self._identity if case.tls else []) as (port, pid):
            numbers = [
                port,
                pid,
                int(case.tls),
                case.rooms,
                case.members,
                case.talkers,
                case.rate,
                case.packet_bytes,
            ]
            seconds = case.seconds or self._seconds
            numbers += [seconds, case.window, case.idle, case.deaf_s]
            load = ["taskset", "-c", LOAD_CORE, str(self._folder / "load"), *map(str, numbers)]
            done = subprocess.run(load, check=True, capture_output=True, text=True, timeout=seconds + 120)
        return with_derived(json.loads(done.stdout), case)

    @contextmanager
    def _running(self, relay: str, identity: list[str]) -> Iterator[tuple[int, int]]:
        port = free_port()
        program, *arguments = COMMANDS[relay]
        if not arguments:
            program = str(self._folder / program)
        command = ["taskset", "-c", RELAY_CORE, program, *arguments, str(port), *identity]
        log = self._folder / "relay.log"
        with log.open("wb") as output:
            process = subprocess.Popen(command, stdout=output, stderr=output)
        try:
            await_port(port, process, log)
            yield port, process.pid
        finally:
            process.kill()
            process.wait()


def await_port(port: int, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = monotonic() + 20
    while monotonic() < deadline and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            sleep(0.05)
        else:
            sleep(0.2)  # until it has settled
            return
    raise SystemExit(f"bench: a relay did not start: {process.args}\n{log.read_text()[-2_000:]}")


def with_derived(result: Result, case: Case) -> Result:
    result["cpu_us_each"] = result["cpu_us"] / max(1, result["delivered"])
    result["per_s"] = result["delivered"] / result["seconds"]
    result["lost"] = 1 - result["delivered"] / max(1, result["expected"])
    result["kib_each"] = (result["rss_kib"] - result["rss_before_kib"]) / (
        case.rooms * case.members + case.idle
    )
    return result


COLUMNS: Final = {
    "CPU µs a delivery": ("cpu_us_each", "{:.2f}"),
    "deliveries/s": ("per_s", "{:,.0f}"),
    "lost": ("lost", "{:.2%}"),
    "p50 µs": ("p50_us", "{:.0f}"),
    "p99 µs": ("p99_us", "{:.0f}"),
    "p99.9 µs": ("p999_us", "{:.0f}"),
    "RSS MiB": ("rss_kib", "{:.1f}"),
    "KiB a connection": ("kib_each", "{:.1f}"),
}
RATIOS: Final = {"CPU ×": "cpu_us_each", "deliveries/s ×": "per_s"}


def show(case: Case, rounds: list[dict[str, Result]]) -> None:
    table = Table("relay", *COLUMNS, *RATIOS, title=case.title, title_justify="left")
    base = LIMIT if LIMIT in case.relays else "picows" if "picows" in case.relays else OURS
    for relay in case.relays:
        cells = [text.format(middle(rounds, relay, key)) for key, text in COLUMNS.values()]
        table.add_row(relay, *cells, *(f"{ratio(rounds, relay, base, key):.2f}" for key in RATIOS.values()))
    console = Console(width=150)
    console.print(table)
    spread = ", ".join(f"{each:.2f}" for each in sorted(ours(rounds, base)))
    console.print(f"× is by {base}; our CPU ratios, sorted: {spread}")
    if case.deaf_s:
        stuck = rounds[0][OURS]
        console.print(
            f"when it reads again: {stuck['deaf_stale']} packets older than 200 ms, which its own system "
            "held, "
            f"then {stuck['deaf_fresh']} fresh ones, the first after {stuck['deaf_to_fresh_ms']} ms"
        )


def middle(rounds: list[dict[str, Result]], relay: str, key: str) -> float:
    return statistics.median(measured[relay][key] for measured in rounds) / (1024 if key == "rss_kib" else 1)


def ratio(rounds: list[dict[str, Result]], relay: str, base: str, key: str) -> float:
    return statistics.median(measured[relay][key] / measured[base][key] for measured in rounds)


def ours(rounds: list[dict[str, Result]], base: str) -> list[float]:
    return [measured[OURS]["cpu_us_each"] / measured[base]["cpu_us_each"] for measured in rounds]


if __name__ == "__main__":
    main()
