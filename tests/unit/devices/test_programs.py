"""What programs and devices say over a socket: notices, replies, telemetry, commands; who may, and how
much."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from relay_fixture import HOST_KEY, Guest, House

from streamer.errors import ControlError
from streamer.relay.access.allowance import CHATS
from streamer.relay.access.tokens import BEYOND_TALKING, Scope, TokenStore
from streamer.relay.rooms.commands import MAX_OF_SENDER
from streamer.relay.rooms.post import Post
from streamer.relay.rooms.telemetry import MAX_MEMBER_BYTES, TelemetryBoard

NOTICE = {"type": "notify", "text": "Somebody is at the gate", "level": "info", "actions": ["Open", "Wait"]}


async def say(guest: Guest, **message: Any) -> None:
    await guest.socket.send_json(message)


async def notify(guest: Guest, **changed: Any) -> None:
    await guest.socket.send_json({**NOTICE, **changed})


def token_for(directory: Path, *scopes: Scope, room: str = "") -> tuple[TokenStore, str]:
    store = TokenStore(directory / "tokens.json")
    _, secret = store.create("door", frozenset(scopes), room, 1.0)
    return store, secret


# ---- Notices


async def test_a_notice_of_the_host_reaches_everybody_and_its_sender_hears_who_answered_what() -> None:
    async with House.open() as house:
        host = await house.enter(key=HOST_KEY, name="Grace")
        ada = await house.enter(name="Ada")
        await notify(host, title="Gate", sound=True)
        told = await ada.text("notice")
        assert told == {
            "type": "notice",
            "id": told["id"],
            "talker_id": host.welcome["talker_id"],
            "name": "Grace",
            "title": "Gate",
            "text": NOTICE["text"],
            "level": "info",
            "sound": True,
            "actions": ["Open", "Wait"],
        }
        assert await host.text("notice") == told
        await say(ada, type="reply", id=told["id"], action=1)
        reply = await host.text("reply")
        assert (reply["id"], reply["talker_id"], reply["name"]) == (
            told["id"],
            ada.welcome["talker_id"],
            "Ada",
        )
        assert reply["action"] == 1


async def test_a_notice_is_in_the_history_with_its_level() -> None:
    async with House.open() as house:
        host = await house.enter(key=HOST_KEY, name="Grace")
        await notify(host, level="alarm", title="Fire")
        await host.text("notice")
        late = await house.enter()
        [line] = late.welcome["history"]
        assert (line["name"], line["text"], line["level"], line["title"]) == (
            "Grace",
            NOTICE["text"],
            "alarm",
            "Fire",
        )


async def test_a_guest_may_neither_notify_nor_command_and_the_session_goes_on() -> None:
    async with House.open() as house:
        host = await house.enter(key=HOST_KEY)
        guest = await house.enter()
        await notify(guest)
        assert (await guest.text("error"))["code"] == "no-right"
        wish = {"talker_id": host.welcome["talker_id"], "device": "", "name": "mute", "arguments": {}}
        await say(guest, type="command", id=1, deadline_ms=1_000, **wish)
        assert (await guest.text("error"))["code"] == "no-right"
        assert await guest.hears_nothing()


@pytest.mark.parametrize(
    "changed",
    [
        {"text": ""},
        {"text": " \u200b\u202e\n"},
        {"text": "x" * 2_001},
        {"level": "loud"},
        {"title": "x" * 101},
        {"actions": ["a", "b", "c", "d", "e"]},
        {"actions": [""]},
        {"actions": ["x" * 41]},
        {"actions": [7]},
        {"actions": [["Open"]]},
        {"actions": [None]},
    ],
    ids=lambda changed: json.dumps(changed)[:50],
)
async def test_what_is_no_proper_notice_is_refused_and_the_session_goes_on(changed: dict[str, Any]) -> None:
    async with House.open() as house:
        host = await house.enter(key=HOST_KEY)
        await notify(host, **changed)
        assert (await host.text("error"))["code"] == "bad-notice"
        assert await host.hears_nothing()


async def test_markup_and_direction_marks_in_a_notice_stay_text() -> None:
    async with House.open() as house:
        host = await house.enter(key=HOST_KEY)
        await notify(host, text="<img src=x onerror=alert(1)>\u202e", title="<b>\n", actions=["<i>"])
        told = await host.text("notice")
        assert (told["text"], told["title"], told["actions"]) == (
            "<img src=x onerror=alert(1)>",
            "<b>",
            ["<i>"],
        )


async def test_a_thousand_notices_at_once_are_cut_down_to_what_people_can_read() -> None:
    async with House.open() as house:
        host = await house.enter(key=HOST_KEY)
        guest = await house.enter()
        for _ in range(int(CHATS.size) + 20):
            await notify(host)
        assert (await host.text("error"))["code"] == "too-fast"
        for _ in range(int(CHATS.size)):
            await guest.text("notice")
        assert await guest.hears_nothing()
        for _ in range(200):
            await notify(host)
        assert await host.close_code() == 4429
        assert (await guest.text("left"))["talker_id"] == host.welcome["talker_id"]


async def test_an_answer_to_no_notice_or_that_it_does_not_offer_is_refused() -> None:
    async with House.open() as house:
        host = await house.enter(key=HOST_KEY)
        await notify(host)
        known = (await host.text("notice"))["id"]
        for number, action in ((known + 1, 0), (known, 2), (known, -1)):
            await say(host, type="reply", id=number, action=action)
            assert (await host.text("error"))["code"] == "no-notice"


async def test_a_refusal_says_of_which_message_it_is_and_what_has_an_id_is_always_answered() -> None:
    async with House.open() as house:
        guest = await house.enter()
        refused: list[dict[str, Any]] = [
            {"type": "notify", "id": 7, **NOTICE},
            {"type": "reply", "id": 99, "action": 0},
            {
                "type": "command",
                "id": 8,
                "talker_id": 1,
                "device": "",
                "name": "",
                "arguments": {},
                "deadline_ms": 1,
            },
            {"type": "result", "id": 3, "outcome": "exploded", "message": ""},
            {"type": "unbar", "id": 5},
            {"type": "answer", "id": 6, "admit": True},
        ]
        for message in refused * 2:
            await guest.socket.send_json(message)
        for message in refused * 2:
            error = await guest.text("error")
            assert (error["of"], error["id"]) == (message["type"], message["id"]), error
        await notify(guest)
        anonymous = await guest.text("error")
        assert (anonymous["of"], anonymous["id"], anonymous["code"]) == ("notify", 0, "no-right")


async def test_the_sender_of_a_notice_knows_its_own_by_the_id_that_it_gave() -> None:
    async with House.open() as house:
        host, guest = await house.enter(key=HOST_KEY), await house.enter()
        await notify(host, id=7)
        assert (await host.text("notice"))["own_id"] == 7
        assert "own_id" not in await guest.text("notice")
        await notify(host)
        assert "own_id" not in await host.text("notice")


async def test_a_sender_that_came_back_still_hears_the_answer() -> None:
    async with House.open() as house:
        host = await house.enter(key=HOST_KEY)
        guest = await house.enter()
        await notify(host)
        told = await guest.text("notice")
        await host.socket.close()
        await guest.text("left")
        back = await house.enter(key="", resume=host.welcome["resume"])
        await say(guest, type="reply", id=told["id"], action=0)
        assert (await back.text("reply"))["id"] == told["id"]


def test_a_notice_overtakes_what_a_room_has_still_to_say_and_goes_out_at_once() -> None:
    later: list[Any] = []
    told: list[tuple[int, str]] = []

    class Ear:
        def __init__(self, number: int) -> None:
            self._number = number

        def send_control(self, message: Any) -> None:
            told.append((self._number, message["type"]))

    post, ears = (
        Post(lambda seconds, act: later.append((seconds, act))),
        [Ear(number) for number in range(500)],
    )
    for talker_id in range(100):
        post.send({"type": "left", "talker_id": talker_id}, ears)
    fields = {"id": 1, "talker_id": 0, "name": "Gate", "title": "", "text": "Fire", "level": "alarm"}
    notice = {"type": "notice", **fields, "sound": True, "actions": []}
    post.send(notice, ears)  # type: ignore[arg-type]
    waited_s = 0.0
    while sum(kind == "notice" for _, kind in told) < len(ears):
        seconds, act = later.pop(0)
        waited_s += seconds
        act()
    assert waited_s < 0.03
    assert [number for number, kind in told if kind == "notice"] == list(range(500))


# ---- Telemetry


async def test_telemetry_reaches_all_and_newcomers_with_its_age_and_goes_with_its_member() -> None:
    async with House.open() as house:
        door = await house.enter(name="Door")
        ada = await house.enter(name="Ada")
        values = {"battery": 0.5, "open": True, "place": None, "words": "a\u202eb"}
        await say(door, type="telemetry", device="lamp", values=values)
        told = await ada.text("telemetry")
        assert (told["talker_id"], told["device"]) == (door.welcome["talker_id"], "lamp")
        assert told["values"] == {**values, "words": "ab"}
        late = await house.enter(name="Late")
        again = await late.text("telemetry")
        assert again["values"] == told["values"]
        assert 0 <= again["age_ms"] < 30_000
        await door.socket.close()
        await late.text("left")
        later = await house.enter(name="Later")
        assert await later.hears_nothing()


async def test_a_device_that_is_gone_is_told_once_and_forgotten() -> None:
    async with House.open() as house:
        door, ada = await house.enter(name="Door"), await house.enter(name="Ada")
        await say(door, type="telemetry", device="lamp", values={"on": True})
        await ada.text("telemetry")
        await say(door, type="telemetry", device="lamp", values=None)
        assert (await ada.text("telemetry"))["values"] is None
        late = await house.enter()
        assert await late.hears_nothing()


@pytest.mark.parametrize(
    ("device", "values"),
    [
        ("x" * 65, "{}"),
        ("\u202e", "{}"),
        ("lamp", '{"a": {"b": 1}}'),
        ("lamp", '{"a": [1]}'),
        ("lamp", '{"a": 1e999}'),
        ("lamp", '{"a": 1' + "0" * 30 + "}"),
        ("lamp", '{"\u202e": 1}'),
        ("lamp", '{"a": "' + "x" * 5_000 + '"}'),
    ],
)
async def test_telemetry_that_is_nested_or_endless_is_refused(device: str, values: str) -> None:
    async with House.open() as house:
        door = await house.enter()
        await door.socket.send_str(
            f'{{"type": "telemetry", "device": {json.dumps(device)}, "values": {values}}}'
        )
        assert (await door.text("error"))["code"] == "bad-telemetry"
        assert await door.hears_nothing()


async def test_one_member_reports_no_more_devices_than_the_relay_keeps() -> None:
    board = TelemetryBoard()
    values = {"words": "x" * 3_900}
    for number in range(MAX_MEMBER_BYTES // 3_990):
        board.take(1, str(number), values, 0.0)
    with pytest.raises(ControlError, match="more devices"):
        board.take(1, "another", values, 0.0)
    board.take(1, "0", values, 0.0)
    board.take(2, "another's", values, 0.0)


def test_a_room_that_reports_faster_than_it_may_tell_tells_the_newest_later() -> None:
    board = TelemetryBoard()
    for number in range(2_000):
        board.take(1, str(number % 3), {"n": number}, 0.0)
        list(board.due(0.0))
    board.take(1, "0", {"n": -1}, 0.0)
    assert list(board.due(0.0)) == []
    [*_, last] = [each for each in board.due(1.0) if each["device"] == "0"]
    assert last["values"] == {"n": -1}


# ---- Commands


def wish(target: Guest, **changed: Any) -> dict[str, Any]:
    fields = {"device": "gate", "name": "open", "arguments": {"seconds": 20}, "deadline_ms": 20_000}
    return {"type": "command", "id": 5, "talker_id": target.welcome["talker_id"], **fields, **changed}


async def test_a_command_reaches_the_target_and_its_result_the_sender_by_the_sender_s_id() -> None:
    async with House.open() as house:
        host, door = await house.enter(key=HOST_KEY, name="Grace"), await house.enter(name="Door")
        await say(host, **wish(door))
        asked = await door.text("command")
        expected = {
            **wish(door),
            "id": asked["id"],
            "talker_id": host.welcome["talker_id"],
            "sender": "Grace",
        }
        assert asked == expected
        await say(door, type="result", id=asked["id"], outcome="done", message="")
        assert await host.text("result") == {"type": "result", "id": 5, "outcome": "done", "message": ""}


async def test_a_command_that_nobody_answers_times_out_once_and_a_late_answer_is_nothing() -> None:
    async with House.open() as house:
        host, door = await house.enter(key=HOST_KEY), await house.enter(name="Door")
        await say(host, **wish(door, deadline_ms=50))
        asked = await door.text("command")
        assert (await host.text("result"))["outcome"] == "timed-out"
        await say(door, type="result", id=asked["id"], outcome="done", message="")
        assert await door.hears_nothing()
        assert await host.hears_nothing()


async def test_a_command_to_who_is_not_here_or_leaves_is_answered_with_gone() -> None:
    async with House.open() as house:
        host, door = await house.enter(key=HOST_KEY), await house.enter(name="Door")
        await say(host, **wish(door, talker_id=999))
        assert (await host.text("result"))["outcome"] == "gone"
        await say(host, **wish(door))
        await door.text("command")
        await door.socket.close()
        assert (await host.text("result"))["outcome"] == "gone"


async def test_nobody_answers_a_command_in_place_of_another() -> None:
    async with House.open() as house:
        host, door = await house.enter(key=HOST_KEY), await house.enter(name="Door")
        mallory = await house.enter(name="Mallory")
        await say(host, **wish(door))
        asked = await door.text("command")
        await say(mallory, type="result", id=asked["id"], outcome="done", message="")
        await say(door, type="result", id=asked["id"], outcome="refused", message="jammed")
        result = await host.text("result")
        assert (result["outcome"], result["message"]) == ("refused", "jammed")


@pytest.mark.parametrize(
    "changed",
    [
        {"name": ""},
        {"name": "x" * 65},
        {"deadline_ms": 0},
        {"deadline_ms": 60_001},
        {"device": "x" * 65},
        {"arguments": {"a": "x" * 5_000}},
        {"arguments": {"a": [[[[[[[[[1]]]]]]]]]}},
    ],
    ids=lambda changed: json.dumps(changed)[:50],
)
async def test_a_command_beyond_its_bounds_is_refused(changed: dict[str, Any]) -> None:
    async with House.open() as house:
        host, door = await house.enter(key=HOST_KEY), await house.enter(name="Door")
        await host.text("joined")
        await say(host, **wish(door, **changed))
        assert (await host.text("error"))["code"] == "bad-command"
        assert await host.hears_nothing()


async def test_a_sender_has_a_bounded_number_of_commands_on_their_way() -> None:
    async with House.open() as house:
        host, door = await house.enter(key=HOST_KEY), await house.enter(name="Door")
        for number in range(MAX_OF_SENDER + 1):
            await say(host, **wish(door, id=number))
        assert (await host.text("error"))["code"] == "too-fast"


# ---- Tokens, at the socket


async def test_a_token_lets_a_program_in_with_its_scopes_and_no_more(tmp_path: Path) -> None:
    tokens, secret = token_for(tmp_path, "read", "notify")
    async with House.open(tokens=tokens) as house:
        bell = await house.enter(key="", token=secret, name="Bell")
        assert (bell.welcome["role"], bell.welcome["host"]) == ("listen", False)
        await notify(bell)
        await bell.text("notice")
        await say(bell, **wish(bell))
        assert (await bell.text("error"))["code"] == "no-right"


@pytest.mark.parametrize("scope", BEYOND_TALKING)
async def test_a_member_is_told_what_its_token_lets_it_do_beyond_talking(
    scope: Scope, tmp_path: Path
) -> None:
    tokens, secret = token_for(tmp_path, "speak", scope)
    async with House.open(tokens=tokens) as house:
        assert (await house.enter(key="", token=secret, name="Bell")).welcome["rights"] == [scope]
        assert (await house.enter(name="Ada")).welcome["rights"] == []
        assert (await house.enter(key=HOST_KEY, name="Grace")).welcome["rights"] == list(BEYOND_TALKING)


async def test_a_token_of_another_room_without_a_right_to_enter_or_unknown_is_refused(tmp_path: Path) -> None:
    tokens, elsewhere = token_for(tmp_path, "speak", room="garage")
    _, no_entry = token_for(tmp_path, "notify")
    async with House.open(tokens=tokens) as house:
        assert await house.refusal(room="home", token=elsewhere) == (403, "no-scope")
        assert await house.refusal(room="home", token=no_entry) == (403, "no-scope")
        assert await house.refusal(room="home", token="wrong") == (403, "token-wrong")
        assert await house.refusal(room="garage", token=elsewhere) == (404, "no-room")
        for _ in range(30):
            status, code = await house.refusal(room="home", token="guess")
        assert (status, code) == (429, "too-many-guesses")


async def test_a_token_made_while_the_relay_runs_is_good_and_one_revoked_is_out(tmp_path: Path) -> None:
    store = TokenStore(tmp_path / "tokens.json")
    async with House.open(tokens=TokenStore(tmp_path / "tokens.json")) as house:
        made, secret = store.create("door", frozenset({"speak", "moderate"}), "home", 1.0)
        door = await house.enter(key="", token=secret)
        assert door.welcome["host"]
        store.revoke(made.id)
        assert await door.close_code() == 4401
        assert await house.refusal(room="home", token=secret) == (403, "token-wrong")
        resume = door.welcome["resume"]
        assert await house.refusal(room="home", resume=resume) == (401, "key-required")


async def test_a_damaged_file_of_tokens_changes_nothing_and_is_reported(tmp_path: Path) -> None:
    tokens, secret = token_for(tmp_path, "speak")
    (tmp_path / "tokens.json").write_text("{")
    async with House.open(tokens=tokens) as house:
        await house.enter(key="", token=secret)
    assert "can't be read" in tokens.trouble


def test_no_secret_is_in_the_file_of_tokens(tmp_path: Path) -> None:
    _, secret = token_for(tmp_path, "speak")
    content = (tmp_path / "tokens.json").read_text()
    assert secret not in content
    assert (tmp_path / "tokens.json").stat().st_mode & 0o077 == 0


async def test_a_device_that_reports_without_pause_delays_no_chat_of_others() -> None:
    async with House.open() as house:
        door, ada, bo = (
            await house.enter(name="Door"),
            await house.enter(name="Ada"),
            await house.enter(name="Bo"),
        )
        for number in range(100):
            await say(door, type="telemetry", device=str(number % 60), values={"n": number})
        await say(ada, type="chat", text="still here")
        assert (await asyncio.wait_for(bo.text("chat"), 5))["text"] == "still here"
