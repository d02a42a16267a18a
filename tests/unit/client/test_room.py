"""A program in a room, by the Python interface; the relay is a real one."""

import asyncio
import gc
from itertools import groupby
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import pytest
from relay_fixture import HOST_KEY, KEY, PATIENCE_S, House, open_relay
from scipy.io import wavfile
from sound import hear as likeness
from sound import speech, tone, tone_dbfs
from virtual_time import run_virtually

import streamer
from streamer.audio_format import SAMPLE_RATE
from streamer.client.audio.codec import Encoder
from streamer.client.audio.samples import Samples
from streamer.client.mailbox import Mailbox
from streamer.client.room import MOST_EVENTS

CLOCK_OFF = SAMPLE_RATE // 20
"""More than a client's estimate of the relay's clock moves on a busy machine."""


async def next_of(events: Mailbox[streamer.Event], kind: type) -> Any:
    """The next event of this kind; others before it are passed over."""
    async with asyncio.timeout(PATIENCE_S):
        while not isinstance(event := await anext(events), kind):
            pass
    return event


async def test_a_program_sees_who_comes_changes_writes_and_goes() -> None:
    async with open_relay() as url, streamer.join(url, name="Robot") as room:
        events = room.events()
        async with streamer.join(url, name="Ada", listening=True) as other:
            joined = await next_of(events, streamer.Joined)
            assert (joined.member.name, joined.member.host) == ("Ada", False)
            assert (await next_of(events, streamer.Changed)).member.only_listens
            assert [member.name for member in room.members] == ["Ada"]
            assert [member.name for member in other.members] == ["Robot"]
            other.raise_hand()
            assert (await next_of(events, streamer.Changed)).member.hand
            other.write("Dinner is ready")
            chat = await next_of(events, streamer.Chat)
            assert (chat.name, chat.text, chat.age_s, chat.member) == (
                "Ada",
                "Dinner is ready",
                0,
                room.members[0],
            )
        assert (await next_of(events, streamer.Left)).member.name == "Ada"
        assert (room.name, room.me.name, room.members) == ("kitchen", "Robot", ())


async def somebody_else(room: streamer.Room) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not room.members:
            await asyncio.sleep(0.01)


async def hear_all(url: str, listens: asyncio.Event) -> list[tuple[streamer.Heard, float]]:
    """Everything that is heard until the first talker has left, and when."""
    heard: list[tuple[streamer.Heard, float]] = []

    async def collect(room: streamer.Room) -> None:
        async for each in room.hear():
            heard.append((each, asyncio.get_running_loop().time()))

    async with streamer.join(url, listening=True) as room:
        events = room.events()
        hearing = asyncio.create_task(collect(room))
        asyncio.get_running_loop().call_soon(listens.set)
        await next_of(events, streamer.Left)
        hearing.cancel()
    return heard


async def say_in_pieces(url: str, samples: Samples, *, after_s: float = 0.0) -> float:
    """Returns when it began, in seconds of perf_counter()."""
    async with streamer.join(url, name="Talker") as room:
        await asyncio.sleep(after_s)
        started = perf_counter()
        for at in range(0, len(samples), 4_800):
            await room.say(samples[at : at + 4_800])
        return started


async def said_and_heard(
    samples: Samples, *, after_s: float = 0.0
) -> tuple[float, list[tuple[streamer.Heard, float]]]:
    async with open_relay() as url:
        listens = asyncio.Event()
        hearing = asyncio.create_task(hear_all(url, listens))
        await listens.wait()
        started = await say_in_pieces(url, samples, after_s=after_s)
        return started, await hearing


def test_what_is_said_piece_by_piece_is_heard_whole() -> None:
    said = speech()[: 2 * SAMPLE_RATE]
    (_, heard), _ = run_virtually(said_and_heard(said))
    recording = np.zeros(3 * SAMPLE_RATE, dtype=np.float32)
    end = 0
    for each, at_s in heard:  # in its place: a busy machine may pause in the middle of a word
        at = round((at_s - heard[0][1]) * SAMPLE_RATE)
        if abs(at - end) < CLOCK_OFF:
            at = end
        end = at + 480
        recording[at:end] = each.samples
    assert likeness(said, recording).alike
    assert {each.member.name for each, _ in heard} == {"Talker"}
    assert all(each.samples.shape == (480,) and each.samples.dtype == np.float32 for each, _ in heard)


async def test_what_is_heard_comes_with_the_time_at_which_it_was_captured() -> None:
    """In real time, as the relay's clock is: a misunderstood one is off by more than a busy machine."""
    started, heard = await said_and_heard(speech()[:SAMPLE_RATE], after_s=1)
    captured = [each.captured_s for each, _ in heard if each.captured_s is not None]
    assert len(captured) > 0.5 * len(heard)
    assert min(captured) > started - 0.2
    assert max(captured) < started + 1.2
    assert np.diff(captured).min() > -0.05, "time does not go back"


async def test_packets_go_through_a_program_undecoded() -> None:
    encoder = Encoder()
    payloads = [encoder.encode(np.full(480, 0.1 * number, dtype=np.float32)) for number in range(5)]
    async with open_relay() as url, streamer.join(url) as room, streamer.join(url, name="Talker") as talker:
        packets = room.packets()
        await somebody_else(room)
        for payload in payloads:
            talker.send_packet(payload, level=20)
        async with asyncio.timeout(PATIENCE_S):
            received = [await anext(packets) for _ in payloads]
    assert [each.packet.payload for each in received] == payloads
    assert {(each.member.name, each.packet.level) for each in received} == {("Talker", 20)}
    starts = [each.packet.timestamp for each in received]
    assert np.diff(starts).tolist() == [480] * 4
    assert [each.packet.seq for each in received] == [0, 1, 2, 3, 4]


def test_a_file_is_played_and_an_ear_mixes_it(tmp_path: Path) -> None:
    said = speech(2)[:SAMPLE_RATE]
    wavfile.write(tmp_path / "said.wav", SAMPLE_RATE, said)

    async def main() -> None:
        async with open_relay() as url, streamer.join(url, listening=True) as room:
            ear = room.ear()
            playout = streamer.FilePlayout(ear.pop, tmp_path / "heard.wav")
            recording = asyncio.create_task(ear.run(playout))
            async with streamer.join(url) as talker:
                await talker.play(tmp_path / "said.wav")
            recording.cancel()
            playout.close()

    run_virtually(main())
    heard = wavfile.read(tmp_path / "heard.wav")[1].astype(np.float32) / 32_768
    assert likeness(said, heard).alike


async def test_a_reader_that_never_reads_holds_up_nobody_and_is_told_what_it_missed() -> None:
    async with House.open() as house:
        url = f"{house.url}/#room=home&key={KEY}"
        async with streamer.join(url) as room:
            slow, quick = room.events(), room.events()
            guest = await house.enter(name="Guest")
            talker_id = room.me.talker_id
            await next_of(quick, streamer.Joined)
            for number in range(MOST_EVENTS + 50):
                event = streamer.Chat(None, "", str(number))
                room._emit(event)
                assert await anext(quick) == event
            missed = await anext(slow)
            assert missed == streamer.Missed(51)
            first = await anext(slow)
            assert isinstance(first, streamer.Chat)
            assert first.text == "50"
            assert guest.welcome["members"][0]["talker_id"] == talker_id


async def test_after_the_relay_has_sent_it_away_every_reader_is_told_why() -> None:
    async with (
        House.open() as house,
        streamer.join(f"{house.url}/#room=home&key={KEY}", name="Robot") as room,
    ):
        host = await house.enter(key=HOST_KEY)
        events = room.events()
        (robot,) = host.welcome["members"]
        await host.socket.send_json({"type": "remove", "talker_id": robot["talker_id"]})
        with pytest.raises(streamer.SentAwayError, match="no longer admitted"):
            await asyncio.wait_for(room.until_closed(), PATIENCE_S)
        with pytest.raises(streamer.SentAwayError):
            await next_of(events, streamer.Missed)
        with pytest.raises(streamer.SentAwayError):
            async for _ in room.hear():
                pass


@pytest.mark.parametrize(
    ("link", "error", "words"),
    [
        ("kitchen", streamer.StreamerError, "does not name a room"),
        ("http://127.0.0.1:1/#room=kitchen", streamer.ConnectionLostError, "No relay answers"),
    ],
)
async def test_a_link_that_leads_nowhere_is_told_in_words(
    link: str, error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        async with streamer.join(link):
            pass


async def test_a_wrong_key_is_refused() -> None:
    async with House.open() as house:
        with pytest.raises(streamer.RefusedError) as refused:
            async with streamer.join(f"{house.url}/#room=home&key=wrong"):
                pass
    assert refused.value.code == "key-wrong"


async def test_a_patient_program_waits_for_a_relay_that_is_not_there_yet() -> None:
    async with open_relay() as url:
        pass
    port = int(url.split(":")[2].split("/")[0])
    room = streamer.join(url, wait=True)
    entering = asyncio.create_task(room.__aenter__())
    await asyncio.sleep(0.3)
    assert not entering.done()
    async with open_relay(port):
        await asyncio.wait_for(entering, PATIENCE_S)
        assert room.name == "kitchen"
        await room.__aexit__(None, None, None)


@pytest.mark.parametrize(
    "samples",
    [np.zeros(480, np.int16), np.zeros((480, 3), np.float32), np.zeros((1, 2, 2), np.float32), "hello"],
    ids=["int16", "three channels", "three dimensions", "text"],
)
async def test_what_is_no_sound_is_not_said(samples: Any) -> None:
    room = streamer.join("http://127.0.0.1:1/#room=kitchen")
    with pytest.raises(ValueError, match=r"samples"):
        await room.say(samples)


async def test_somebody_who_joined_to_listen_says_nothing_and_who_is_outside_sends_nothing() -> None:
    listener = streamer.join("http://127.0.0.1:1/#room=kitchen", listening=True)
    with pytest.raises(streamer.StreamerError, match="only to listen"):
        await listener.say(np.zeros(480, np.float32))
    with pytest.raises(streamer.ConnectionLostError, match="not been entered"):
        listener.write("Hello")


class Hum:
    """A Source that hums at 440 Hz without end, as a microphone would."""

    name = "hum"
    mode = "open"
    ended = False
    latency_s = 0.0

    def __init__(self) -> None:
        self._tone = tone(440, 20).reshape(-1, 480)
        self._popped = 0
        self.piece_samples = 480

    def start(self, now: float) -> None:
        self._started = now

    def pop(self, now: float, n_samples: int = 480) -> tuple[int, Samples] | None:
        if self.wait_s(now) > 0:
            return None
        self._popped += 1
        return (self._popped - 1) * 480, self._tone[self._popped % len(self._tone)]

    def wait_s(self, now: float) -> float:
        return max(0.0, self.captured_at((self._popped + 1) * 480) - now)

    def captured_at(self, position: int) -> float:
        return self._started + position / SAMPLE_RATE

    def close(self) -> None:
        pass


def test_what_is_said_goes_before_a_microphone_which_then_goes_on() -> None:
    async def say(url: str) -> None:
        async with streamer.join(url, name="Talker") as room:
            humming = asyncio.create_task(room.talk(Hum()))
            await asyncio.sleep(1)
            await asyncio.gather(room.say(tone(880, 0.5)), room.say(tone(1_320, 0.5)))
            await asyncio.sleep(1)
            humming.cancel()

    async def main() -> list[tuple[streamer.Heard, float]]:
        async with open_relay() as url:
            listens = asyncio.Event()
            hearing = asyncio.create_task(hear_all(url, listens))
            await listens.wait()
            await say(url)
            return await hearing

    heard, _ = run_virtually(main())
    loudest = []
    for at in range(0, len(heard) - 20, 20):
        samples = np.concatenate([each.samples for each, _ in heard[at : at + 20]])
        levels = {hertz: tone_dbfs(samples, hertz) for hertz in (440, 880, 1_320)}
        loudest.append(max(levels, key=lambda hertz: levels[hertz]))
    assert [hertz for hertz, _ in groupby(loudest)] == [440, 880, 1_320, 440]


async def test_where_one_talks_at_a_time_a_program_asks_for_the_floor_and_gives_it_back() -> None:
    async with House.open() as house:
        host = await house.enter(key=HOST_KEY)
        async with streamer.join(f"{house.url}/#room=home&key={KEY}", name="Robot") as room:
            events = room.events()
            await host.socket.send_json({"type": "one_at_a_time", "on": True})
            assert (await next_of(events, streamer.Floor)).member is None
            assert room.one_at_a_time
            await room.say(tone(440, 0.3))
            assert (await next_of(events, streamer.Floor)).member.name == "Robot"
            assert (await next_of(events, streamer.Floor)).member is None


async def test_while_muted_nothing_is_sent_and_the_others_see_so() -> None:
    async with open_relay() as url, streamer.join(url) as room, streamer.join(url, name="Talker") as talker:
        await somebody_else(room)
        events, packets = room.events(), room.packets()
        talker.mute()
        assert (await next_of(events, streamer.Changed)).member.muted
        assert talker.me.muted
        await talker.say(tone(440, 0.2))
        talker.send_packet(b"\x80\xff")
        talker.write("That was all")
        await next_of(events, streamer.Chat)
        assert not packets._items


async def test_a_room_is_entered_once() -> None:
    async with open_relay() as url, streamer.join(url) as room:
        with pytest.raises(streamer.StreamerError, match="entered only once"):
            await room.__aenter__()


async def test_after_leaving_every_reader_ends() -> None:
    async with open_relay() as url:
        async with streamer.join(url) as room:
            events, packets = room.events(), room.packets()
        async with asyncio.timeout(PATIENCE_S):
            assert [event async for event in events] == []
            assert [packet async for packet in packets] == []
            assert [heard async for heard in room.hear()] == []
            assert [event async for event in room.events()] == []
            await room.until_closed()
        with pytest.raises(streamer.ConnectionLostError):
            room.write("Is anybody there?")


def test_a_reader_or_an_ear_that_nobody_holds_takes_no_memory() -> None:
    room = streamer.join("http://127.0.0.1:1/#room=kitchen")
    readers = [room.events(), room.packets()]
    ear = room.ear()
    assert (len(room._events._mailboxes), len(room._packets._mailboxes), len(room._ears._ears)) == (1, 1, 1)
    del readers, ear
    gc.collect()
    assert (len(room._events._mailboxes), len(room._packets._mailboxes), len(room._ears._ears)) == (0, 0, 0)
