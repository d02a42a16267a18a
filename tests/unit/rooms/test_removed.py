"""Removed means removed, and knocking is the way back; who must stay outside learns nothing. The relay is
real."""

from pathlib import Path
from typing import Any

import aiohttp
import pytest
from relay_fixture import HOST_KEY, KEY, Guest, House

from streamer.errors import RefusedError
from streamer.relay.access.invites import Invite, InviteStore, Right
from streamer.relay.http.app import Relay
from streamer.relay.rooms.bars import Device, bar_of, bars_against
from streamer.relay.rooms.decisions import MAX_BARRED, Bar, Decisions
from streamer.relay.rooms.knocks import ANSWER_S, AT_ONCE, FORGOTTEN_S, MAX_PER_ROOM, Knocks
from streamer.relay.running import listening


async def tell(guest: Guest, **message: Any) -> None:
    await guest.socket.send_json(message)


async def remove(house: House, host: Guest, name: str) -> Guest:
    guest = await house.enter(name=name)
    await tell(host, type="remove", talker_id=guest.welcome["talker_id"])
    message = await guest.socket.receive(30)
    while message.type is not aiohttp.WSMsgType.CLOSE:
        message = await guest.socket.receive(30)
    assert (message.data, message.extra) == (4401, "removed")
    return guest


async def ask(house: House, method: str, path: str, **query: str) -> tuple[int, dict[str, Any]]:
    async with house.http.request(method, f"{house.url}/{path}", params=query) as response:
        assert response.status != 200 or response.headers["Cache-Control"] == "no-store"
        return response.status, await response.json()


async def test_a_removed_device_does_not_come_back_by_link_reload_resume_or_another_name() -> None:
    async with House.open() as house:
        host = await house.enter(key=HOST_KEY)
        eve = await remove(house, host, "Eve")
        token = eve.welcome["resume"]
        barred = (403, "barred")
        assert await house.refusal(room="home", key=KEY, name="Eve") == barred
        assert await house.refusal(room="home", key=KEY, name="eve") == barred
        assert await house.refusal(room="home", resume=token) == barred
        assert await house.refusal(room="home", key=KEY, resume=token, name="Alice") == barred
        for query in ({"key": KEY, "name": "Eve"}, {"resume": token}):
            status, body = await ask(house, "GET", "room", room="home", **query)
            assert (status, body["error"]) == barred
        assert (await house.enter(name="Ada")).welcome["name"] == "Ada"  # another one at that address
        assert (await host.text("barred"))["barred"] == [{"id": 1, "name": "Eve"}]


async def test_somebody_who_was_removed_may_come_again_once_the_host_says_so() -> None:
    async with House.open() as house:
        host = await house.enter(key=HOST_KEY)
        await remove(house, host, "Eve")
        [eve] = (await host.text("barred"))["barred"]
        await tell(host, type="unbar", id=eve["id"])
        assert (await host.text("barred"))["barred"] == []
        assert await house.enter(name="Eve")


async def test_it_outlasts_the_relay_and_the_host_is_never_barred(tmp_path: Path) -> None:
    path = tmp_path / "rooms.json"
    token = ""
    for start in range(2):
        relay = Relay(InviteStore({"home": Invite(KEY)}, HOST_KEY), {}, decisions=Decisions.from_file(path))
        async with aiohttp.ClientSession() as http, listening(relay, "127.0.0.1", 0, None) as port:
            house = House(http, port)
            host = await house.enter(key=HOST_KEY)
            if start == 0:
                token = (await remove(house, host, "Eve")).welcome["resume"]
            assert await house.refusal(room="home", key=KEY, name="Eve") == (403, "barred")
            assert await house.refusal(room="home", resume=token) == (403, "barred")
            again = await house.enter(key=HOST_KEY, name="Eve", resume=token)
            assert again.welcome["barred"] == [{"id": 1, "name": "Eve"}]
    assert token not in path.read_text()


def test_a_room_bars_a_bounded_number_and_forgets_the_first(tmp_path: Path) -> None:
    path = tmp_path / "rooms.json"
    bars = tuple(Bar(number, f"Eve {number}", "10.0.0.9", "") for number in range(MAX_BARRED + 5))
    Decisions(path).keep("home", locked=False, one_at_a_time=False, barred=bars)
    assert [bar.id for bar in Decisions.from_file(path).of("home").barred] == list(range(5, MAX_BARRED + 5))


@pytest.mark.parametrize("barred", ['"x"', "[3]", '[{"id": "1"}]', '[{"id": 1, "name": "x"}]'])
def test_a_damaged_list_of_removed_devices_is_not_fatal(tmp_path: Path, barred: str) -> None:
    path = tmp_path / "rooms.json"
    path.write_text('{"home": {"barred": ' + barred + "}}")
    assert Decisions.from_file(path).of("home").barred == ()


@pytest.mark.parametrize(
    ("device", "is_shared", "is_barred"),
    [
        (Device("10.0.0.9", "Eve"), False, True),
        (Device("10.0.0.9", "Alice"), False, True),
        (Device("10.0.0.9", "Alice"), True, False),
        (Device("10.0.0.9", "EVE"), True, True),
        (Device("10.0.0.8", "Eve"), False, False),
        (Device("10.0.0.8", "Alice", "t0ken"), True, True),
    ],
)
def test_a_device_is_known_by_token_by_address_and_name_and_by_an_address_of_its_own(
    device: Device, is_shared: bool, is_barred: bool
) -> None:
    bar = bar_of(Device("10.0.0.9", "Eve", "t0ken"), 1, "Eve", others=[])
    assert bool(bars_against([bar], device, is_shared=is_shared)) is is_barred


def test_an_ipv6_network_is_never_barred_as_a_whole() -> None:
    bar = bar_of(Device("fd00::/64", "Eve", "t0ken"), 1, "Eve", others=[])
    assert not bars_against([bar], Device("fd00::/64", "Alice"), is_shared=False)
    assert bars_against([bar], Device("fd00::/64", "Eve"), is_shared=False)


async def test_nobody_is_kept_out_because_somebody_took_their_name_and_was_removed() -> None:
    async with House.open() as house:
        host = await house.enter(key=HOST_KEY, name="Hedy")
        anna = await house.enter(name="Anna")
        false_anna = await remove(house, host, "Anna")
        assert false_anna.welcome["name"] == "Anna (2)"
        assert (await host.text("barred"))["barred"] == [{"id": 1, "name": "Anna (2)"}]
        await anna.socket.close()
        assert (await house.enter(name="Anna", resume=anna.welcome["resume"])).welcome["name"] == "Anna"
        token = false_anna.welcome["resume"]
        assert await house.refusal(room="home", key=KEY, name="x", resume=token) == (403, "barred")


# Before joining


async def test_only_people_who_may_join_see_who_is_there() -> None:
    async with House.open() as house:
        host = await house.enter(key=HOST_KEY, name="Hedy")
        [_, listen] = host.welcome["invites"]
        here = {"room": "home", "people": ["Hedy"], "count": 1, "locked": False, "role": "talk"}
        here |= {"captions": False, "recording": False}
        assert await ask(house, "GET", "room", room="home", key=KEY) == (200, here)
        assert await ask(house, "GET", "room", room="home", key=HOST_KEY) == (200, here)
        assert await ask(house, "GET", "room", room="home", resume=host.welcome["resume"]) == (200, here)
        assert await ask(house, "GET", "room", room="home", key=listen["key"]) == (
            200,
            {**here, "role": "listen"},
        )
        for query, expected in (
            ({"room": "home"}, (401, "key-required")),
            ({"room": "home", "key": "wrong"}, (403, "key-wrong")),
            ({"room": "nowhere", "key": KEY}, (404, "no-room")),
            ({"room": ""}, (400, "bad-room")),
        ):
            status, body = await ask(house, "GET", "room", **query)
            assert (status, body["error"]) == expected


async def test_a_large_room_tells_twelve_names_and_asking_without_end_is_refused() -> None:
    async with House.open() as house:
        guests = [await house.enter(name=f"Guest {number}") for number in range(14)]
        _, body = await ask(house, "GET", "room", room="home", key=KEY)
        assert len(guests) == 14
        assert (len(body["people"]), body["count"]) == (12, 14)
        answers = [(await ask(house, "GET", "room", room="home", key=KEY))[0] for _ in range(70)]
        assert 429 in answers


async def test_a_foreign_page_learns_nothing() -> None:
    async with House.open() as house:
        headers = {"Origin": "https://evil.example"}
        for method, path in (("GET", "room"), ("POST", "knock"), ("GET", "knock")):
            query = {"room": "home", "key": KEY}
            async with house.http.request(
                method, f"{house.url}/{path}", params=query, headers=headers
            ) as response:
                assert (response.status, (await response.json())["error"]) == (403, "foreign-origin")


# Knocking


async def test_somebody_who_knocks_at_a_locked_room_is_let_in_once() -> None:
    async with House.open() as house:
        host = await house.enter(key=HOST_KEY)
        await tell(host, type="lock", locked=True)
        await host.text("lock")
        status, waiting = await ask(house, "POST", "knock", room="home", key=KEY, name="Ben")
        assert (status, waiting["state"]) == (200, "waiting")
        [ben] = (await host.text("knocks"))["knocks"]
        assert (ben["name"], ben["id"]) == ("Ben", 1)
        assert await ask(house, "GET", "knock", room="home", id=waiting["id"]) == (200, waiting)
        await tell(host, type="answer", id=ben["id"], admit=True)
        assert (await host.text("knocks"))["knocks"] == []
        _, admitted = await ask(house, "GET", "knock", room="home", id=waiting["id"])
        assert admitted["state"] == "admitted"
        status, _ = await ask(house, "GET", "room", room="home", resume=admitted["resume"])
        assert status == 200
        inside = await house.enter(key="", resume=admitted["resume"], name="Ben")
        assert inside.welcome["locked"]
        await tell(inside, type="leave")
        await inside.close_code()
        assert await house.refusal(room="home", key=KEY, resume=admitted["resume"]) == (403, "locked")


async def test_somebody_who_was_removed_knocks_by_the_old_invitation_and_is_let_in_again() -> None:
    async with House.open() as house:
        host = await house.enter(key=HOST_KEY)
        await remove(house, host, "Eve")
        _, waiting = await ask(house, "POST", "knock", room="home", key=KEY, name="Eve")
        [eve] = (await host.text("knocks"))["knocks"]
        await tell(host, type="answer", id=eve["id"], admit=True)
        await host.text("knocks")
        _, admitted = await ask(house, "GET", "knock", room="home", id=waiting["id"])
        again = await house.enter(key="", resume=admitted["resume"], name="Eve")
        assert again.welcome["role"] == "talk"


async def test_somebody_who_is_declined_is_told_and_stays_outside() -> None:
    async with House.open() as house:
        host = await house.enter(key=HOST_KEY)
        await remove(house, host, "Eve")
        _, waiting = await ask(house, "POST", "knock", room="home", key=KEY, name="Eve")
        [eve] = (await host.text("knocks"))["knocks"]
        await tell(host, type="answer", id=eve["id"], admit=False)
        await host.text("knocks")
        assert await ask(house, "GET", "knock", room="home", id=waiting["id"]) == (200, {"state": "declined"})
        assert await house.refusal(room="home", key=KEY, name="Eve") == (403, "barred")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"room": "home"}, (401, "key-required")),
        ({"room": "home", "key": "wrong"}, (403, "key-wrong")),
        ({"room": "echo", "key": KEY}, (404, "no-room")),
        ({"room": "home", "key": KEY, "name": "The host"}, (400, "bad-name")),
        ({"room": "home", "key": KEY, "name": "x" * 5_000}, (400, "bad-name")),
    ],
    ids=str,
)
async def test_somebody_who_may_not_knock_disturbs_nobody(
    query: dict[str, str], expected: tuple[int, str]
) -> None:
    async with House.open() as house:
        host = await house.enter(key=HOST_KEY)
        status, body = await ask(house, "POST", "knock", **query)
        assert (status, body["error"]) == expected
        assert await host.hears_nothing()
        status, body = await ask(house, "GET", "knock", room="home", id="guessed")
        assert (status, body["error"]) == (404, "no-knock")


async def test_a_flood_of_knocks_is_one_knock() -> None:
    async with House.open() as house:
        host = await house.enter(key=HOST_KEY)
        answers = [
            await ask(house, "POST", "knock", room="home", key=KEY, name=f"Eve {n}") for n in range(30)
        ]
        assert [status for status, _ in answers] == [200] + [429] * 29
        assert {body["error"] for _, body in answers[1:]} == {"too-many-knocks"}
        assert len((await host.text("knocks"))["knocks"]) == 1
        assert await host.hears_nothing()


def test_knocks_are_bounded_and_are_forgotten_when_nobody_asks() -> None:
    knocks, now = Knocks(), 100.0
    for number in range(MAX_PER_ROOM):
        knocks.add("home", Device(f"10.0.0.{number}", "Ben"), "Ben", Right.GUEST, now)
    with pytest.raises(RefusedError, match="too many"):
        knocks.add("home", Device("10.0.1.1", "Ben"), "Ben", Right.GUEST, now)
    assert knocks.prune(now + FORGOTTEN_S + 1) == {"home"}
    assert len(knocks) == 0
    for _ in range(AT_ONCE):
        knock = knocks.add("home", Device("10.0.2.2", "Ben"), "Ben", Right.GUEST, now)
        knocks.answer("home", knock.number, now, admit=False)
    with pytest.raises(RefusedError, match="again and again"):
        knocks.add("home", Device("10.0.2.2", "Ben"), "Ben", Right.GUEST, now)
    assert knocks.ask(knock.secret, "home", now + ANSWER_S)
    with pytest.raises(RefusedError):
        knocks.ask(knock.secret, "home", now + ANSWER_S + 1)
    with pytest.raises(RefusedError):
        knocks.ask(knock.secret, "garden", now)
