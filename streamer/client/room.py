"""A room, as a program is in it: the only way in, for `streamer talk`, `listen` and `measure` too.

See docs/python-api.md. A `Room` belongs to the event loop that entered it; only `Ear.pop` may be called by
another thread. Nothing here waits for a slow reader: each reader has a queue of its own, which drops the
oldest of what is too much.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from types import TracebackType
from typing import Any, Final, Self

from numpy.typing import ArrayLike

from streamer.audio_format import CHANNELS, STEREO
from streamer.client.audio.codec import load_opus
from streamer.client.audio.microphone import Source
from streamer.client.audio.wav_files import FileSource
from streamer.client.captions import Captions, WithCaptions
from streamer.client.delay.delay_monitor import DelayMonitor
from streamer.client.delay.relay_clock import RelayClock
from streamer.client.dispatcher import Dispatcher
from streamer.client.ears import Ear, Ears
from streamer.client.events import (
    Entered,
    Event,
    Heard,
    Member,
    Missed,
    Notice,
    Received,
    Recording,
    Result,
    Trouble,
    Waiting,
)
from streamer.client.mailbox import Mailbox, Readers
from streamer.client.members import Roster
from streamer.client.own_packets import OwnPackets, WithPackets
from streamer.client.own_state import OwnState
from streamer.client.programs import Programs, SentNotice
from streamer.client.reports import Reports
from streamer.client.room_session import RoomSession, Wanted
from streamer.client.speech import Speech, always
from streamer.client.trust import own_authority_for
from streamer.client.volume import gain_of
from streamer.wire.control import MAX_CHAT_CHARACTERS
from streamer.wire.messages import FromClient
from streamer.wire.programs import Level, Value
from streamer.wire.room_link import Address

MOST_EVENTS: Final = 1_024
"""Events that wait for one reader: what a large room says in one go, its members and its history, is less."""

MOST_PACKETS: Final = 1_024
"""Packets that wait for one reader: a second of ten talkers."""

_LOOK_S: Final = 0.1
"""Seconds between two looks at who has stopped talking."""


def join(
    url: str,
    *,
    name: str = "",
    ca_file: Path | None = None,
    listening: bool = False,
    music: bool = False,
    reconnect: bool = True,
    wait: bool = False,
    packet_ms: float = 10.0,
) -> "Room":
    """The room that the link `url` leads to; `async with` enters it, and leaves it at the end.

    `name` is what the others see. `ca_file` (PEM) is the relay's certificate authority; without it the
    authorities that this computer trusts will do, and the one of its own relay. `listening` shows the others
    that nothing will be said. `music` means stereo at 128 kb/s, sent and heard. A lost connection is made
    again by itself, unless `reconnect` is False; with `wait`, entering waits for a relay that is not there
    yet. `packet_ms` is how long a packet of what a microphone or a file says lasts, see `Room.packet_ms`.

    Raises StreamerError where `url` leads to no room, and ValueError where no packet can last that long.
    Entering raises RefusedError where the relay does not admit this client, ConnectionLostError where there
    is no relay, and CertificateError where it can't be trusted.
    """
    address = Address.parse(url)
    trusted = ca_file or own_authority_for()
    return Room(Wanted(address, name, trusted, listening, music, reconnect, wait, packet_ms))


class Room(WithCaptions, WithPackets):
    """Made by `join`. What sends may be called at any time; while the connection is lost, what is sent is
    dropped.

    Whatever waits for the room (`events`, `hear`, `packets`, `until_closed`) ends when it is left or closed
    by the relay, and raises SentAwayError, RefusedError or another StreamerError where coming back would be
    in vain.
    """

    def __init__(self, wanted: Wanted) -> None:
        self._music = wanted.music
        self._session = RoomSession(wanted)
        self._events = Readers[Event](MOST_EVENTS, Missed)
        self._packets = Readers[Received](MOST_PACKETS)
        self._ears = Ears()
        self._roster = Roster(self._ears, self._emit, self._packets, wanted.address.url)
        self._timing = DelayMonitor(self._ears)
        self._own = OwnState(self._session.send_control, listening=wanted.listening)
        self._speech = Speech(self._session, self._roster, self._own, self._timing, music=wanted.music)
        self._programs = Programs(self._roster.member, self._session.send, self._emit)
        self._reports = Reports(self._session.send)
        self._captions = Captions(
            self._roster.member, self._session.send, self._session.send_control, self._emit
        )
        self._own_packets = OwnPackets(self._speech, self._session, self._roster, wanted.packet_ms)
        own = (self._own, self._speech, self._programs)
        parts = (self._roster, self._timing, *own, self._reports, self._captions)
        self._dispatcher = Dispatcher(*parts, self._own_packets, self._session.send_control)
        self._session.on_lost = self._dispatcher.on_lost
        self._session.on_trouble = self._own_packets.on_change = lambda words: self._emit(Trouble(words))
        self._session.on_end = self._on_end

    async def __aenter__(self) -> Self:
        on_packet, on_control = self._roster.on_packet, self._dispatcher.on_control
        await self._session.enter(on_packet, on_control, self._ping, self._look, self._reports.run)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            if error is None and not self._session.has_ended:
                await self._speech.let_last_words_out()
        finally:
            await self._session.leave()

    # ---- who is here

    @property
    def name(self) -> str:
        """The room's."""
        return self._roster.room

    @property
    def me(self) -> Member:
        """Ourselves, as the others see us."""
        own = self._own
        return replace(self._roster.me, muted=own.muted, hand=own.hand, listening=own.listening)

    @property
    def members(self) -> tuple[Member, ...]:
        """Everybody else, in the order they came. While the connection is lost, as they were before."""
        return self._roster.members

    @property
    def locked(self) -> bool:
        """True if nobody new may come in."""
        return self._roster.locked

    @property
    def only_hosts(self) -> bool:
        """True if only hosts, and those whose turn it is, talk."""
        return self._roster.only_hosts

    @property
    def one_at_a_time(self) -> bool:
        """True if one member talks at a time."""
        return self._roster.one_at_a_time

    @property
    def barred(self) -> tuple[Waiting, ...]:
        """Only for a host: who was removed."""
        return self._roster.barred

    @property
    def knocks(self) -> tuple[Waiting, ...]:
        """Only for a host: who waits at the door."""
        return self._roster.knocks

    @property
    def notices(self) -> tuple[Notice, ...]:
        """The newest ones that can be answered, at most 100, the oldest first."""
        return tuple(self._roster.notices)

    @property
    def clock(self) -> RelayClock:
        """The relay's clock and the round trip to it; another one after each lost connection."""
        return self._timing.clock

    @property
    def recording(self) -> Recording:
        """Whether this room is recorded, and who is left out."""
        return self._roster.recording

    def captured_s(self, talker_id: int, timestamp: int) -> float | None:
        """When this sample of a talker entered its microphone, in s of perf_counter(); None while unknown."""
        return self._timing.captures.captured_s(talker_id, timestamp)

    def level(self, member: Member) -> int:
        """How loud a member, or we, are right now, in −dBov: 0 is the loudest, 127 is silence."""
        if member.talker_id == self._roster.me.talker_id:
            return self._speech.packetizer.level
        return self._roster.level(member.talker_id, perf_counter())

    # ---- what happens

    def events(self) -> Mailbox[Event]:
        """Everything that happens from now on, as an async iterator; one for each reader.

        At most `MOST_EVENTS` wait for a reader. Of a slower one the oldest are dropped, and a `Missed` says
        how many.
        """
        return self._events.open()

    async def hear(self) -> AsyncGenerator[Heard, None]:
        """Each talker by itself, every 10 ms, for as long as it is heard; see `Heard`. Nothing comes of a
        silent room.

        A slow reader loses sound, as one does who does not listen. Raises AudioError where libopus is
        missing.
        """
        ear = self.ear()
        async for frames in ear.frames():
            if self._session.has_ended:
                break
            for talker_id, samples, captured_s in frames:
                member = self._roster.member(talker_id)
                if member:
                    yield Heard(member, samples, captured_s)
        await self._session.until_ended()

    def packets(self) -> Mailbox[Received]:
        """Every packet of every talker from now on, not decoded, as an async iterator; one for each reader.

        At most `MOST_PACKETS` wait for a reader. Of a slower one the oldest are dropped: `missed` counts
        them.
        """
        return self._packets.open()

    def ear(self, *, keeps_replay: bool = False) -> Ear:
        """What a sound card or a recorder hears: `Ear.pop` mixes everybody. Raises AudioError without
        libopus.

        It may be opened before the room is entered. It decodes for as long as somebody holds it.
        `keeps_replay` keeps the last 30 s, at most 2 MB, for `Ear.replay`. Where our own packets are to be
        shorter than 10 ms, it also waits for less jitter of the others: 5 ms at least, and not 10.
        """
        load_opus()
        floor_ms = self._own_packets.floor_ms
        return self._ears.open(self.members, stereo=self._music, keeps=keeps_replay, floor_ms=floor_ms)

    def set_volume(self, member: Member, volume: float) -> None:
        """How loud a member is for us, in every ear, also when this name comes back: 1 is as sent."""
        self._ears.set_gain(member.name, gain_of(volume))

    async def until_closed(self) -> None:
        """Waits until the relay closes the room or the connection is lost for good; raises why."""
        await self._session.until_ended()

    # ---- to talk

    async def say(self, samples: ArrayLike) -> None:
        """Says float samples at 48 kHz, full scale at ±1, of shape (n,), or (n, 2) for left and right; at
        their own pace.

        Returns when they are sent. What follows within 0.1 s goes on without a gap, so a stream can be said
        piece by piece; its pieces should be whole multiples of 480 samples, since the last 10 ms are filled
        up with silence. Raises ValueError if `samples` are not samples, StreamerError if the room was joined
        only to listen, and AudioError where libopus is missing.
        """
        await self._speech.say(samples)

    async def play(self, path: Path | str) -> None:
        """Says a sound file (WAV, FLAC, Ogg, MP3 …), at its own pace. Returns when it is sent.

        Raises AudioError where it can't be read, StreamerError where the room was joined only to listen.
        """
        channels = STEREO if self._music else CHANNELS
        source = await asyncio.to_thread(FileSource, Path(path), channels)
        try:
            await self._speech.play(source)
        finally:
            source.close()

    async def talk(self, source: Source, is_held: Callable[[float], bool] = always) -> None:
        """Says what a microphone hears, until it ends or this is cancelled; `say` and `play` go before it
        meanwhile.

        For push to talk, `is_held` says whether anything is sent at a time, in s of perf_counter(). Raises
        AudioError if it was unplugged, StreamerError if the room was joined only to listen.
        """
        await self._speech.talk(source, is_held)

    def mute(self, muted: bool = True) -> None:
        """While muted, nothing that we say is sent, and the others see so."""
        self._own.change(muted=muted)

    def leave_me_out(self, out: bool = True) -> None:
        """While it is so, no recording keeps anything of us, and what one has of us is deleted."""
        self._own.leave_out(out)

    def raise_hand(self, raised: bool = True) -> None:
        """Raises our hand, or lowers it."""
        self._own.change(hand=raised)

    # ---- to tell

    def write(self, text: str) -> None:
        """Writes to everybody.

        Raises ConnectionLostError while there is no connection, ValueError for too long a text.
        """
        if not 0 < len(text) <= MAX_CHAT_CHARACTERS:
            raise ValueError(f"a text has 1 to {MAX_CHAT_CHARACTERS:,} characters, not {len(text):,}")
        self.send({"type": "chat", "text": text})

    async def notify(
        self,
        text: str,
        *,
        title: str = "",
        level: Level = "info",
        sound: bool = False,
        actions: Sequence[str] = (),
    ) -> SentNotice:
        """Tells everybody something: `text` of 1 to 2,000 characters, maybe with up to four `actions` to
        answer with.

        Returns when the room has got it; `async for reply in notice.replies()` then tells who answers what.
        Raises DeniedError where we may not, or too often; ConnectionLostError while there is no connection;
        ValueError.
        """
        return await self._programs.notify(text, title, level, actions, sound=sound)

    def reply(self, notice: Notice, action: str) -> None:
        """Answers a notice with one of its actions.

        Raises ValueError where it has no such; ConnectionLostError.
        """
        self._programs.reply(notice, action)

    async def command(
        self,
        member: Member,
        name: str,
        arguments: Mapping[str, Any] | None = None,
        *,
        device: str = "",
        deadline_s: float = 5.0,
    ) -> Result:
        """Has `member`, or a `device` behind it, do something; returns what became of it, within `deadline_s`
        (at most 60).

        A command that timed out may have been done. `arguments` are at most 4,096 bytes as JSON. Raises
        DeniedError where we may not, or too often; ConnectionLostError while there is no connection;
        ValueError.
        """
        return await self._programs.command(member.talker_id, name, arguments or {}, device, deadline_s)

    def tell(self, values: Mapping[str, Value] | None, device: str = "") -> None:
        """Reports telemetry of ours, or of a `device` behind us: all its values, a None among them for what
        is not known.

        It replaces what was told before, and is told again by itself after a lost connection. Of what changes
        faster than eight times a second, the newest is told. `values` of None say that this device is gone.
        Raises ValueError for more than 4,096 bytes as JSON, or more than 128 devices.
        """
        self._reports.tell(values, device)

    def send(self, message: FromClient) -> None:
        """Sends any control message of PROTOCOL.md, such as those of a host. Raises ConnectionLostError."""
        self._session.send(message)

    # ---- inside

    def _emit(self, event: Event) -> None:
        self._events.put(event)
        if isinstance(event, Entered):
            self._session.entered.set()

    def _on_end(self, error: Exception | None) -> None:
        self._programs.close()
        self._events.close(error)
        self._packets.close(error)

    async def _ping(self) -> None:
        await self._session.entered.wait()
        while True:
            now = perf_counter()
            self._session.send_control(self._timing.ping(now))
            await asyncio.sleep(self._timing.clock.ping_every_us(now * 1e6) / 1e6)

    async def _look(self) -> None:
        while True:
            self._roster.find_silent(perf_counter())
            self._own_packets.look(perf_counter())
            await asyncio.sleep(_LOOK_S)
