"""One at a time: who has the floor, told to all, and nobody else is heard."""

from relay_fixture import HOST_KEY, PACKET, Guest, House

from streamer.relay.rooms.floor import LIMIT_S, Floor


def taken(by: int) -> Floor:
    floor = Floor()
    floor.switch(on=True)
    assert floor.request(by, 0.0, is_host=False)
    return floor


def test_the_first_who_asks_has_it_until_it_is_given_back() -> None:
    floor = taken(by=1)
    assert not floor.request(2, 1.0, is_host=False)
    assert not floor.release(2)
    assert floor.release(1)
    assert floor.request(2, 2.0, is_host=False)


def test_the_host_takes_it_from_a_guest_and_no_guest_takes_it_back() -> None:
    floor = taken(by=1)
    assert floor.request(9, 1.0, is_host=True)
    assert not floor.request(1, 2.0, is_host=False)
    assert not floor.request(8, 2.0, is_host=True)
    assert floor.holder == 9


def test_somebody_who_has_it_for_too_long_loses_it_and_has_to_let_go_before_asking_again() -> None:
    floor = taken(by=1)
    assert not floor.expire(LIMIT_S - 1)
    assert floor.expire(LIMIT_S)
    assert not floor.request(1, LIMIT_S, is_host=False)
    floor.release(1)
    assert floor.request(1, LIMIT_S, is_host=False)


def test_while_it_is_off_everybody_may_talk() -> None:
    floor = Floor()
    assert not floor.request(1, 0.0, is_host=False)
    assert floor.admits(1)
    assert floor.admits(2)


async def say(talker: Guest) -> None:
    await talker.socket.send_bytes(PACKET.serialize())


async def test_only_who_has_the_floor_is_heard_from_the_first_packet_on() -> None:
    async with House.open() as house:
        host, ada, ben = [await house.enter(key=key) for key in (HOST_KEY, "correct-horse", "correct-horse")]
        await host.socket.send_json({"type": "one_at_a_time", "on": True})
        for guest in (host, ada, ben):
            assert await guest.text("floor") == {"type": "floor", "talker_id": 0, "on": True}
        await say(ada)
        await ada.socket.send_json({"type": "floor", "wants": True})
        await say(ada)
        assert (await ben.text("floor"))["talker_id"] == ada.welcome["talker_id"]
        assert (await ben.packet()).talker_id == ada.welcome["talker_id"]
        await ben.socket.send_json({"type": "floor", "wants": True})
        await say(ben)
        assert (await ben.text("floor"))["talker_id"] == ada.welcome["talker_id"]
        assert await ben.hears_nothing()
        await ada.socket.send_json({"type": "floor", "wants": False})
        assert (await ben.text("floor"))["talker_id"] == 0


async def test_somebody_who_leaves_gives_the_floor_back_and_who_comes_learns_who_has_it() -> None:
    async with House.open() as house:
        host, ada = await house.enter(key=HOST_KEY), await house.enter()
        await host.socket.send_json({"type": "one_at_a_time", "on": True})
        await ada.socket.send_json({"type": "floor", "wants": True})
        while (await host.text("floor"))["talker_id"] == 0:
            pass
        ben = await house.enter()
        assert (await ben.text("floor"))["talker_id"] == ada.welcome["talker_id"]
        await ada.socket.send_json({"type": "leave"})
        assert (await ben.text("floor"))["talker_id"] == 0


async def test_switched_off_everybody_is_heard_again() -> None:
    async with House.open() as house:
        host, ada = await house.enter(key=HOST_KEY), await house.enter()
        for on in (True, False):
            await host.socket.send_json({"type": "one_at_a_time", "on": on})
            assert (await ada.text("floor"))["on"] is on
        await say(ada)
        assert (await host.packet()).payload == PACKET.payload
