"""What the host decided lasts: through an empty room, a reconnect, a restart, and a damaged file."""

import os
from pathlib import Path

import aiohttp
import pytest
from relay_fixture import HOST_KEY, KEY, House

from streamer.relay.access.invites import Invite, InviteStore
from streamer.relay.http.app import Relay
from streamer.relay.rooms.decisions import Decided, Decisions
from streamer.relay.running import listening


async def refused(house: House, **query: str) -> int:
    with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
        await house.socket(**query)
    return caught.value.status


async def until_empty(house: House) -> None:
    """A tick later nothing of the room is in memory."""
    import asyncio

    while await house.metric("streamer_connections"):
        await asyncio.sleep(0.02)
    await asyncio.sleep(1.2)


@pytest.mark.parametrize("how", ["leaves", "is lost"])
async def test_a_lock_and_one_at_a_time_outlast_an_empty_room(how: str) -> None:
    async with House.open() as house:
        host = await house.enter(key=HOST_KEY)
        await host.socket.send_json({"type": "lock", "locked": True})
        await host.socket.send_json({"type": "one_at_a_time", "on": True})
        await host.text("floor")
        if how == "leaves":
            await host.socket.send_json({"type": "leave"})
            await host.close_code()
        await host.socket.close()
        await until_empty(house)
        assert await refused(house) == 403
        again = await house.enter(key=HOST_KEY)
        assert again.welcome["locked"]
        assert (await again.text("floor"))["on"]
        await again.socket.send_json({"type": "lock", "locked": False})
        await again.text("lock")
        guest = await house.enter()
        assert (await guest.text("floor"))["on"]


async def test_they_outlast_the_relay(tmp_path: Path) -> None:
    path = tmp_path / "new" / "rooms.json"
    for expected in (False, True):
        admission = InviteStore({"home": Invite(KEY)}, HOST_KEY)
        relay = Relay(admission, {}, decisions=Decisions.from_file(path))
        async with aiohttp.ClientSession() as http, listening(relay, "127.0.0.1", 0, None) as port:
            house = House(http, port)
            host = await house.enter(key=HOST_KEY)
            assert host.welcome["locked"] is expected
            for message in ({"type": "lock", "locked": True}, {"type": "one_at_a_time", "on": True}):
                await host.socket.send_json(message)
            await host.text("floor")
            assert await refused(house) == 403
    assert Decisions.from_file(path).of("home") == Decided(locked=True, one_at_a_time=True)
    assert path.stat().st_mode & 0o077 == 0
    assert [each.name for each in path.parent.iterdir()] == ["rooms.json"]


@pytest.mark.parametrize(
    "damage",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"7",
        b"\xff\xfe",
        b'{"home": 3}',
        b'{"home": {"locked": "yes"}}',
        b"[" * 100_000,
    ],
    ids=repr,
)
def test_a_damaged_file_is_reported_in_one_line_and_is_not_fatal(
    tmp_path: Path, damage: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "rooms.json"
    path.write_bytes(damage)
    decisions = Decisions.from_file(path)
    assert decisions.of("home") == Decided()
    (line,) = caplog.messages
    assert "\n" not in line
    assert "rooms.json" in line
    decisions.keep("home", locked=True, one_at_a_time=False)
    assert Decisions.from_file(path).of("home").locked
    assert len(caplog.messages) == 1


def test_what_a_newer_relay_wrote_beside_it_does_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "rooms.json"
    path.write_text('{"home": {"locked": true, "colour": "red"}, "attic": {}}')
    assert Decisions.from_file(path).of("home") == Decided(locked=True)


def test_where_nothing_can_be_written_it_holds_while_the_relay_runs(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").touch()
    decisions = Decisions(tmp_path / "file" / "rooms.json")
    decisions.keep("home", locked=True, one_at_a_time=True)
    assert decisions.of("home") == Decided(locked=True, one_at_a_time=True)
    assert len(caplog.messages) <= 1


def test_what_is_as_it_was_is_not_kept(tmp_path: Path) -> None:
    path = tmp_path / "rooms.json"
    decisions = Decisions(path)
    decisions.keep("home", locked=False, one_at_a_time=False)
    assert not path.exists()
    decisions.keep("home", locked=True, one_at_a_time=False)
    before = os.stat(path).st_ino
    decisions.keep("home", locked=True, one_at_a_time=False)
    assert os.stat(path).st_ino == before
