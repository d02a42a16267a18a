"""A room in which everybody talks, on two relays: each hands on the loudest of the whole room, as many as it
may."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from cluster_fixture import ClusterHouse, know_each_other, people, relay_of, until
from nats_server import NatsServer
from relay_fixture import Guest
from test_big_room import SPARE, WORDS, everybody_talks, heard_by, limits

FEW: Final = 2
MORE: Final = 4
TALKERS: Final = 8


@pytest.fixture
def nats(tmp_path: Path) -> Iterator[NatsServer]:
    with NatsServer(tmp_path / "nats") as nats:
        yield nats


async def all_heard_by(listener: Guest, house: ClusterHouse) -> dict[int, int]:
    """Once that relay has handed on or left out all that was said."""
    heard: dict[int, int] = {}
    while sum(heard.values()) + await house.metric('streamer_shed_total{cause="quiet"}') < TALKERS * WORDS:
        for talker_id, count in (await heard_by(listener)).items():
            heard[talker_id] = heard.get(talker_id, 0) + count
    return heard


async def test_each_relay_hands_on_the_loudest_of_all_relays_as_many_as_its_own_option_says(
    nats: NatsServer,
) -> None:
    async with (
        relay_of(nats.url, source="few", limits=limits(FEW)) as few,
        relay_of(nats.url, source="more", limits=limits(MORE)) as more,
    ):
        await know_each_other(few, more)
        alone = await few.enter(name="Alone")  # here are fewer members than places, and many elsewhere
        beside = await more.enter(name="Beside")
        talkers = [await more.enter(name=f"Talker{number}") for number in range(TALKERS)]
        await until(lambda: len(people(few)) == len(people(more)) == TALKERS + 2)
        await everybody_talks(talkers, [30 + 5 * number for number in range(TALKERS)])
        ids = [talker.welcome["talker_id"] for talker in talkers]
        for listener, house, places in ((alone, few, FEW), (beside, more, MORE)):
            heard = await all_heard_by(listener, house)
            assert [heard.get(talker_id) for talker_id in ids[:places]] == [WORDS] * places
            assert len(heard) <= places + SPARE
