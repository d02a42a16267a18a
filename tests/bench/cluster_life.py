"""The life of a site of three relays, NATS and HAProxy: all that may happen to it, in random order.

    scripts/bench cluster_life [--seconds 600] [--people 6] [--seed N]

Relays are killed and drained, and sleep; NATS is killed; the way of one relay to NATS is cut; people come and
go. After each event all rooms must be complete, and at the end every count must be right: else this ends with
1. It prints what it does, and the median and the worst of what that costs those who talk. All run on this
machine, and so do the people, in this process: what it prints of a busy machine is its own delay, too.
"""

import argparse
import asyncio
import random
import statistics
import sys
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from time import perf_counter
from typing import Final

sys.path[:0] = [str(Path(__file__).parent.parent / "support")]

from site_of_relays import HOME, RELAYS, Person, Site, open_site  # noqa: E402

MOST_S: Final = 60.0
"""A bound on what hangs."""

CUT_S: Final = (0.2, 4.0)
"""For which NATS, or the way to it, is away: shorter and longer than a relay is taken for dead (2.2 s)."""

SLEEP_S: Final = (0.5, 10.0)

GOALS: Final = {
    "until all talk again after kill -9 of a relay": 3.0,
    "until rooms are complete after NATS is back": 5.0,
    "longest gap while a relay drained": 1.0,
}
"""In s."""


class Life:
    """`found` has what each kind of event cost, in s."""

    def __init__(self, site: Site, chance: random.Random, stack: AsyncExitStack) -> None:
        self._site = site
        self._chance = chance
        self._stack = stack
        self._born = len(site.people)
        self.found: dict[str, list[float]] = {}
        self.events: list[Callable[[], Awaitable[None]]] = [
            self.kill, self.restart_nats, self.drain, self.cut_off, self.sleep, self.come_and_go,
        ]  # fmt: skip

    async def kill(self) -> None:
        number, since_s = self._any_relay(), perf_counter()
        await self._site.kill(number)
        await self._talking("until all talk again after kill -9 of a relay", since_s)
        await self._site.start(number)

    async def restart_nats(self) -> None:
        await asyncio.to_thread(self._site.nats.stop)
        await asyncio.sleep(self._chance.uniform(*CUT_S))
        await asyncio.to_thread(self._site.nats.start)
        await self._talking("until rooms are complete after NATS is back", perf_counter())

    async def drain(self) -> None:
        number, since_s = self._any_relay(), perf_counter()
        self._site.forget_gaps()
        await self._site.drain(number)
        await self._site.until_talking(since_s, MOST_S)
        gap_s = max(map(self._site.longest_gap_s, (self._site.people, self._site.pair)))
        self._note("longest gap while a relay drained", gap_s)
        await self._site.start(number)

    async def cut_off(self) -> None:
        self._site.gap.cut()
        await asyncio.sleep(self._chance.uniform(*CUT_S))
        self._site.gap.mend()
        await self._talking("until rooms are complete after a partition", perf_counter())

    async def sleep(self) -> None:
        number = self._any_relay()
        self._site.pause(number)
        await asyncio.sleep(self._chance.uniform(*SLEEP_S))
        self._site.go_on(number)
        await self._talking("until rooms are complete after a relay slept", perf_counter())

    async def come_and_go(self) -> None:
        people, since_s = self._site.people, perf_counter()
        leaving = people.pop(self._chance.choice(self._site.names))
        await leaving.__aexit__()
        name = f"P{self._born}"
        self._born += 1
        people[name] = await self._stack.enter_async_context(
            Person(name, self._site.link(HOME, self._any_relay()))
        )
        await self._talking("until all hear one who came", since_s)

    def _any_relay(self) -> int:
        return self._chance.randrange(RELAYS)

    async def _talking(self, what: str, since_s: float) -> None:
        self._note(what, await self._site.until_talking(since_s, MOST_S))

    def _note(self, what: str, seconds: float) -> None:
        self.found.setdefault(what, []).append(seconds)
        print(f"    {seconds:6.2f} s  {what}", flush=True)


async def live(folder: Path, options: argparse.Namespace) -> dict[str, list[float]]:
    """Raises AssertionError where a room is not complete again, or a count is wrong."""
    chance = random.Random(options.seed)
    async with open_site(folder, options.people) as site, AsyncExitStack() as stack:
        life, began_s, count = Life(site, chance, stack), perf_counter(), 0
        while perf_counter() - began_s < options.seconds:
            for event in chance.sample(life.events, len(life.events)):
                await event()
                count += 1
                await site.until_counted(MOST_S)
        passed_s = perf_counter() - began_s
        print(f"{count} events in {passed_s:.0f} s; at the end, each relay lists {site.counts()[0]}")
        await site.until_counted(MOST_S)
        gone = [f"{name}: {person.failed}" for name, person in site.people.items() if person.failed]
        assert not gone, gone
        return life.found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--people", type=int, default=6)
    parser.add_argument("--seed", type=int, default=random.randrange(1_000_000))
    options = parser.parse_args()
    print(f"seed {options.seed}")
    with tempfile.TemporaryDirectory() as folder:
        try:
            found = asyncio.run(live(Path(folder), options))
        except AssertionError as error:
            sys.exit(f"the site did not come back, seed {options.seed}: {error}")
    for what, seconds in sorted(found.items()):
        goal = f"; the goal is {GOALS[what]:.0f} s" if what in GOALS else ""
        print(
            f"{what}: median {statistics.median(seconds):.2f} s, worst {max(seconds):.2f} s of "
            f"{len(seconds)}{goal}"
        )


if __name__ == "__main__":
    main()
