"""What others hear while somebody attacks: loss and delay of a quiet room, without and with each attack.

    scripts/bench hostile [--guests 16 63 256] [--rounds 3] [--seconds 4] [--only NAME ...]

A relay serves two rooms. In the quiet one two people talk to three listeners, 100 packets a second each. The
attackers are in a process of their own and come from one other address: members of the other room, without
TLS, so that the cost is the relay's own; and strangers, who have no place in a room, with TLS. The relay has
the first processor; everybody else has the others, so that an attacker's own work does not count as the
relay's; where it is allowed, the relay and the quiet room come before all other programs. In each round the
quiet room is measured without and with the attack, and the ratio is taken within the round. Wanted: no packet
lost; the median ratio of p99 at most 1.5, or a p99 that one in ten calm rounds of this run has too: more than
that a shared machine can't tell. "CPU" is the relay's, of one core; with p50 it says on a busy machine, too,
what an attack costs.
"""

import argparse
import asyncio
import logging
import multiprocessing
import os
import statistics
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Event
from pathlib import Path
from time import sleep
from typing import Final, NamedTuple

import psutil

sys.path.insert(0, str(Path(__file__).parent.parent / "support"))
from attacks_by_members import BY_MEMBERS, Attack
from attacks_by_strangers import BY_STRANGERS
from quiet_room import Figures, measure
from raw_peer import Target
from two_rooms import TwoRooms

SETTLE_S: Final = 1.5
MAX_RATIO: Final = 1.5
ATTACKS: Final[dict[str, Attack]] = BY_MEMBERS | BY_STRANGERS


class RelayUnderAttack(TwoRooms):
    """On the first processor."""

    def wait_ready(self) -> None:
        come_first(self.pid)
        super().wait_ready()
        first, *others = sorted(os.sched_getaffinity(0))
        if others:
            os.sched_setaffinity(self.pid, {first})


def come_first(pid: int) -> None:
    """Before all other programs of this machine, which would count as the attack's effect; only root may ask
    for it."""
    with suppress(PermissionError):
        os.sched_setscheduler(pid, os.SCHED_RR, os.sched_param(os.sched_get_priority_min(os.SCHED_RR)))


def leave_the_first_processor() -> None:
    """It is the relay's."""
    _, *others = sorted(os.sched_getaffinity(0))
    if others:
        os.sched_setaffinity(0, others)


def attack_in_a_process(name: str, target: Target, guests: int, ending: Event) -> None:
    os.nice(10)
    leave_the_first_processor()
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)  # it complains of each write to who hung up

    async def main() -> None:
        attacking = asyncio.ensure_future(ATTACKS[name](target, guests))
        while not ending.is_set() and not attacking.done():
            await asyncio.sleep(0.05)
        if attacking.done() and attacking.exception():
            print(f"The attack {name!r} broke off: {attacking.exception()!r}", file=sys.stderr)
        attacking.cancel()

    asyncio.run(main())


def measure_in_a_process(target: Target, seconds: float, answer: Connection) -> None:
    leave_the_first_processor()
    come_first(0)
    try:
        answer.send(asyncio.run(measure(target, seconds)))
    except OSError as error:
        print(f"Nobody could join the quiet room: {error}")
        answer.send(Figures(100, float("inf"), float("inf")))


def measured(target: Target, seconds: float) -> Figures:
    processes = multiprocessing.get_context("fork")
    ours, theirs = processes.Pipe()
    process = processes.Process(target=measure_in_a_process, args=(target, seconds, theirs), daemon=True)
    process.start()
    try:
        figures: Figures = ours.recv()
        return figures
    finally:
        process.join()


def under(name: str, target: Target, guests: int, seconds: float) -> Figures:
    """The quiet room's figures while the attack goes on."""
    processes = multiprocessing.get_context("fork")
    ending = processes.Event()
    attacker = processes.Process(target=attack_in_a_process, args=(name, target, guests, ending), daemon=True)
    attacker.start()
    try:
        sleep(SETTLE_S)
        return measured(target, seconds)
    finally:
        ending.set()
        attacker.join(5)
        attacker.kill()


class Round(NamedTuple):
    calm: Figures
    attacked: Figures
    cpu: float
    """Of the relay while it was attacked, in percent of one core."""

    @property
    def ratio(self) -> float:
        return self.attacked.p99 / self.calm.p99


def a_round(name: str, relay: RelayUnderAttack, guests: int, seconds: float) -> Round:
    calm = measured(relay.target, seconds)
    process = psutil.Process(relay.pid)
    process.cpu_percent()
    attacked = under(name, relay.target, guests, seconds)
    cpu = process.cpu_percent()
    sleep(SETTLE_S)
    return Round(calm, attacked, cpu)


class Row(NamedTuple):
    name: str
    guests: int
    rounds: list[Round]

    def median(self, of: Callable[[Round], float]) -> float:
        return statistics.median(of(each) for each in self.rounds)

    @property
    def loss(self) -> float:
        return max(each.attacked.loss for each in self.rounds)

    def holds(self, usual_p99: float) -> bool:
        p99 = self.median(lambda each: each.attacked.p99)
        return self.loss == 0 and (self.median(lambda each: each.ratio) <= MAX_RATIO or p99 <= usual_p99)

    def __str__(self) -> str:
        calm50, calm99 = self.median(lambda each: each.calm.p50), self.median(lambda each: each.calm.p99)
        p50, p99 = self.median(lambda each: each.attacked.p50), self.median(lambda each: each.attacked.p99)
        cpu, ratio = self.median(lambda each: each.cpu), self.median(lambda each: each.ratio)
        return (
            f"{self.name:26} {self.guests:6}   {calm50:7.2f} {calm99:7.2f}   "
            f"{self.loss:6.2f} {p50:7.2f} {p99:7.2f} {cpu:4.0f} %   {ratio:5.2f}"
        )


def attacked(name: str, guests: int, seconds: float, count: int) -> Row:
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home,
        RelayUnderAttack(Path(home), tls=name in BY_STRANGERS) as relay,
    ):
        row = Row(name, guests, [a_round(name, relay, guests, seconds) for _ in range(count)])
    print(row, flush=True)
    return row


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--guests", type=int, nargs="+", default=[16, 63, 256])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--only", nargs="+", choices=[*ATTACKS], default=[*ATTACKS], metavar="NAME")
    options = parser.parse_args()
    without, under_it = f"{'p50 ms':>7} {'p99':>7}", f"{'loss %':>6} {'p50 ms':>7} {'p99':>7} {'CPU':>6}"
    print(f"{'attack':26} {'guests':>6}   {without}   {under_it}   ratio")
    print(f"{'':33}   {'without':>15}   {'with':>29}")
    rows = [
        attacked(name, guests, options.seconds, options.rounds)
        for name in options.only
        for guests in options.guests
    ]
    calm = sorted(each.calm.p99 for row in rows for each in row.rounds)
    usual_p99 = calm[len(calm) * 9 // 10]
    short = [f"{row.name} ({row.guests})" for row in rows if not row.holds(usual_p99)]
    print(f"a calm p99 that is not rare here: {usual_p99:.2f} ms")
    print("falls short: " + ", ".join(short) if short else "all hold")
    return 1 if short else 0


if __name__ == "__main__":
    sys.exit(main())
