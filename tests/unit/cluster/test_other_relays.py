"""A relay that knows other relays of its service: what it tells members and browsers, and how it drains."""

import asyncio
from contextlib import suppress
from time import perf_counter

import pytest
from relay_fixture import KEY, PATIENCE_S, House
from relay_pair import relay_pair

from streamer.errors import SetupError
from streamer.relay.access.limits import RelayLimits
from streamer.relay.access.other_relays import MAX_SOURCES, OtherRelays
from streamer.relay.http.origins import Origins, other_relays
from streamer.relay.network.proxies import TrustedProxies

HEALTH = ("/healthz", "/readyz")


async def status(house: House, path: str, **headers: str) -> int:
    async with house.http.get(f"{house.url}{path}", headers=headers) as answer:
        await answer.read()
        return answer.status


# ---- what is told


async def test_the_welcome_lists_the_other_relays_and_members_hear_of_a_change() -> None:
    async with House.open(origins=Origins(other_relays=["https://b.example/voice"])) as house:
        guest = await house.enter()
        assert guest.welcome["relays"] == ["https://b.example/voice"]
        house.relay.other_relays.find(["https://c.example:8443"])
        now = ["https://b.example/voice", "https://c.example:8443"]
        assert await guest.text("relays") == {"type": "relays", "relays": now, "move": False}
        assert (await house.enter()).welcome["relays"] == now
        house.relay.other_relays.find(["https://c.example:8443"])
        assert await guest.hears_nothing() is False  # the newcomer
        assert await guest.hears_nothing()


async def test_without_another_relay_the_welcome_lists_none() -> None:
    async with House.open() as house:
        assert (await house.enter()).welcome["relays"] == []


def test_what_is_no_address_of_a_relay_is_not_told_and_the_rest_is_bounded() -> None:
    forged = ["ftp://b.example", "https://b.example; script-src *", "https://b.example\r\nX: y"]
    others = OtherRelays(["https://b.example", "https://b.example", *forged])
    assert others.addresses == ["https://b.example"]
    others.find(f"https://relay{number}.example" for number in range(100))
    assert len(others.addresses) == 8


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("https://B.example", "https://b.example"),
        ("https://b.example:443/voice/", "https://b.example/voice"),
        ("https://bücher.example:8443/", "https://xn--bcher-kva.example:8443"),
        ("https://[FD00::7]:8443", "https://[fd00::7]:8443"),
    ],
)
def test_the_option_takes_an_address_as_people_write_it(given: str, told: str) -> None:
    assert other_relays([given], "https") == [told]
    assert OtherRelays([told]).addresses == [told]


@pytest.mark.parametrize(
    "given", ["b.example", "https://b.example/#room=x", "https://u@b.example", "", "https://b.example/../x"]
)
def test_the_option_refuses_what_is_no_address(given: str) -> None:
    with pytest.raises(SetupError, match="--other-relay"):
        other_relays([given], "https")


def test_the_option_refuses_another_scheme_where_no_client_would_go() -> None:
    for own in ("https", "https://a.example/voice/", "HTTPS://a.example"):
        assert other_relays(["https://b.example"], own)
        with pytest.raises(SetupError, match="members come here by another scheme"):
            other_relays(["http://b.example"], own)


# ---- what a browser may do


async def test_the_page_may_reach_the_other_relays_and_nothing_more() -> None:
    listed = [
        "https://b.example",
        "https://c.example:8443/voice",
        "https://[fd00::7]:8443",
        "https://d.example/a;b,c",
    ]
    async with House.open(origins=Origins(other_relays=listed)) as house:
        async with house.http.get(f"{house.url}/healthz") as answer:
            policy = answer.headers["Content-Security-Policy"]
        [allowed] = [each.strip() for each in policy.split(";") if each.strip().startswith("connect-src")]
        assert allowed.split() == [
            "connect-src",
            "'self'",
            "https://b.example",
            "wss://b.example",
            "https://c.example:8443/voice/",
            "wss://c.example:8443/voice/",
            "https://d.example/a%3Bb%2Cc/",
            "wss://d.example/a%3Bb%2Cc/",
        ]
        house.relay.other_relays.find(["https://late.example"])
        async with house.http.get(f"{house.url}/nothing-here") as answer:
            assert " wss://late.example;" in answer.headers["Content-Security-Policy"]


async def test_without_another_relay_the_page_reaches_its_own_alone() -> None:
    async with House.open() as house, house.http.get(f"{house.url}/healthz") as answer:
        assert " connect-src 'self'; " in answer.headers["Content-Security-Policy"]


async def test_pages_of_the_other_relays_may_use_this_one_and_others_may_not() -> None:
    async with House.open(origins=Origins(other_relays=["https://b.example:8443/voice"])) as house:
        query = {"room": "home", "key": KEY}
        answers = {"https://b.example:8443": 400, "https://b.example": 403, "https://evil.example": 403}
        for origin, expected in answers.items():
            async with house.http.post(f"{house.url}/ws", params=query, headers={"Origin": origin}) as answer:
                assert answer.status == expected, origin
                allowed = answer.headers.get("Access-Control-Allow-Origin")
                assert allowed == (origin if expected == 400 else None)


async def test_a_page_of_a_relay_that_is_gone_may_use_this_one_and_may_go_to_those_that_come_back() -> None:
    async with House.open() as house:
        house.relay.other_relays.find(["https://b.example", "https://c.example"])
        house.relay.other_relays.find(["https://c.example"])
        # Nobody is sent to one that is gone.
        assert house.relay.other_relays.addresses == ["https://c.example"]
        answers = {"https://b.example": 400, "https://c.example": 400, "https://evil.example": 403}
        for origin, expected in answers.items():
            query, headers = {"room": "home", "key": KEY}, {"Origin": origin}
            async with house.http.post(f"{house.url}/ws", params=query, headers=headers) as answer:
                assert answer.status == expected, origin
        async with house.http.get(f"{house.url}/healthz") as answer:
            policy = answer.headers["Content-Security-Policy"]
        assert (
            " connect-src 'self' https://c.example wss://c.example https://b.example wss://b.example;"
            in policy
        )


def test_relays_that_come_and_go_all_day_make_no_endless_list() -> None:
    others = OtherRelays()
    for number in range(1_000):
        others.find([f"https://relay{number}.example"])
    assert len(others.sources.split()) == 2 * MAX_SOURCES
    assert others.has_origin("https://relay999.example")
    assert others.has_origin("https://relay990.example")
    assert not others.has_origin("https://relay0.example")


# ---- whether it is alive, and accepts members


async def test_a_relay_is_alive_and_ready_until_it_drains() -> None:
    async with House.open() as house:
        assert [await status(house, path) for path in HEALTH] == [200, 200]
        async with house.http.head(f"{house.url}/readyz") as answer:
            assert answer.status == 200
        await house.relay.drain()
        assert [await status(house, path) for path in HEALTH] == [200, 503]
        async with house.http.get(f"{house.url}/readyz") as answer:
            assert (await answer.json(), answer.headers["Cache-Control"]) == (
                {"status": "draining"},
                "no-store",
            )
        assert not house.relay.refusals  # it is an answer


@pytest.mark.parametrize("base", ["", "/voice"])
async def test_below_a_path_both_are_told_with_the_path_and_without_it(base: str) -> None:
    async with House.open(origins=Origins(url="https://example.org/voice/")) as house:
        assert [await status(house, base + path) for path in HEALTH] == [200, 200]


async def test_a_check_by_http_1_0_without_a_host_is_answered() -> None:
    async with House.open() as house:
        for path in HEALTH:
            reader, writer = await asyncio.open_connection("127.0.0.1", house.port)
            writer.write(f"GET {path} HTTP/1.0\r\n\r\n".encode())
            assert (await asyncio.wait_for(reader.readline(), PATIENCE_S)).split()[1] == b"200"
            writer.close()


async def test_a_load_balancer_is_told_how_the_relay_is_however_much_it_brings() -> None:
    limits = RelayLimits(requests_per_s=1, handshake_s=PATIENCE_S)
    async with House.open(limits=limits, proxies=TrustedProxies(["127.0.0.1"])) as house:
        crowd = {"X-Forwarded-For": "10.9.9.9"}
        asked = [asyncio.create_task(status(house, "/nothing-here", **crowd)) for _ in range(60)]
        _, waiting = await asyncio.wait(asked, timeout=1)
        assert waiting  # they wait for their turn
        for path in HEALTH * 4:
            assert await asyncio.wait_for(status(house, path), PATIENCE_S) == 200
        assert any(not each.done() for each in waiting)
        for each in waiting:
            each.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)


# ---- draining


async def test_members_are_asked_to_move_and_newcomers_are_refused_with_a_reason() -> None:
    async with relay_pair() as (house, other):
        guest = await house.enter()
        draining = asyncio.create_task(house.relay.drain())
        assert await guest.text("relays") == {"type": "relays", "relays": [other.url], "move": True}
        assert await house.refusal(room="home", key=KEY) == (503, "draining")
        assert await status(house, "/readyz") == 503
        assert not draining.done()
        await guest.socket.close()
        await asyncio.wait_for(draining, PATIENCE_S)


async def test_who_does_not_move_in_time_is_closed_with_1001() -> None:
    async with relay_pair(drain_s=0.2) as (house, _):
        guest = await house.enter()
        await asyncio.wait_for(house.relay.drain(), PATIENCE_S)
        assert await guest.hears_nothing() is False  # it was asked
        assert await guest.hears_nothing()
    assert await guest.close_code() == 1001


async def test_without_another_relay_nothing_is_waited_for() -> None:
    async with House.open() as house:
        guest = await house.enter()
        began = perf_counter()
        await asyncio.wait_for(house.relay.drain(), PATIENCE_S)
        assert perf_counter() - began < house.relay.limits.drain_s / 2
        assert await guest.hears_nothing()


async def test_a_drain_that_is_cancelled_ends_at_once() -> None:
    async with relay_pair() as (house, _):
        guest = await house.enter()
        draining = asyncio.create_task(house.relay.drain())
        await guest.text("relays")
        draining.cancel()
        with suppress(asyncio.CancelledError):
            await draining
    assert await guest.close_code() == 1001


async def test_a_session_over_plain_http_is_asked_to_move_too() -> None:
    async with relay_pair() as (house, _):
        async with house.http.post(f"{house.url}/leg", params={"room": "home", "key": KEY}) as answer:
            leg = (await answer.json())["leg"]
        draining = asyncio.create_task(house.relay.drain())
        heard = b""
        async with asyncio.timeout(PATIENCE_S):
            while b'"move":true' not in heard:
                query = {"leg": leg, "from": str(len(heard)), "wait": "500", "room": "home"}
                async with house.http.get(f"{house.url}/leg", params=query) as answer:
                    heard += await answer.read()
        draining.cancel()
        await asyncio.gather(draining, return_exceptions=True)
