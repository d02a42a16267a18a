"""A room in which everybody talks: a real relay hands on the loudest, and whoever has a turn."""

from dataclasses import replace
from typing import Final

from relay_fixture import HOST_KEY, PACKET, PATIENCE_S, Guest, House

from streamer.relay.access.limits import RelayLimits

PLACES: Final = 2
SPARE: Final = 2
WORDS: Final = 40
"""Packets of each talker."""
FAR: Final = 60


def limits(loudest: int) -> RelayLimits:
    return RelayLimits(loudest=loudest, deadline_ms=PATIENCE_S * 1000)


async def everybody_talks(talkers: list[Guest], levels: list[int]) -> None:
    for number in range(WORDS):
        for talker, level in zip(talkers, levels, strict=True):
            packet = replace(PACKET, seq=number, timestamp=480 * number, level=level, voice=True)
            await talker.socket.send_bytes(packet.serialize())
    for talker in talkers:
        await heard_by(talker)  # then everything that it said has arrived


async def heard_by(listener: Guest) -> dict[int, int]:
    """How many packets of whom came before the answer to a ping."""
    await listener.socket.send_json({"type": "ping", "t0": 99})
    heard: dict[int, int] = {}
    while True:
        message = await listener.socket.receive(30)
        if isinstance(message.data, bytes):
            talker_id = int.from_bytes(message.data[2:4], "big")
            heard[talker_id] = heard.get(talker_id, 0) + 1
        elif message.json().get("type") == "pong" and message.json()["t0"] == 99:
            return heard


async def test_of_eight_who_talk_at_once_the_loudest_are_handed_on_and_the_rest_is_counted() -> None:
    async with House.open(limits=limits(PLACES)) as house:
        listener = await house.enter()
        talkers = [await house.enter() for _ in range(8)]
        await everybody_talks(talkers, [30 + 5 * number for number in range(8)])
        heard = await heard_by(listener)
        ids = [talker.welcome["talker_id"] for talker in talkers]
        assert [heard.get(talker_id) for talker_id in ids[:PLACES]] == [WORDS] * PLACES
        assert len(heard) <= PLACES + SPARE
        dropped = 8 * WORDS - sum(heard.values())
        assert await house.metric('streamer_shed_total{cause="quiet"}') == dropped


async def test_whoever_has_a_turn_is_heard_among_those_who_are_louder() -> None:
    async with House.open(limits=limits(PLACES)) as house:
        host = await house.enter(key=HOST_KEY)
        talkers = [await house.enter() for _ in range(8)]
        quiet = talkers[-1].welcome["talker_id"]
        await host.socket.send_json({"type": "turn", "talker_id": quiet})
        await host.text("turn")
        await everybody_talks(talkers, [30] * 7 + [FAR])
        assert (await heard_by(host))[quiet] == WORDS


async def test_where_no_more_are_in_the_room_than_places_everything_is_handed_on() -> None:
    async with House.open(limits=limits(PLACES)) as house:
        listener = await house.enter()
        talkers = [await house.enter() for _ in range(PLACES)]
        await everybody_talks(talkers, [127] * PLACES)
        assert list((await heard_by(listener)).values()) == [WORDS] * PLACES


async def test_without_a_limit_everybody_is_handed_on() -> None:
    async with House.open(limits=limits(0)) as house:
        listener = await house.enter()
        talkers = [await house.enter() for _ in range(8)]
        await everybody_talks(talkers, [FAR] * 8)
        assert list((await heard_by(listener)).values()) == [WORDS] * 8
