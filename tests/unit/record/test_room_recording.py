"""A room that is recorded: who may, who is told, and who is left out, at a real relay with real members."""

from collections.abc import AsyncIterator

import pytest
from relay_fixture import HOST_KEY, KEY, PACKET, House

from streamer.relay.access.tokens import TokenStore


@pytest.fixture
async def house(tmp_path) -> AsyncIterator[House]:
    store = TokenStore(tmp_path / "tokens.json")
    _, secret = store.create("recorder", frozenset({"record"}), "", 0)
    async with House.open(tokens=store) as found:
        found.token = secret  # type: ignore[attr-defined]
        yield found


async def test_only_the_host_or_a_token_for_it_may_record(house: House) -> None:
    host, guest = await house.enter(key=HOST_KEY, name="Ada"), await house.enter(name="Ben")
    recorder = await house.enter(key="", token=house.token, name="Recorder")  # type: ignore[attr-defined]
    assert recorder.welcome["role"] == "listen"
    for wish in ("recording", "record"):
        await guest.socket.send_json({"type": wish, "on": True})
        assert (await guest.text("error"))["code"] == {"recording": "no-right", "record": "not-host"}[wish]
    assert await guest.hears_nothing()
    for member in (recorder, host):
        await member.socket.send_json({"type": "recording", "on": True})
        assert (await member.text("recording"))["on"]
    assert (await guest.text("recording")) == {
        "type": "recording",
        "on": True,
        "by": "Recorder",
        "left_out": [],
    }


async def test_a_relay_that_does_not_record_says_how_it_could(house: House) -> None:
    host = await house.enter(key=HOST_KEY)
    await host.socket.send_json({"type": "record", "on": True})
    error = await host.text("error")
    assert error["code"] == "no-recorder"
    assert "--record" in error["message"]


async def test_everybody_is_told_before_and_after_joining_until_it_is_over(house: House) -> None:
    host, guest = await house.enter(key=HOST_KEY, name="Ada"), await house.enter(name="Ben")

    async def preview() -> bool:
        async with house.http.get(f"{house.url}/room", params={"room": "home", "key": KEY}) as response:
            return bool((await response.json())["recording"])

    assert await preview() is False
    await host.socket.send_json({"type": "recording", "on": True})
    assert (await guest.text("recording"))["by"] == "Ada"
    assert await preview() is True
    newcomer = await house.enter(name="Cara")
    assert (await newcomer.text("recording"))["on"]
    await host.socket.send_json({"type": "leave"})
    for member in (guest, newcomer):
        assert (await member.text("recording"))["on"] is False
    assert await preview() is False


@pytest.mark.parametrize(
    "way", ["in the room", "at the door", "before the recording", "after a lost connection"]
)
async def test_nothing_of_who_is_left_out_reaches_a_recorder(house: House, way: str) -> None:
    recorder = await house.enter(key="", token=house.token, name="Recorder")  # type: ignore[attr-defined]
    shy = await house.enter(name="Shy", **({"leave_out": "1"} if way == "at the door" else {}))
    other = await house.enter(name="Other")
    if way == "before the recording":
        await shy.socket.send_json({"type": "leave-me-out", "on": True})
        assert (await shy.text("recording"))["left_out"] == [shy.welcome["talker_id"]]
    await recorder.socket.send_json({"type": "recording", "on": True})
    await recorder.text("recording")
    await shy.text("recording")
    if way in ("in the room", "after a lost connection"):
        await shy.socket.send_json({"type": "leave-me-out", "on": True})
        assert shy.welcome["talker_id"] in (await recorder.text("recording"))["left_out"]
        assert shy.welcome["talker_id"] in (await shy.text("recording"))["left_out"]
    if way == "after a lost connection":
        await shy.socket.close()
        await other.text("left")
        shy = await house.enter(key="", resume=shy.welcome["resume"], name="Shy")
        assert shy.welcome["talker_id"] in (await shy.text("recording"))["left_out"]
    await shy.socket.send_bytes(PACKET.serialize())
    await shy.socket.send_json({"type": "chat", "text": "not for the record"})
    assert (await other.packet()).talker_id == shy.welcome["talker_id"]
    assert (await other.text("chat"))["text"] == "not for the record"
    await other.socket.send_json({"type": "chat", "text": "for the record"})
    assert (await recorder.text("chat"))["text"] == "for the record"
    await other.socket.send_bytes(PACKET.serialize())
    assert (await recorder.packet()).talker_id == other.welcome["talker_id"]
    await shy.socket.send_json({"type": "leave-me-out", "on": False})
    assert (await recorder.text("recording"))["left_out"] == []
    await shy.socket.send_bytes(PACKET.serialize())
    assert (await recorder.packet()).talker_id == shy.welcome["talker_id"]


async def test_captions_of_a_member_that_is_left_out_reach_its_readers_and_no_recorder(house: House) -> None:
    host = await house.enter(key=HOST_KEY, name="Ada")
    recorder = await house.enter(key="", token=house.token, name="Recorder")  # type: ignore[attr-defined]
    reader, shy, ben = [await house.enter(name=name) for name in ("Reader", "Shy", "Ben")]
    for member in (recorder, reader):
        await member.socket.send_json({"type": "captions", "on": True})
    await recorder.socket.send_json({"type": "recording", "on": True})
    await recorder.text("recording")
    await shy.socket.send_json({"type": "leave-me-out", "on": True})
    await shy.text("recording")
    await shy.text("recording")
    line = {"type": "caption", "start_ms": 1, "end_ms": 2, "final": True}
    shy_id, ben_id = shy.welcome["talker_id"], ben.welcome["talker_id"]
    await host.socket.send_json(line | {"talker_id": shy_id, "id": 1, "text": "while here"})
    assert (await reader.text("caption"))["text"] == "while here"
    await shy.socket.send_json({"type": "leave"})
    await host.text("left")
    await host.socket.send_json(line | {"talker_id": shy_id, "id": 2, "text": "just gone"})
    assert (await reader.text("caption"))["text"] == "just gone"
    await host.socket.send_json(line | {"talker_id": ben_id, "id": 3, "text": "for the record"})
    assert (await recorder.text("caption"))["text"] == "for the record"
