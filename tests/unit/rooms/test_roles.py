"""Who may talk: invitations to talk and to listen, turns, only hosts, and what no guest can forge."""

from typing import Any

import pytest
from relay_fixture import HOST_KEY, KEY, PACKET, Guest, House

from streamer.relay.access.invites import Invite, InviteStore, Right


async def listener(house: House, host: Guest, **query: str) -> Guest:
    [key] = [invite["key"] for invite in host.welcome["invites"] if invite["role"] == "listen"]
    return await house.enter(key=key, **query)


async def say(talker: Guest) -> None:
    await talker.socket.send_bytes(PACKET.serialize())


async def tell(guest: Guest, **message: Any) -> None:
    await guest.socket.send_json(message)


async def is_settled(guest: Guest) -> None:
    """Everything that this guest said before has been done."""
    await tell(guest, type="ping", t0=1)
    await guest.text("pong")


async def hears(guest: Guest, talker: Guest) -> bool:
    """Whether a packet of `talker` comes before the answer to a ping that was sent behind it."""
    await say(talker)
    await is_settled(talker)
    await tell(guest, type="ping", t0=99)
    while True:
        message = await guest.socket.receive(30)
        if isinstance(message.data, bytes):
            return True
        if message.json() == {**message.json(), "type": "pong", "t0": 99}:
            return False


async def test_somebody_who_has_an_invitation_to_listen_is_not_heard_and_its_packets_are_counted() -> None:
    async with House.open() as house:
        host = await house.enter(key=HOST_KEY)
        lea = await listener(house, host, name="Lea")
        assert lea.welcome["role"] == "listen"
        assert [invite["role"] for invite in lea.welcome["invites"]] == ["listen"]
        assert (await host.text("joined"))["role"] == "listen"
        assert not await hears(host, lea)
        assert await house.metric('streamer_shed_total{cause="not_allowed"}') == 1
        await tell(lea, type="state", muted=False, away=False, hand=True, role="talk", hand_us=1)
        state = await host.text("state")
        assert state["hand"]
        assert state["hand_us"] > 1
        assert not await hears(host, lea)


async def test_a_turn_lets_a_listener_talk_lowers_its_hand_and_can_be_taken_back() -> None:
    async with House.open() as house:
        host, ada = await house.enter(key=HOST_KEY), await house.enter()
        lea = await listener(house, host)
        lea_id = lea.welcome["talker_id"]
        await tell(lea, type="state", muted=False, away=False, hand=True)
        await host.text("state")
        await tell(host, type="turn", talker_id=lea_id)
        for guest in (lea, host, ada):
            assert await guest.text("role") == {"type": "role", "talker_id": lea_id, "role": "talk"}
            lowered = await guest.text("state")
            if guest is ada and lowered["hand"]:
                lowered = await guest.text("state")
            assert (lowered["hand"], lowered["hand_us"]) == (False, 0)
            assert await guest.text("turn") == {"type": "turn", "talker_id": lea_id}
        assert await hears(host, lea)
        await tell(host, type="turn", talker_id=lea_id)
        assert (await lea.text("role"))["role"] == "listen"
        assert not await hears(host, lea)


async def test_a_turn_outlasts_a_lost_connection() -> None:
    async with House.open() as house:
        host = await house.enter(key=HOST_KEY)
        lea = await listener(house, host)
        await tell(host, type="turn", talker_id=lea.welcome["talker_id"])
        await lea.text("turn")
        again = await house.enter(key="", resume=lea.welcome["resume"])
        assert again.welcome["role"] == "talk"
        assert await hears(host, again)


async def test_only_hosts_talk_until_a_turn_is_given_and_it_outlasts_the_empty_room() -> None:
    async with House.open() as house:
        host, ada = await house.enter(key=HOST_KEY), await house.enter()
        ada_id = ada.welcome["talker_id"]
        await tell(host, type="only_hosts", on=True)
        assert (await ada.text("only_hosts"))["on"]
        assert await ada.text("role") == {"type": "role", "talker_id": ada_id, "role": "listen"}
        assert not await hears(host, ada)
        assert await hears(ada, host)
        await tell(host, type="turn", talker_id=ada_id)
        assert (await ada.text("role"))["role"] == "talk"
        assert await hears(host, ada)
        late = await house.enter()
        assert (late.welcome["only_hosts"], late.welcome["role"]) == (True, "listen")
        assert [invite["role"] for invite in late.welcome["invites"]] == ["talk", "listen"]
        for guest in (ada, late, host):
            await tell(guest, type="leave")
            await guest.close_code()
        assert (await house.enter()).welcome["only_hosts"]


async def test_somebody_who_loses_its_right_loses_the_floor_and_a_turn_gives_it() -> None:
    async with House.open() as house:
        host, ada = await house.enter(key=HOST_KEY), await house.enter()
        ada_id = ada.welcome["talker_id"]
        await tell(host, type="one_at_a_time", on=True)
        await ada.text("floor")
        await tell(host, type="turn", talker_id=ada_id)
        assert await ada.text("floor") == {"type": "floor", "talker_id": ada_id, "on": True}
        assert await hears(host, ada)
        await tell(host, type="only_hosts", on=True)
        assert await ada.text("floor") == {"type": "floor", "talker_id": 0, "on": True}
        await tell(ada, type="floor", wants=True)
        assert await ada.text("floor") == {"type": "floor", "talker_id": 0, "on": True}
        assert not await hears(host, ada)


async def test_somebody_who_chose_to_listen_is_shown_so_and_is_not_heard_until_it_chooses_otherwise() -> None:
    async with House.open() as house:
        host, ada = await house.enter(key=HOST_KEY), await house.enter(listen="1")
        joined = await host.text("joined")
        assert (joined["listening"], joined["role"]) == (True, "talk")
        assert not await hears(host, ada)
        await tell(ada, type="state", muted=False, away=False, hand=False)
        assert not (await host.text("state"))["listening"]
        assert await hears(host, ada)


async def test_hands_have_the_time_at_which_they_were_raised_and_keep_it() -> None:
    async with House.open() as house:
        host = await house.enter(key=HOST_KEY)
        ada, ben = await house.enter(), await house.enter()
        for guest in (ben, ada):
            await tell(guest, type="state", muted=False, away=False, hand=True)
            await is_settled(guest)
        await tell(ben, type="state", muted=True, away=False, hand=True)
        await is_settled(ben)
        members = {each["talker_id"]: each for each in (await house.enter()).welcome["members"]}
        first, second = (members[guest.welcome["talker_id"]]["hand_us"] for guest in (ben, ada))
        assert 0 < first < second
        assert members[host.welcome["talker_id"]]["hand_us"] == 0


async def test_everybody_but_hosts_is_asked_for_silence() -> None:
    async with House.open() as house:
        host, other = await house.enter(key=HOST_KEY), await house.enter(key=HOST_KEY)
        ada, ben = await house.enter(), await house.enter()
        for guest in (host, other):
            await is_settled(guest)
        await tell(host, type="mute", talker_id=0)
        for guest in (ada, ben):
            assert (await guest.text("mute"))["talker_id"] == host.welcome["talker_id"]
        await is_settled(host)
        assert await other.hears_nothing()


@pytest.mark.parametrize("number", [-1, 0, 65_536, 2**53 - 1, -(2**53) + 1])
@pytest.mark.parametrize("kind", ["turn", "remove", "mute", "unbar", "answer"])
async def test_an_id_that_nobody_has_is_refused_and_the_session_goes_on(kind: str, number: int) -> None:
    if (kind, number) == ("mute", 0):
        return
    async with House.open() as house:
        host = await house.enter(key=HOST_KEY)
        field = "id" if kind in ("unbar", "answer") else "talker_id"
        await tell(host, type=kind, **{field: number}, admit=True)
        assert (await host.text("error"))["code"] == "no-member"
        await is_settled(host)


async def test_new_invitations_are_told_to_everybody_as_each_may_hand_them_on() -> None:
    async with House.open() as house:
        host, ada = await house.enter(key=HOST_KEY), await house.enter()
        lea = await listener(house, host)
        await tell(host, type="invite", hours=0, uses=0)
        fresh = (await host.text("invite"))["invites"]
        assert [(each["role"], each["ends_s"]) for each in fresh] == [("talk", 0), ("listen", 0)]
        assert (await ada.text("invite"))["invites"] == fresh
        assert (await lea.text("invite"))["invites"] == fresh[1:]
        for old in host.welcome["invites"]:
            assert await house.refusal(room="home", key=old["key"]) == (403, "key-wrong")
        assert [(await house.enter(key=each["key"])).welcome["role"] for each in fresh] == ["talk", "listen"]
        assert HOST_KEY not in str([host.welcome, fresh])


async def test_in_echo_nobody_can_be_invited() -> None:
    async with House.open() as house:
        alone = await house.enter("echo", "")
        assert alone.welcome["invites"] == []
        [echo] = alone.welcome["members"]
        assert (echo["role"], echo["host"]) == ("talk", False)


def test_both_keys_end_together_and_are_used_up_together() -> None:
    store = InviteStore({"home": Invite(KEY, uses_left=1)}, HOST_KEY)
    listening = str(store.listening_key("home"))
    assert store.admit("home", listening) is Right.LISTENER
    store.entered("home", Right.LISTENER)
    for key in (KEY, listening):
        with pytest.raises(Exception, match="used up"):
            store.admit("home", key)
    assert store.admit("home", HOST_KEY) is Right.HOST


def test_an_open_relay_hands_on_no_key_to_talk() -> None:
    store = InviteStore({"home": Invite(KEY)}, HOST_KEY, is_open=True)
    talk, listen = store.invites("home", Right.GUEST)
    assert talk == {"role": "talk", "key": "", "ends_s": 0}
    assert store.admit("home", listen["key"]) is Right.LISTENER
