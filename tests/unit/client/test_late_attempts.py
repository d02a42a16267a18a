"""An attempt to come in that was held up on its way: it takes over from no later one of the same client."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import aiohttp
import pytest
from relay_fixture import HOST_KEY, KEY, PATIENCE_S, Guest, House

from streamer.client.room import join
from streamer.relay.access.invites import Invite, InviteStore
from streamer.relay.http.app import Relay
from streamer.relay.running import listening
from streamer.wire.room_link import Address

OWN = "chosen-by-the-client-itself"
VECTORS = json.loads((Path(__file__).parents[2] / "vectors/attempts.json").read_text(encoding="utf-8"))


class Way:
    """To a relay. `held` are the sockets, counted from 0, whose request waits here until `let_go`."""

    def __init__(self, relay_port: int, held: set[int]) -> None:
        self._relay_port, self._held = relay_port, held
        self._let_go = asyncio.Event()
        self._writers: list[asyncio.StreamWriter] = []
        self.answer: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    @classmethod
    @asynccontextmanager
    async def open(cls, relay_port: int, held: set[int]) -> AsyncIterator[tuple["Way", int]]:
        way = cls(relay_port, held)
        async with await asyncio.start_server(way._connect, "127.0.0.1", 0) as server:
            yield way, server.sockets[0].getsockname()[1]
            way.cut()

    def cut(self) -> None:
        for writer in self._writers:
            writer.transport.abort()

    async def let_go(self) -> str:
        """Let what was held go on to the relay, although its client is gone. Returns the relay's first
        line."""
        self._let_go.set()
        return await asyncio.wait_for(self.answer, PATIENCE_S)

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await reader.readuntil(b"\r\n\r\n")
        if not request.startswith(b"GET /ws"):  # whether the relay speaks TLS on the same port
            writer.write(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
            writer.close()
            return
        number = len(self._writers)
        self._writers.append(writer)
        if number in self._held:
            await self._let_go.wait()
        from_relay, to_relay = await asyncio.open_connection("127.0.0.1", self._relay_port)
        to_relay.write(request)
        if number in self._held:
            self.answer.set_result((await from_relay.readline()).decode())
            return
        with suppress(OSError, asyncio.CancelledError):
            await asyncio.gather(_carry(reader, to_relay), _carry(from_relay, writer))


async def _carry(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await source.read(65_536):
            sink.write(data)
    sink.close()


async def test_an_attempt_of_a_client_that_arrives_late_does_not_send_its_newer_connection_away() -> None:
    async with House.open() as house, Way.open(house.port, held={1}) as (way, port):
        grace = await house.enter(name="Grace")
        link = f"http://127.0.0.1:{port}/#room=home&key={KEY}"
        room = join(link, name="Kitchen")
        events = room.events()
        async with asyncio.timeout(PATIENCE_S), room:
            way.cut()
            async for event in events:
                if type(event).__name__ == "Back":
                    break
            assert " 409 " in await way.let_go()
            room.write("still here")
            assert (await grace.text("chat"))["text"] == "still here"
            newcomer = await house.enter(name="Joan")
            assert sorted(member["name"] for member in newcomer.welcome["members"]) == ["Grace", "Kitchen"]


async def test_a_first_attempt_that_arrives_late_makes_no_second_member() -> None:
    async with House.open() as house:
        newer = await house.enter(name="Kitchen", resume=OWN, attempt="2")
        assert await house.refusal(room="home", key=KEY, resume=OWN, attempt="1") == (409, "stale")
        assert await house.refusal(room="home", key=KEY, resume=OWN, attempt="2") == (409, "stale")
        assert await newer.hears_nothing()
        assert (await house.enter(name="Joan")).welcome["members"][0]["name"] == "Kitchen"


async def test_who_never_saw_the_welcome_is_the_same_member_at_the_next_attempt() -> None:
    async with House.open() as house:
        unseen = await house.enter(name="Kitchen", resume=OWN, attempt="1")
        again = await house.enter(name="Kitchen", resume=OWN, attempt="2")
        assert again.welcome["talker_id"] == unseen.welcome["talker_id"]
        assert again.welcome["members"] == []
        assert await unseen.close_code() == 4409


async def test_the_count_goes_on_from_the_client_s_own_token_to_the_relay_s() -> None:
    async with House.open() as house:
        first = await house.enter(name="Kitchen", resume=OWN, attempt="1")
        token = first.welcome["resume"]
        again = await house.enter(key="", name="Kitchen", resume=token, attempt="3")
        for resume in (OWN, token):
            assert await house.refusal(room="home", key=KEY, resume=resume, attempt="2") == (409, "stale")
        assert await again.hears_nothing()


async def test_after_a_restart_of_the_relay_the_older_attempt_makes_no_second_member() -> None:
    """Neither token is known there: the key lets both in, and they are still the same client's."""
    store = InviteStore({"home": Invite(KEY)}, HOST_KEY)
    async with listening(Relay(store, {}), "127.0.0.1", 0, None) as port, aiohttp.ClientSession() as http:
        house = House(http, port)
        old = "token-of-the-relay-before"
        newer = await house.enter(name="Kitchen", resume=old, attempt="8")
        assert await house.refusal(room="home", key=KEY, resume=old, attempt="7") == (409, "stale")
        assert await newer.hears_nothing()
        newest = await house.enter(name="Kitchen", resume=old, attempt="9")
        assert newest.welcome["talker_id"] == newer.welcome["talker_id"]


async def test_an_attempt_that_arrives_after_its_client_has_left_does_not_bring_it_back() -> None:
    async with House.open() as house:
        guest = await house.enter(name="Kitchen", resume=OWN, attempt="2")
        token = guest.welcome["resume"]
        await guest.socket.send_json({"type": "leave"})
        assert await guest.close_code() == 1000
        for resume in (OWN, token):
            assert await house.refusal(room="home", key=KEY, resume=resume, attempt="1") == (409, "stale")
        assert await house.refusal(room="home", resume=token, attempt="3") == (401, "key-required")
        await house.enter(name="Kitchen", resume=token, attempt="3")


async def test_an_attempt_of_who_was_let_in_by_the_host_takes_over_from_no_later_one() -> None:
    async with House.open() as house:
        host = await house.enter(key=HOST_KEY)
        await host.socket.send_json({"type": "lock", "locked": True})
        await host.text("lock")
        asked = {"room": "home", "key": KEY, "name": "Ben"}
        async with house.http.post(f"{house.url}/knock", params=asked) as response:
            knock = (await response.json())["id"]
        waiting = await host.text("knocks")
        await host.socket.send_json({"type": "answer", "id": waiting["knocks"][0]["id"], "admit": True})
        await host.text("knocks")
        async with house.http.get(f"{house.url}/knock", params={"room": "home", "id": knock}) as response:
            token = (await response.json())["resume"]
        ben = await house.enter(key="", name="Ben", resume=token, attempt="2")
        assert await house.refusal(room="home", resume=token, attempt="1") == (409, "stale")
        assert await ben.hears_nothing()


async def test_two_tabs_of_one_browser_are_two_members() -> None:
    async with House.open() as house:
        one = await house.enter(name="Ada", resume=OWN, attempt="1")
        other = await house.enter(name="Ada", resume=f"{OWN}-too", attempt="1")
        assert (await one.text("joined"))["name"] == other.welcome["name"] == "Ada (2)"
        assert await one.hears_nothing()


async def test_a_token_that_could_be_guessed_is_nobody_s() -> None:
    async with House.open() as house:
        ada = await house.enter(name="Ada", resume="short", attempt="1")
        other = await house.enter(name="Ben", resume="short", attempt="2")
        assert [member["name"] for member in other.welcome["members"]] == ["Ada"]
        assert (await ada.text("joined"))["name"] == "Ben"


async def test_a_client_that_does_not_count_takes_over_as_ever() -> None:
    async with House.open() as house:
        guest = await house.enter(name="Ada")
        again: Guest = await house.enter(key="", resume=guest.welcome["resume"])
        assert await guest.close_code() == 4409
        assert again.welcome["talker_id"] == guest.welcome["talker_id"]


async def test_what_is_said_on_the_older_connection_ends_no_session() -> None:
    """Its goodbye may be on its way while the newer connection takes over."""
    async with House.open() as house:
        older = await house.enter(name="Kitchen", resume=OWN, attempt="1")
        newer = await house.enter(name="Kitchen", resume=OWN, attempt="2")
        with suppress(ConnectionError):
            await older.socket.send_json({"type": "leave"})
        assert await newer.hears_nothing()
        newest = await house.enter(key="", name="Kitchen", resume=newer.welcome["resume"], attempt="3")
        assert newest.welcome["talker_id"] == newer.welcome["talker_id"]


@pytest.mark.parametrize("attempt", ["", "-1", "1.5", "two", "\u0661", "9" * 10])
async def test_what_is_no_number_of_an_attempt_is_refused(attempt: str) -> None:
    async with House.open() as house:
        assert await house.refusal(room="home", key=KEY, resume=OWN, attempt=attempt) == (400, "bad-attempt")


@pytest.mark.parametrize("vector", VECTORS, ids=[vector["name"] for vector in VECTORS])
def test_an_attempt_says_whose_it_is_and_which(vector: dict[str, object]) -> None:
    address = Address.parse(str(vector["link"]))
    url = urlsplit(
        address.socket_url(str(vector["display"]), str(vector["resume"]), int(str(vector["attempt"])))
    )
    assert f"{url.scheme}://{url.netloc}{url.path}" == vector["url"]
    assert dict(parse_qsl(url.query)) == vector["query"]
