"""More than talking, on a real relay: coming back as the same member, the last hour's chat, and what the host
does."""

import time
from typing import Any

import aiohttp
import pytest
from relay_fixture import HOST_KEY, KEY, PACKET, Guest, House

from streamer.relay.access.invites import Invite, InviteStore
from streamer.relay.access.limits import RelayLimits
from streamer.relay.rooms.chat_history import KEPT_S, MAX_BYTES, History


async def refused(house: House, **query: Any) -> int:
    with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
        await house.socket(**query)
    return caught.value.status


async def come_back(house: House, guest: Guest, **query: str) -> Guest:
    return await house.enter(**{"key": "", "resume": guest.welcome["resume"], **query})


async def test_who_comes_back_while_the_old_connection_hangs_is_the_same_member_and_nobody_notices() -> None:
    async with House.open() as house:
        ada, grace = await house.enter(name="Ada"), await house.enter(name="Grace")
        await ada.text("joined")
        await grace.socket.send_json({"type": "state", "muted": False, "away": False, "hand": True})
        await ada.text("state")
        again = await come_back(house, grace, name="Grace")
        assert again.welcome["talker_id"] == grace.welcome["talker_id"]
        assert [member["name"] for member in again.welcome["members"]] == ["Ada"]
        assert await grace.close_code() == 4409
        assert await ada.hears_nothing()
        await again.socket.send_bytes(PACKET.serialize())
        assert (await ada.packet()).talker_id == grace.welcome["talker_id"]
        await ada.socket.send_bytes(PACKET.serialize())
        assert (await again.packet()).payload == PACKET.payload
        late = await house.enter(name="Joan")
        assert [(member["name"], member["hand"]) for member in late.welcome["members"]] == [
            ("Ada", False),
            ("Grace", True),
        ]


async def test_somebody_who_comes_back_after_the_connection_was_lost_has_the_same_number() -> None:
    async with House.open() as house:
        ada, grace = await house.enter(name="Ada"), await house.enter(name="Grace")
        # As when the Wi-Fi is gone.
        grace.socket._response.connection.transport.abort()  # type: ignore[union-attr]
        assert await ada.text("left") == {"type": "left", "talker_id": grace.welcome["talker_id"]}
        again = await come_back(house, grace, name="Grace")
        assert again.welcome["talker_id"] == grace.welcome["talker_id"]
        assert (await ada.text("joined"))["name"] == "Grace"


async def test_coming_back_uses_up_no_invite_and_passes_a_lock() -> None:
    admission = InviteStore({"home": Invite(KEY, uses_left=1)}, HOST_KEY)
    async with House.open(admission) as house:
        host = await house.enter(key=HOST_KEY)
        ada = await house.enter(name="Ada")
        assert await refused(house) == 403
        await host.socket.send_json({"type": "lock", "locked": True})
        assert (await ada.text("lock"))["locked"]
        again = await come_back(house, ada)
        assert (again.welcome["talker_id"], again.welcome["locked"]) == (ada.welcome["talker_id"], True)


@pytest.mark.parametrize("room", ["home", "garden"])
async def test_a_token_that_is_not_known_here_is_no_key(room: str) -> None:
    admission = InviteStore({"home": Invite(KEY), "garden": Invite("other")}, HOST_KEY)
    async with House.open(admission) as house:
        ada = await house.enter()
        token = ada.welcome["resume"] if room == "garden" else "guessed"
        assert await house.refusal(room=room, resume=token) == (401, "key-required")
        assert await ada.hears_nothing()


async def test_somebody_who_left_on_purpose_does_not_come_back_by_the_token() -> None:
    async with House.open() as house:
        ada = await house.enter()
        await ada.socket.send_json({"type": "leave"})
        assert await ada.close_code() == 1000
        assert await house.refusal(room="home", resume=ada.welcome["resume"]) == (401, "key-required")


async def test_a_full_room_takes_back_its_own() -> None:
    async with House.open(limits=RelayLimits(max_members=2)) as house:
        ada, _grace = await house.enter(), await house.enter()
        assert await refused(house) == 429
        assert (await come_back(house, ada)).welcome["talker_id"] == ada.welcome["talker_id"]


async def test_somebody_who_comes_later_reads_what_was_written_and_who_wrote_it() -> None:
    async with House.open() as house:
        ada = await house.enter(name="Ada")
        await ada.socket.send_json({"type": "chat", "text": "Dinner is ready"})
        assert (await ada.text("chat"))["text"] == "Dinner is ready"
        await ada.socket.close()
        grace = await house.enter(name="Grace")
        assert grace.welcome["history"] == [{"name": "Ada", "text": "Dinner is ready", "age_s": 0}]


def test_the_history_forgets_what_is_older_than_an_hour_and_what_is_too_much() -> None:
    history = History()
    history.add("Ada", "old", 0.0)
    history.add("Ada", "new", 10.0)
    assert [said["text"] for said in history.tell(KEPT_S + 5)] == ["new"]
    assert history.tell(KEPT_S + 5)[0]["age_s"] == KEPT_S - 5
    for number in range(30):
        history.add("Ada", f"{number:02}" + "x" * 998, 20.0)
    kept = history.tell(20.0)
    assert len(kept) == MAX_BYTES // 1_003
    assert kept[-1]["text"].startswith("29")
    history.prune(30 + KEPT_S)
    assert not history


async def test_the_host_is_told_so_and_others_are_not() -> None:
    async with House.open() as house:
        host, ada = await house.enter(key=HOST_KEY), await house.enter()
        assert (host.welcome["host"], ada.welcome["host"]) == (True, False)


@pytest.mark.parametrize(
    "message",
    [
        {"type": "mute", "talker_id": 1},
        {"type": "remove", "talker_id": 1},
        {"type": "lock", "locked": True},
        {"type": "invite", "hours": 0, "uses": 0},
        {"type": "mute", "talker_id": 0},
        {"type": "unbar", "id": 1},
        {"type": "answer", "id": 1, "admit": True},
        {"type": "turn", "talker_id": 2},
        {"type": "only_hosts", "on": True},
        {"type": "one_at_a_time", "on": True},
    ],
    ids=lambda message: message["type"],
)
async def test_only_the_host_may_do_what_a_host_does(message: dict[str, Any]) -> None:
    async with House.open() as house:
        host, ada = await house.enter(key=HOST_KEY), await house.enter()
        await host.text("joined")
        await ada.socket.send_json(message)
        assert (await ada.text("error"))["code"] == "not-host"
        assert await host.hears_nothing()
        assert await house.enter()


async def test_the_host_asks_one_for_silence_and_removes_another_for_good() -> None:
    async with House.open() as house:
        host = await house.enter(key=HOST_KEY, name="Host")
        ada, eve = await house.enter(name="Ada"), await house.enter(name="Eve")
        await host.socket.send_json({"type": "mute", "talker_id": ada.welcome["talker_id"]})
        assert await ada.text("mute") == {"type": "mute", "talker_id": host.welcome["talker_id"]}
        await host.socket.send_json({"type": "remove", "talker_id": eve.welcome["talker_id"]})
        assert await eve.close_code() == 4401
        assert (await ada.text("left"))["talker_id"] == eve.welcome["talker_id"]
        assert await house.refusal(room="home", resume=eve.welcome["resume"]) == (403, "barred")
        await host.socket.send_json({"type": "remove", "talker_id": 99})
        assert (await host.text("error"))["code"] == "no-member"


async def test_a_locked_room_lets_nobody_in_but_the_host_until_it_is_opened_again() -> None:
    async with House.open() as house:
        host = await house.enter(key=HOST_KEY)
        await host.socket.send_json({"type": "lock", "locked": True})
        assert (await host.text("lock"))["locked"]
        assert await house.refusal(room="home", key=KEY) == (403, "locked")
        assert (await house.enter(key=HOST_KEY)).welcome["host"]
        await host.socket.send_json({"type": "lock", "locked": False})
        assert await host.text("lock")
        assert await house.enter()


async def test_a_new_invite_opens_and_the_old_one_does_not_and_who_is_in_stays() -> None:
    async with House.open() as house:
        host, ada = await house.enter(key=HOST_KEY), await house.enter()
        await host.socket.send_json({"type": "invite", "hours": 8, "uses": 1})
        [invite, listening] = (await host.text("invite"))["invites"]
        assert (invite["role"], listening["role"]) == ("talk", "listen")
        assert 7 * 3_600 < invite["ends_s"] - time.time() <= 8 * 3_600
        assert (await ada.text("invite"))["invites"] == [invite, listening]
        assert await house.refusal(room="home", key=KEY) == (403, "key-wrong")
        assert await house.enter(key=invite["key"])
        assert await house.refusal(room="home", key=invite["key"]) == (403, "key-used-up")
        assert await ada.text("joined")


async def test_everybody_is_told_how_many_more_an_invite_lets_in_whenever_somebody_has_used_it() -> None:
    async with House.open() as house:
        host, ada = await house.enter(key=HOST_KEY), await house.enter()
        assert [invite.get("uses_left") for invite in host.welcome["invites"]] == [None, None]
        await host.socket.send_json({"type": "invite", "hours": 0, "uses": 3})
        [invite, listening] = (await host.text("invite"))["invites"]
        assert (await ada.text("invite"))["invites"] == [invite, listening]
        assert (invite["uses_left"], listening["uses_left"]) == (3, 3)
        ben = await house.enter(key=invite["key"])
        lea = await house.enter(key=listening["key"])
        for guest, lefts in ((host, [2, 1]), (ada, [2, 1]), (ben, [2, 1]), (lea, [1])):
            for left in lefts:
                told = (await guest.text("invite"))["invites"]
                assert {each["uses_left"] for each in told} == {left}
                assert {each["key"] for each in told} <= {invite["key"], listening["key"]}
        assert [each["role"] for each in lea.welcome["invites"]] == ["listen"]


async def test_a_relay_that_everybody_left_forgets_them_in_time() -> None:
    async with House.open() as house:
        for _ in range(3):
            guest = await house.enter()
            await guest.socket.send_json({"type": "leave"})
            await guest.close_code()
        await house.wait_for_metric("streamer_rooms", 0)


async def test_an_invite_for_longer_than_any_calendar_is_refused_and_the_host_stays() -> None:
    async with House.open() as house:
        host = await house.enter(key=HOST_KEY)
        for hours in (876_001, 2**53 - 1):
            await host.socket.send_json({"type": "invite", "hours": hours, "uses": 0})
            assert (await host.text("error"))["code"] == "bad-invite"
        await host.socket.send_json({"type": "invite", "hours": 876_000, "uses": 0})
        ends = [invite["ends_s"] for invite in (await host.text("invite"))["invites"]]
        assert max(ends) * 1_000 < 8.64e15  # the last moment that a Date of JavaScript can be
