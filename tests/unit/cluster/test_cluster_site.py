"""Three relays, NATS and HAProxy as an operator runs them: what people hear while parts of that die and come
back."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from time import perf_counter

import pytest
from measured import measured
from site_of_relays import Site, open_site

MOST_S = 60.0
"""A bound on what hangs, on however busy a machine; what was measured stands in the summary."""


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    async with open_site(tmp_path) as site:
        yield site


async def test_people_on_three_relays_hear_each_other_and_are_counted_once(site: Site) -> None:
    connected = site.counts()[1]
    assert min(connected) > 0, connected
    await site.until_counted(MOST_S)


async def test_people_of_a_killed_relay_talk_again(site: Site) -> None:
    number = site.busiest
    killed_s = perf_counter()
    await site.kill(number)
    measured("until all talk again after kill -9 of a relay", await site.until_talking(killed_s, MOST_S))
    await site.start(number)
    await site.until_counted(MOST_S)


async def test_rooms_of_one_relay_never_stop_without_nats_and_the_others_are_complete_when_it_is_back(
    site: Site,
) -> None:
    site.forget_gaps()
    await asyncio.to_thread(site.nats.stop)
    await site.until(lambda: not site.is_complete, MOST_S)
    assert all(person.sees for person in site.pair.values())
    await asyncio.to_thread(site.nats.start)
    back_s = perf_counter()
    measured("until rooms are complete after NATS is back", await site.until_talking(back_s, MOST_S))
    measured("longest gap in a room of one relay while NATS was away", site.longest_gap_s(site.pair))
    assert site.longest_gap_s(site.pair) < perf_counter() - back_s + 2  # shorter than NATS was away, by far
    await site.until_counted(MOST_S)


async def test_people_of_a_relay_that_drains_hardly_notice(site: Site) -> None:
    number = site.busiest
    site.forget_gaps()
    began_s = perf_counter()
    await site.drain(number)
    await site.until_talking(began_s, MOST_S)
    measured("longest gap while a relay drained", max(map(site.longest_gap_s, (site.people, site.pair))))
    await site.start(number)
    await site.until_counted(MOST_S)


async def test_after_a_partition_everybody_is_listed_once_and_nobody_is_two(site: Site) -> None:
    site.gap.cut()
    await site.until(lambda: not site.is_complete, MOST_S)
    await site.kill(1)  # its people may come to either side
    await site.until(lambda: all(person.sees for person in site.pair.values()), MOST_S)
    site.gap.mend()
    mended_s = perf_counter()
    measured("until rooms are complete after a partition", await site.until_talking(mended_s, MOST_S))
    await site.start(1)
    await site.until_counted(MOST_S)


async def test_a_relay_that_slept_takes_its_people_back_or_lets_them_go(site: Site) -> None:
    site.pause(2)
    await site.until(lambda: not site.is_complete, MOST_S)
    site.go_on(2)
    woke_s = perf_counter()
    measured("until rooms are complete after a relay slept", await site.until_talking(woke_s, MOST_S))
    await site.until_counted(MOST_S)
