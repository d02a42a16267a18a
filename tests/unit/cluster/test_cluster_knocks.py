"""A host sees and answers who knocks, on whichever relays they are."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from cluster_fixture import ClusterHouse, know_each_other, relay_of, relays, until
from nats_server import NatsServer
from relay_fixture import HOST_KEY, KEY, Guest, House

HOME = {"room": "home", "key": KEY}


@pytest.fixture
def nats(tmp_path: Path) -> Iterator[NatsServer]:
    with NatsServer(tmp_path / "nats") as nats:
        yield nats


@pytest.fixture
async def three(nats: NatsServer) -> AsyncIterator[list[ClusterHouse]]:
    async with relays(nats.url, 3) as houses:
        yield houses


async def ask(house: House, knock: dict[str, Any]) -> dict[str, Any]:
    async with house.http.get(f"{house.url}/knock", params={"room": "home", "id": knock["id"]}) as answer:
        return dict(await answer.json())


async def knock(house: House, name: str, **query: str) -> dict[str, Any]:
    async with house.http.post(f"{house.url}/knock", params=HOME | {"name": name} | query) as answer:
        state = dict(await answer.json())
    assert state["state"] == "waiting", state
    return state


async def told(host: Guest, *names: str) -> list[int]:
    """The numbers of those who knock, once the host has been told that these are all of them."""
    while True:
        waiting = (await host.text("knocks"))["knocks"]
        if [each["name"] for each in waiting] == list(names):
            return [each["id"] for each in waiting]


async def lock(house: ClusterHouse, host: Guest, *others: ClusterHouse) -> None:
    await host.socket.send_json({"type": "lock", "locked": True})
    await until(lambda: all(each.relay.lobby.room_as_it_is("home").locked for each in (house, *others)))


async def test_a_host_lets_in_who_knocks_at_another_relay_by_whichever_they_come(
    three: list[ClusterHouse],
) -> None:
    here, there, third = three
    host = await here.enter(key=HOST_KEY, name="Host")
    await lock(here, host, there, third)
    waiting = await knock(there, "Ada")
    [number] = await told(host, "Ada")
    await host.socket.send_json({"type": "answer", "id": number, "admit": True})
    await told(host)
    answered = await ask(there, waiting)
    assert answered["state"] == "admitted"
    lobby = third.relay.lobby
    await until(lambda: _is_known(lobby, answered["resume"]))
    guest = await third.enter(name="Ada", resume=answered["resume"])
    assert (await host.text("joined"))["name"] == "Ada"
    await guest.socket.send_json({"type": "leave"})
    await host.text("left")
    for house in three:  # it was for once
        lobby = house.relay.lobby
        await until(lambda lobby=lobby: not _is_known(lobby, answered["resume"]))  # type: ignore[misc]
        status, code = await house.refusal(**HOME, name="Ada", resume=answered["resume"])
        assert (status, code) == (403, "locked")


def _is_known(lobby: Any, token: str) -> bool:
    return lobby._resumed({"resume": token}, "home") is not None


async def test_a_host_turns_away_who_knocks_at_another_relay(three: list[ClusterHouse]) -> None:
    here, there, _ = three
    host = await here.enter(key=HOST_KEY, name="Host")
    waiting = await knock(there, "Ada")
    [number] = await told(host, "Ada")
    await host.socket.send_json({"type": "answer", "id": number, "admit": False})
    await told(host)
    assert (await ask(there, waiting))["state"] == "declined"
    await host.socket.send_json({"type": "answer", "id": number, "admit": True})
    assert (await host.text("error"))["code"] == "no-member"


async def test_a_host_who_comes_later_sees_all_who_knock_and_those_of_a_relay_that_ended_are_gone(
    nats: NatsServer,
) -> None:
    async with relay_of(nats.url, source="stays") as stays:
        await knock(stays, "Ada")
        async with relay_of(nats.url, source="ends") as ends:
            await know_each_other(stays, ends)
            await knock(ends, "Bob")
            watcher = await stays.enter(key=HOST_KEY, name="Watcher")
            if [each["name"] for each in watcher.welcome["knocks"]] != ["Ada", "Bob"]:
                await told(watcher, "Ada", "Bob")
            later = await stays.enter(key=HOST_KEY, name="Later")
            numbers = {each["name"]: each["id"] for each in later.welcome["knocks"]}
            assert set(numbers) == {"Ada", "Bob"}
            assert numbers["Ada"] != numbers["Bob"]
        await told(watcher, "Ada")
