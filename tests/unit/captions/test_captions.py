"""Captions over a socket: who may write them, who gets them, who is told, and how much of them there may
be."""

from pathlib import Path
from typing import Any

import pytest
from relay_fixture import HOST_KEY, KEY, Guest, House
from test_room import next_of

import streamer
from streamer.client.captions import Captions
from streamer.relay.access.allowance import CAPTIONS
from streamer.relay.access.sanitize import clean_chat
from streamer.relay.access.tokens import Scope, TokenStore
from streamer.relay.rooms.chat_history import History
from streamer.relay.rooms.post import LEFT_OUT
from streamer.wire.captions import MAX_CAPTION_CHARACTERS

LINE: dict[str, Any] = {"id": 7, "start_ms": 1_000, "end_ms": 2_000, "text": "Dinner is ready", "final": True}


async def say(guest: Guest, **message: Any) -> None:
    await guest.socket.send_json(message)


async def caption(guest: Guest, talker: Guest, **changed: Any) -> None:
    await say(guest, type="caption", talker_id=talker.welcome["talker_id"], **{**LINE, **changed})


async def ask(guest: Guest, *, on: bool = True) -> None:
    """And wait until the relay has it."""
    await say(guest, type="captions", on=on)
    await say(guest, type="ping", t0=1)
    await guest.text("pong")


def token_for(directory: Path, *scopes: Scope) -> tuple[TokenStore, str]:
    store = TokenStore(directory / "tokens.json")
    return store, store.create("captions", frozenset(scopes), "", 1.0)[1]


async def preview(house: House) -> dict[str, Any]:
    async with house.http.get(f"{house.url}/room", params={"room": "home", "key": KEY}) as response:
        return dict(await response.json())


# ---- Who may, and who gets them


async def test_a_caption_goes_to_those_who_asked_with_the_name_of_its_talker() -> None:
    async with House.open() as house:
        host = await house.enter(key=HOST_KEY, name="Grace")
        ada, ben = await house.enter(name="Ada"), await house.enter(name="Ben")
        await ask(ada)
        await caption(host, ben, text="Dinner is", final=False)
        await caption(host, ben)
        talker_id = ben.welcome["talker_id"]
        told = [await ada.text("caption"), await ada.text("caption")]
        expected = {"type": "caption", "talker_id": talker_id, "name": "Ben", **LINE}
        assert told == [{**expected, "text": "Dinner is", "final": False}, expected]
        assert (await ben.text("captioning"))["on"] is True
        assert await ben.hears_nothing(), "who did not ask gets no captions"
        await ask(ada, on=False)
        await caption(host, ben)
        assert await ada.hears_nothing()


async def test_a_token_with_the_scope_lets_its_bearer_in_to_listen_and_to_caption(tmp_path: Path) -> None:
    store, secret = token_for(tmp_path, "caption")
    async with House.open(tokens=store) as house:
        ada = await house.enter(name="Ada")
        await ask(ada)
        captioner = await house.enter(key="", token=secret, name="Captions")
        assert captioner.welcome["role"] == "listen"
        await caption(captioner, ada)
        assert (await ada.text("caption"))["text"] == LINE["text"]


@pytest.mark.parametrize("kind", ["caption", "captioning"])
@pytest.mark.parametrize(
    "scopes", [(), ("read", "notify", "speak", "command")], ids=["guest", "other scopes"]
)
async def test_without_the_right_nobody_captions(
    kind: str, scopes: tuple[Scope, ...], tmp_path: Path
) -> None:
    store, secret = token_for(tmp_path, *(scopes or ("read",)))
    async with House.open(tokens=store) as house:
        ada = await house.enter(name="Ada")
        await ask(ada)
        mallory = await (house.enter(key="", token=secret) if scopes else house.enter())
        if kind == "caption":
            await caption(mallory, ada)
        else:
            await say(mallory, type="captioning", on=True)
        assert (await mallory.text("error"))["code"] == "no-right"
        assert await mallory.hears_nothing(), "the session goes on"
        await ada.text("joined")
        assert await ada.hears_nothing()
        assert not (await preview(house))["captions"]


async def test_captions_are_in_no_history() -> None:
    async with House.open() as house:
        host = await house.enter(key=HOST_KEY)
        await ask(host)
        await caption(host, host)
        await host.text("caption")
        late = await house.enter()
        assert late.welcome["history"] == []


async def keep(host: Guest, *, on: bool = True) -> None:
    await say(host, type="keep_captions", on=on)
    assert (await host.text("keep_captions"))["on"] is on


async def test_where_the_host_wants_it_final_lines_are_in_the_chat_and_its_history() -> None:
    async with House.open() as house:
        host = await house.enter(key=HOST_KEY, name="Grace")
        ada, ben = await house.enter(name="Ada"), await house.enter(name="Ben")
        assert ada.welcome["keep_captions"] is False
        await keep(host)
        told = await ada.text("keep_captions")
        assert told == {"type": "keep_captions", "talker_id": host.welcome["talker_id"], "on": True}
        await caption(host, ben, text="Dinner is", final=False)
        await caption(host, ben)
        await caption(host, ben, id=8, text="", final=True)
        said = {"text": LINE["text"], "name": "Ben", "caption": True}
        talker_id = ben.welcome["talker_id"]
        for guest in (host, ada, ben):
            assert await guest.text("chat") == {"type": "chat", "talker_id": talker_id, **said}
        assert await ada.hears_nothing(), "of a line that grows, or is withdrawn, nothing is kept"
        late = await house.enter()
        assert late.welcome["keep_captions"] is True
        assert [{**line, "age_s": 0} for line in late.welcome["history"]] == [{**said, "age_s": 0}]
        await keep(host, on=False)
        await caption(host, ben, id=9)
        assert len((await house.enter()).welcome["history"]) == 1


async def test_only_the_host_has_captions_kept_and_that_outlasts_the_empty_room() -> None:
    async with House.open() as house:
        guest = await house.enter()
        await say(guest, type="keep_captions", on=True)
        assert (await guest.text("error"))["code"] == "not-host"
        host = await house.enter(key=HOST_KEY)
        await keep(host)
        for each in (guest, host):
            await say(each, type="leave")
            await each.close_code()
        assert (await house.enter()).welcome["keep_captions"] is True


async def test_what_is_kept_is_cleaned_and_gives_way_to_what_was_written() -> None:
    history = History()
    history.add("Ada", "Tea?", 0.0)
    for number in range(500):
        history.add("Ben", f"Sentence {number}. " + "x" * 100, 1.0, caption=True)
    history.add("Ada", "Coffee?", 2.0)
    lines = history.tell(2.0)
    assert [line["text"] for line in lines if "caption" not in line] == ["Tea?", "Coffee?"]
    assert len(lines) > 50
    assert lines[-2]["text"].startswith("Sentence 499"), "the newest stay"
    async with House.open() as house:
        host = await house.enter(key=HOST_KEY)
        await keep(host)
        await caption(host, host, text="One\nline\u202e")
        assert (await host.text("chat"))["text"] == "One line"


async def test_a_recorder_gets_no_caption_twice(tmp_path: Path) -> None:
    store, secret = token_for(tmp_path, "record")
    async with House.open(tokens=store) as house:
        host, recorder = await house.enter(key=HOST_KEY), await house.enter(key="", token=secret)
        await ask(recorder)
        await keep(host)
        await caption(host, host)
        await host.text("chat")
        await recorder.text("keep_captions")
        kinds = [(await recorder.socket.receive_json())["type"] for _ in range(2)]
        assert kinds == ["captioning", "caption"]
        assert await recorder.hears_nothing()


# ---- Who is told


async def test_everybody_is_told_before_the_first_caption_and_who_comes_later_behind_the_welcome() -> None:
    async with House.open() as house:
        assert (await preview(house))["captions"] is False
        host, ada = await house.enter(key=HOST_KEY), await house.enter()
        await ask(ada)
        await caption(host, ada)
        kinds = [(await ada.socket.receive_json())["type"] for _ in range(2)]
        assert kinds == ["captioning", "caption"]
        late = await house.enter()
        assert (await late.text("captioning"))["on"] is True
        assert (await preview(house))["captions"] is True


@pytest.mark.parametrize("goes", ["says so", "leaves", "is lost"])
async def test_everybody_is_told_when_nobody_captions_any_more(goes: str) -> None:
    async with House.open() as house:
        captioner, ada = await house.enter(key=HOST_KEY), await house.enter()
        await say(captioner, type="captioning", on=True)
        assert (await ada.text("captioning"))["on"] is True
        if goes == "says so":
            await say(captioner, type="captioning", on=False)
        elif goes == "leaves":
            await say(captioner, type="leave")
        else:
            await captioner.socket.close()
        assert (await ada.text("captioning"))["on"] is False
        assert (await preview(house))["captions"] is False


async def test_as_long_as_one_captioner_is_left_captions_stay_on() -> None:
    async with House.open() as house:
        ada = await house.enter()
        first, second = await house.enter(key=HOST_KEY), await house.enter(key=HOST_KEY)
        for each in (first, second):
            await say(each, type="captioning", on=True)
            await say(each, type="ping", t0=1)
            await each.text("pong")
        await say(first, type="leave")
        await ada.text("left")
        assert await ada.hears_nothing()
        await say(second, type="leave")
        assert (await ada.text("captioning"))["on"] is False


# ---- What a line may be


@pytest.mark.parametrize(
    "text",
    [
        '<img src=x onerror="alert(1)">',
        "<script>alert(1)</script>",
        "a\u202eb",
        "a\x1b[2Jb",
        "Z" + "\u0301" * 30,
    ],
    ids=ascii,
)
async def test_markup_and_hidden_characters_in_a_caption_are_treated_as_those_of_chat(text: str) -> None:
    async with House.open() as house:
        host = await house.enter(key=HOST_KEY)
        await ask(host)
        await caption(host, host, text=text)
        assert (await host.text("caption"))["text"] == " ".join(clean_chat(text).split())


@pytest.mark.parametrize(
    "changed",
    [
        {"text": "", "final": False},
        {"text": " \u200b\u202e\n", "final": False},
        {"text": "x" * (MAX_CAPTION_CHARACTERS + 1)},
        {"text": " " * 9 * MAX_CAPTION_CHARACTERS},
        {"start_ms": 2_001},
    ],
    ids=lambda changed: str(changed)[:40],
)
async def test_what_is_no_proper_caption_is_refused_and_the_session_goes_on(changed: dict[str, Any]) -> None:
    async with House.open() as house:
        host = await house.enter(key=HOST_KEY)
        await ask(host)
        await caption(host, host, **changed)
        assert (await host.text("error"))["code"] == "bad-caption"
        assert await host.hears_nothing()


async def test_an_empty_final_line_withdraws_it() -> None:
    async with House.open() as house:
        host = await house.enter(key=HOST_KEY)
        await ask(host)
        await caption(host, host, text=" ")
        assert (await host.text("caption"))["text"] == ""


async def test_a_caption_is_one_line() -> None:
    async with House.open() as house:
        host = await house.enter(key=HOST_KEY)
        await ask(host)
        await caption(host, host, text="  dinner\tis\r\nready ")
        assert (await host.text("caption"))["text"] == "dinner is ready"


async def test_the_last_words_of_a_talker_who_left_still_have_a_name_and_those_of_nobody_are_refused() -> (
    None
):
    async with House.open() as house:
        host, ada = await house.enter(key=HOST_KEY), await house.enter(name="Ada")
        await ask(host)
        await say(ada, type="leave")
        await host.text("left")
        await caption(host, ada)
        assert (await host.text("caption"))["name"] == "Ada"
        await say(host, type="caption", talker_id=999, **LINE)
        assert (await host.text("error"))["code"] == "no-member"


async def test_a_flood_of_captions_is_cut_down_and_the_session_goes_on() -> None:
    async with House.open() as house:
        host, ada = await house.enter(key=HOST_KEY), await house.enter()
        await ask(ada)
        for number in range(int(CAPTIONS.size) + 20):
            await caption(host, ada, id=number)
        assert (await host.text("error"))["code"] == "too-fast"
        await say(host, type="ping", t0=1)
        assert (await host.text("pong"))["t0"] == 1
    assert "caption" in LEFT_OUT, "and where too much waits, captions are left out like chat"


# ---- The Python interface


async def test_a_program_writes_captions_and_another_reads_them() -> None:
    async with House.open() as house:
        link = f"{house.url}/#room=home&key="
        reader = streamer.join(link + KEY, name="Ada", listening=True)
        events = reader.events()
        async with reader, streamer.join(link + HOST_KEY, name="Captions", listening=True) as writer:
            reader.read_captions()
            reader.write("behind it")
            await next_of(events, streamer.Chat)
            writer.write_captions()
            assert (await next_of(events, streamer.Captioning)).on
            assert reader.has_captions
            [ada] = writer.members
            writer.send_caption(ada, "Hello", id=1, start_ms=5, end_ms=6, final=False)
            line = await next_of(events, streamer.Caption)
            assert (line.name, line.text, line.id, line.start_ms, line.end_ms) == ("Ada", "Hello", 1, 5, 6)
            assert line.member
            assert line.member.talker_id == reader.me.talker_id
            writer.send({"type": "keep_captions", "on": True})
            assert (await next_of(events, streamer.KeepCaptions)).on
            assert reader.keeps_captions
            writer.send_caption(ada, "Hello.", id=1, start_ms=5, end_ms=6, final=True)
            kept = await next_of(events, streamer.Chat)
            assert (kept.name, kept.text, kept.caption) == ("Ada", "Hello.", True)


def test_what_was_asked_for_is_asked_again_after_a_lost_connection() -> None:
    sent: list[Any] = []
    events: list[streamer.Event] = []
    captions = Captions(lambda talker_id: None, sent.append, sent.append, events.append)
    captions.on_welcome()
    assert sent == []
    captions.read(on=True)
    captions.write(on=True)
    captions.on_message({"type": "captioning", "on": True})
    sent.clear()
    captions.on_welcome()
    assert sent == [{"type": "captions", "on": True}, {"type": "captioning", "on": True}]
    assert events == [streamer.Captioning(True), streamer.Captioning(False)], "until the relay says so again"


async def test_a_program_without_the_right_is_refused() -> None:
    async with (
        House.open() as house,
        streamer.join(f"{house.url}/#room=home&key={KEY}", listening=True) as room,
    ):
        events = room.events()
        room.write_captions()
        assert (await next_of(events, streamer.Refused)).code == "no-right"
        with pytest.raises(ValueError, match="500"):
            room.send_caption(room.me, "x" * 501, id=1, start_ms=0, end_ms=1, final=True)
        with pytest.raises(ValueError, match="before it starts"):
            room.send_caption(room.me, "x", id=1, start_ms=2, end_ms=1, final=True)
