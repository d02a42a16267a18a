"""Programs and devices in a room, by the Python interface: notices, telemetry, commands, at a real relay."""

import asyncio
import math
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest
from messages import member, welcome
from offline_room import OfflineRoom
from relay_fixture import HOST_KEY, KEY, PATIENCE_S, House
from test_room import next_of

import streamer
from streamer.client.reports import AT_ONCE, MOST_DEVICES
from streamer.client.terminal.words import Words
from streamer.relay.access.invites import Invite, InviteStore
from streamer.relay.http.app import Relay
from streamer.relay.running import listening

URL = "http://127.0.0.1:{port}/#room=home&key={key}"


@asynccontextmanager
async def host_and_guest() -> AsyncIterator[tuple[streamer.Room, streamer.Room]]:
    async with (
        House.open() as house,
        streamer.join(URL.format(port=house.port, key=HOST_KEY), name="Door") as host,
        streamer.join(URL.format(port=house.port, key=KEY), name="Ada") as guest,
    ):
        async with asyncio.timeout(PATIENCE_S):
            while not host.members:
                await asyncio.sleep(0.01)
        yield host, guest


async def test_a_notice_is_told_to_all_and_its_sender_hears_who_answers_what() -> None:
    async with host_and_guest() as (host, guest):
        events = guest.events()
        sent = await host.notify(
            "Somebody is at the gate", title="Gate", level="warning", actions=["Open", "Wait"]
        )
        notice = await next_of(events, streamer.Notice)
        assert (notice.name, notice.title, notice.text) == ("Door", "Gate", "Somebody is at the gate")
        assert (notice.level, notice.actions, notice.id) == ("warning", ("Open", "Wait"), sent.id)
        assert guest.notices == (notice,)
        with pytest.raises(ValueError, match="none of the actions"):
            guest.reply(notice, "Shoot")
        guest.reply(notice, "Wait")
        guest.reply(notice, "Open")
        async with asyncio.timeout(PATIENCE_S):
            replies = [await anext(sent.replies()) for _ in range(2)]
        assert [(reply.name, reply.action) for reply in replies] == [("Ada", "Wait"), ("Ada", "Open")]
        assert replies[0].member == host.members[0]


async def test_a_command_is_answered_by_its_target_or_by_the_relay() -> None:
    async with host_and_guest() as (host, guest):
        events = guest.events()

        async def obey() -> None:
            while True:
                command = await next_of(events, streamer.Command)
                match command.name:
                    case "open":
                        assert (command.sender, command.device, command.arguments) == (
                            "Door",
                            "gate",
                            {"seconds": 20},
                        )
                        await command.answer("done", "open")
                    case "close":
                        await command.answer("refused", "the gate is blocked")
                    case "wait":
                        pass
                    case _:
                        await command.answer("unknown")

        obeying = asyncio.create_task(obey())
        (target,) = host.members
        result = await host.command(target, "open", {"seconds": 20}, device="gate")
        assert result == streamer.Result("done", "open")
        assert await host.command(target, "close") == streamer.Result("refused", "the gate is blocked")
        assert (await host.command(target, "dance")).outcome == "unknown"
        assert (await host.command(target, "wait", deadline_s=0.1)).outcome == "timed-out"
        several = await asyncio.gather(*(host.command(target, name) for name in ("close", "dance", "close")))
        assert [result.outcome for result in several] == ["refused", "unknown", "refused"]
        nobody = streamer.Member(60_000, "Nobody")
        assert (await host.command(nobody, "open")).outcome == "gone"
        obeying.cancel()


async def test_somebody_who_may_not_is_told_so_and_goes_on() -> None:
    async with host_and_guest() as (host, guest):
        with pytest.raises(streamer.DeniedError, match="host") as denied:
            await guest.notify("Buy now")
        assert denied.value.code == "no-right"
        with pytest.raises(streamer.DeniedError):
            await guest.command(guest.members[0], "open")
        events = host.events()
        guest.write("I am still here")
        assert (await next_of(events, streamer.Chat)).text == "I am still here"


async def test_of_many_calls_at_once_each_hears_what_became_of_it() -> None:
    """The relay refuses some of them, more than it tells a flood of."""
    async with host_and_guest() as (host, guest):
        events, refused = guest.events(), host.events()
        (target,) = host.members

        async def obey() -> None:
            while True:
                await (await next_of(events, streamer.Command)).answer("done")

        obeying = asyncio.create_task(obey())
        send = host._programs._send

        def spoil(message: Any) -> None:
            """Passes each second message on as a relay does not take it."""
            wrong = {"notify": {"level": "panic"}, "command": {"deadline_ms": 0}}[message["type"]]
            number = int(message.get("text", message.get("name", "")).split()[-1])
            send({**message, **wrong} if number % 2 else message)  # type: ignore[typeddict-item]

        host._programs._send = spoil
        notices = [host.notify(f"{number}") for number in range(10)]
        commands = [host.command(target, f"open {number}") for number in range(10)]
        answers = await asyncio.gather(*notices, *commands, return_exceptions=True)
        codes = [answer.code if isinstance(answer, streamer.DeniedError) else "done" for answer in answers]
        assert codes == ["done", "bad-notice"] * 5 + ["done", "bad-command"] * 5
        told = [answer for answer in answers[:10] if not isinstance(answer, BaseException)]
        assert [sent.notice.text for sent in told] == ["0", "2", "4", "6", "8"]
        host._programs._send = send
        host.send({"type": "reply", "id": 999, "action": 0})
        event = await next_of(refused, streamer.Refused)
        assert (event.code, event.of, event.id) == ("no-notice", "reply", 999)
        obeying.cancel()


async def test_telemetry_is_told_to_those_who_are_here_and_those_who_come() -> None:
    async with AsyncExitStack() as stack:
        house = await stack.enter_async_context(House.open())
        url = URL.format(port=house.port, key=KEY)
        device = await stack.enter_async_context(streamer.join(url, name="Car 7"))
        values = {"speed": 31.5, "siren": True, "place": "Bridge", "fuel": None}
        device.tell(values)
        device.tell({"charge": 80}, device="radio")
        late = streamer.join(url, name="Board")
        events = late.events()
        await stack.enter_async_context(late)
        told = [await next_of(events, streamer.Telemetry) for _ in range(2)]
        assert {each.device: dict(each.values) for each in told} == {"": values, "radio": {"charge": 80}}
        assert all(each.member and each.member.name == "Car 7" for each in told)
        assert all(0 <= each.age_s < PATIENCE_S for each in told)
        device.tell(None, device="radio")
        gone = await next_of(events, streamer.Telemetry)
        assert (gone.device, gone.values) == ("radio", None)


async def test_a_relay_that_begins_anew_is_told_everything_again() -> None:
    invites = InviteStore({"home": Invite(KEY)}, HOST_KEY)
    async with AsyncExitStack() as stack:
        first = await stack.enter_async_context(AsyncExitStack())
        port = await first.enter_async_context(listening(Relay(invites, {}), "127.0.0.1", 0, None))
        url = URL.format(port=port, key=KEY)
        device = await stack.enter_async_context(streamer.join(url, name="Gateway"))
        events = device.events()
        for number in range(3):
            device.tell({"number": number}, device=f"lamp {number}")
        await first.aclose()
        await next_of(events, streamer.Lost)
        device.tell({"number": 7}, device="lamp 0")
        await stack.enter_async_context(listening(Relay(invites, {}), "127.0.0.1", port, None))
        await next_of(events, streamer.Back)
        board = streamer.join(url)
        heard = board.events()
        await stack.enter_async_context(board)
        told: dict[str, Any] = {}
        while len(told) < 3:
            telemetry = await next_of(heard, streamer.Telemetry)
            told[telemetry.device] = telemetry.values
        assert told == {"lamp 0": {"number": 7}, "lamp 1": {"number": 1}, "lamp 2": {"number": 2}}


def test_what_changes_faster_than_a_relay_takes_it_is_told_as_it_is_last() -> None:
    offline = OfflineRoom(welcome())
    offline.sent.clear()
    for number in range(1_000):
        offline.room.tell({"number": number})
    assert len(offline.sent) == pytest.approx(AT_ONCE, abs=AT_ONCE / 2)
    offline.room._reports._left = 1.0
    offline.room._reports._send_due()
    assert offline.sent[-1]["values"] == {"number": 999}


@pytest.mark.parametrize(
    ("values", "device", "words"),
    [
        ({"a": math.inf}, "", "not JSON"),
        ({"a": math.nan}, "", "not JSON"),
        ({"a": [1]}, "", "a text, a number"),
        ({"a": "x" * 5_000}, "", "4,096 are allowed"),
        ({"a": 1}, "x" * 65, "at most 64 characters"),
    ],
)
def test_what_no_relay_would_take_is_refused_before_it_is_sent(values: Any, device: str, words: str) -> None:
    offline = OfflineRoom(welcome())
    with pytest.raises(ValueError, match=words):
        offline.room.tell(values, device=device)
    assert not [message for message in offline.sent if message["type"] == "telemetry"]


def test_a_member_reports_of_so_many_devices_and_no_more() -> None:
    offline = OfflineRoom(welcome())
    for number in range(MOST_DEVICES):
        offline.room.tell({}, device=str(number))
    with pytest.raises(ValueError, match="at most 128 devices"):
        offline.room.tell({}, device="one more")
    offline.room.tell(None, device="7")
    offline.room.tell({}, device="one more")


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"text": " "}, "1 to 2,000 characters"),
        ({"text": "x" * 2_001}, "1 to 2,000 characters"),
        ({"title": "x" * 101}, "at most 100 characters"),
        ({"level": "panic"}, "info, warning, alarm"),
        ({"actions": "Open"}, "a list of at most 4"),
        ({"actions": ["a"] * 5}, "a list of at most 4"),
        ({"actions": [""]}, "1 to 40 characters"),
    ],
)
async def test_a_notice_that_no_relay_would_take_is_refused_before_it_is_sent(wrong: Any, words: str) -> None:
    offline = OfflineRoom(welcome())
    with pytest.raises(ValueError, match=words):
        await offline.room.notify(**{"text": "Hello", **wrong})


async def test_a_command_that_no_relay_would_take_is_refused_before_it_is_sent() -> None:
    offline = OfflineRoom(welcome(member(3, "Grace")))
    (grace,) = offline.room.members
    for wrong, words in (
        ({"name": ""}, "1 to 64 characters"),
        ({"name": "open", "deadline_s": 61}, "at most 60 s"),
        ({"name": "open", "deadline_s": 0}, "more than 0"),
        ({"name": "open", "arguments": {"a": {1, 2}}}, "not JSON"),
    ):
        with pytest.raises(ValueError, match=words):
            await offline.room.command(grace, **wrong)  # type: ignore[arg-type]


def test_a_terminal_tells_notices_and_answers_them() -> None:
    notice = {
        "type": "notice",
        "id": 4,
        "talker_id": 3,
        "name": "Door",
        "title": "Gate",
        "text": "Ring\nGrace left",
    }
    offline = OfflineRoom(
        welcome(member(3, "Door")), {**notice, "level": "alarm", "sound": True, "actions": ["Open", "Wait"]}
    )
    rings = list[bool]()
    words = Words(lambda line: None, ring=lambda: rings.append(True))
    for event in offline.events:
        words.on_event(event)
    assert rings == [True]
    assert offline.told[1:] == [
        "Door, alarm: Gate: Ring ↵ Grace left",
        "To answer: /answer 1 Open, /answer 2 Wait",
    ]


def test_programs_of_a_hostile_relay_are_taken_with_care() -> None:
    offline = OfflineRoom(welcome(member(3, "Door")))
    offline.hear(
        {"type": "reply", "id": 9, "talker_id": 3, "name": "Door", "action": 2**40},
        {"type": "result", "id": -1, "outcome": "exploded", "message": ""},
        {"type": "telemetry", "talker_id": 3, "device": "", "values": {"a": "x" * 50_000}, "age_ms": 0},
        {"type": "telemetry", "talker_id": 3, "device": "", "values": {"a": math.inf}, "age_ms": 0},
        {
            "type": "command", "id": 1, "talker_id": 3, "sender": "", "device": "", "name": "open",
            "arguments": {"a": [[]] * 9_000}, "deadline_ms": 1,
        },
        {"type": "telemetry", "talker_id": 9, "device": "", "values": {"a": [1], "b": {}, "c": 1},
         "age_ms": -5},
        {
            "type": "notice", "id": 1, "talker_id": 99, "name": "", "title": "", "text": "", "level": "doom",
            "sound": False, "actions": [1, None, "Open", {}],
        },
    )  # fmt: skip
    telemetry, notice = offline.events[1:]
    assert telemetry == streamer.Telemetry(None, "", {"c": 1}, 0)
    assert isinstance(notice, streamer.Notice)
    assert (notice.level, notice.actions, notice.member) == ("info", ("Open",), None)
