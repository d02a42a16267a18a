"""Several relays and a real NATS server are one service: a room spans the relays."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from cluster_fixture import ClusterHouse, hears, people, relays, until
from nats_server import NatsServer
from relay_fixture import HOST_KEY, PACKET, Guest

CHAT = {"type": "chat", "text": "hello"}


@pytest.fixture
def nats(tmp_path: Path) -> Iterator[NatsServer]:
    with NatsServer(tmp_path / "nats") as nats:
        yield nats


async def test_members_of_three_relays_are_in_one_room_with_ids_of_their_own(nats: NatsServer) -> None:
    async with relays(nats.url, 3) as houses:
        guests = [
            await house.enter(name=name) for house, name in zip(houses, ("Ada", "Bob", "Eve"), strict=True)
        ]
        for house in houses:
            await until(
                lambda house=house: people(house) == ["Ada", "Bob", "Eve"], lambda house=house: people(house)
            )
        assert len({guest.welcome["talker_id"] for guest in guests}) == 3
        joined = {(await guests[0].text("joined"))["name"] for _ in range(2)}
        assert joined == {"Bob", "Eve"}  # by two other relays, whose news come in any order
        await guests[1].socket.close()
        left = await guests[0].text("left")
        assert left["talker_id"] == guests[1].welcome["talker_id"]


async def test_a_packet_crosses_relays_and_says_who_talks(nats: NatsServer) -> None:
    async with relays(nats.url, 2) as (here, there):
        talker, listener = await here.enter(name="Ada"), await there.enter(name="Bob")
        heard = await hears(listener, talker, PACKET.serialize())
        assert (heard.talker_id, heard.payload) == (talker.welcome["talker_id"], PACKET.payload)
        answer = await hears(talker, listener, PACKET.serialize())
        assert answer.talker_id == listener.welcome["talker_id"]


async def test_chat_is_read_on_all_relays_and_by_who_comes_later(nats: NatsServer) -> None:
    async with relays(nats.url, 2) as (here, there):
        talker, listener = await here.enter(name="Ada"), await there.enter(name="Bob")
        await talker.socket.send_json(CHAT)
        assert (await listener.text("chat"))["talker_id"] == talker.welcome["talker_id"]
        later = await there.enter(name="Eve")
        assert [line["text"] for line in later.welcome["history"]] == ["hello"]


async def test_a_lost_member_comes_back_on_another_relay_as_the_same(nats: NatsServer) -> None:
    async with relays(nats.url, 2) as (here, there):
        watcher, member = await there.enter(name="Watcher"), await here.enter(name="Ada")
        assert (await watcher.text("joined"))["name"] == "Ada"
        back = await there.enter(name="Ada", resume=member.welcome["resume"])
        assert back.welcome["talker_id"] == member.welcome["talker_id"]
        assert back.welcome["name"] == "Ada"
        assert await member.close_code() == 4409
        await until(
            lambda: people(here) == people(there) == ["Ada", "Watcher"], lambda: (people(here), people(there))
        )


async def test_who_comes_first_to_a_relay_where_nobody_was_in_the_room_is_still_the_same(
    nats: NatsServer,
) -> None:
    async with relays(nats.url, 2) as (here, there):
        member, watcher = await here.enter(name="Ada"), await here.enter(name="Bob")
        await until(lambda: there.relay.lobby.room_as_it_is("home").names == ["Ada", "Bob"])
        back = await there.enter(name="Ada", resume=member.welcome["resume"])
        assert (back.welcome["name"], back.welcome["talker_id"]) == ("Ada", member.welcome["talker_id"])
        assert await member.close_code() == 4409
        await until(lambda: people(here) == people(there) == ["Ada", "Bob"])
        assert not watcher.socket.closed


async def test_a_member_goes_from_relay_to_relay_as_often_as_it_likes(nats: NatsServer) -> None:
    async with relays(nats.url, 2) as houses:
        member = await houses[0].enter(name="Ada")
        token, talker_id = member.welcome["resume"], member.welcome["talker_id"]
        for number in range(1, 5):
            before, member = member, await come_back(houses[number % 2], token, talker_id)
            assert await before.close_code() == 4409
        await until(
            lambda: all(people(house) == ["Ada"] for house in houses), lambda: list(map(people, houses))
        )
        await member.socket.send_json({"type": "leave"})
        await until(lambda: not any(map(people, houses)), lambda: list(map(people, houses)))


async def come_back(house: ClusterHouse, token: str, talker_id: int) -> Guest:
    """Once that relay knows the member, by its session and in its list."""
    room = house.relay.lobby.room("home")
    await until(lambda: any(member.talker_id == talker_id for member in room.members))
    back = await house.enter(name="Ada", resume=token)
    assert back.welcome["talker_id"] == talker_id
    return back


async def test_a_host_rules_over_members_of_other_relays(nats: NatsServer) -> None:
    async with relays(nats.url, 2) as (here, there):
        host, guest = await here.enter(key=HOST_KEY, name="Host"), await there.enter(name="Bob")
        await host.text("joined")
        talker_id = guest.welcome["talker_id"]
        await host.socket.send_json({"type": "mute", "talker_id": talker_id})
        assert (await guest.text("mute"))["talker_id"] == host.welcome["talker_id"]
        await host.socket.send_json({"type": "lock", "locked": True})
        assert (await guest.text("lock"))["locked"]
        assert (await there.refusal(room="home", key="correct-horse"))[1] == "locked"
        await host.socket.send_json({"type": "only_hosts", "on": True})
        assert (await guest.text("role"))["role"] == "listen"
        await host.socket.send_json({"type": "turn", "talker_id": talker_id})
        while (role := await host.text("role"))["role"] != "talk":
            assert role["talker_id"] == talker_id
        await host.socket.send_json({"type": "remove", "talker_id": talker_id})
        assert await guest.close_code() == 4401
        assert (await host.text("barred"))["barred"][0]["name"] == "Bob"
