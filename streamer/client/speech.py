"""What this member says: from a microphone, a file, samples or packets, on one line of time.

The plan. Whoever listens needs timestamps that go on as time does, whatever the sound came from. So all
sources share one packetizer (one encoder, one count of packets), and each is placed on the time since
`_began`: as long as a source goes on, its packets follow each other without a gap; where another one takes
over, a talkspurt begins. What is said or played takes its turn, one after the other, and meanwhile a
microphone is left out.
"""

import asyncio
from collections.abc import Callable
from time import perf_counter
from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from streamer.audio_format import (
    CHANNELS,
    DURATION_UNIT_SAMPLES,
    DURATIONS,
    SAMPLE_RATE,
    SAMPLES_PER_FRAME,
    STEREO,
)
from streamer.client.audio.codec import MAX_PAYLOAD_BYTES, load_opus
from streamer.client.audio.microphone import Source
from streamer.client.audio.packetizer import Frame, Packetizer
from streamer.client.audio.samples import Samples, silence
from streamer.client.audio.transmit_gate import Mode
from streamer.client.delay.delay_monitor import DelayMonitor
from streamer.client.members import Roster
from streamer.client.own_state import OwnState
from streamer.client.room_session import RoomSession
from streamer.errors import StreamerError

CONTINUES_S: Final = 0.1
"""Seconds.

What is said so soon after the last is its continuation; ten frames, since a busy program is late by some.
"""

_LAST_WORDS_S: Final = 0.5
"""Seconds from the last packet to leaving: twice the longest that a jitter buffer holds one."""

_FRAME_S: Final = SAMPLES_PER_FRAME / SAMPLE_RATE
_MS_PER_UNIT: Final = 1000 * DURATION_UNIT_SAMPLES / SAMPLE_RATE


def always(_now: float) -> bool:
    """A microphone without push to talk."""
    return True


class Speech:
    """While the connection is lost, whatever is said is dropped, at its own pace."""

    def __init__(
        self,
        session: RoomSession,
        roster: Roster,
        own: OwnState,
        timing: DelayMonitor,
        *,
        music: bool = False,
    ) -> None:
        self._session = session
        self._roster = roster
        self._own = own
        self._timing = timing
        self._channels = STEREO if music else CHANNELS
        self.packetizer = Packetizer("open", music=music)
        self.packet_samples = SAMPLES_PER_FRAME
        """How long the packets of a microphone or a file are from now on: 2.5, 5, 10 or 20 ms."""
        self.least_samples = DURATION_UNIT_SAMPLES
        """How long the pieces are in which the source hands its sound over."""
        self._turn = asyncio.Lock()
        self._began = perf_counter()
        self._next = 0
        self._source: object = None
        self._shift = 0
        self._sent_at = float("-inf")

    async def talk(self, source: Source, is_held: Callable[[float], bool] = always) -> None:
        """What `source` hears while `is_held`, until it ends; but what is said or played goes before.

        Raises AudioError.
        """
        self._begin()
        await self._send_all(source, gives_way=True, is_held=is_held)
        self._own.finish()

    async def play(self, source: Source) -> None:
        """Everything of `source`, when it is its turn. Raises AudioError."""
        self._begin()
        async with self._turn:
            await self._send_all(source, gives_way=False)

    async def say(self, samples: ArrayLike) -> None:
        """Raises ValueError if `samples` are not samples."""
        frames = to_frames(samples, self._channels)
        self._begin()
        async with self._turn:
            now = perf_counter()
            since = now - self._began - self._next / SAMPLE_RATE
            goes_on = isinstance(self._source, SampleSource) and since < CONTINUES_S
            started = now - since if goes_on else now - _FRAME_S
            source = SampleSource(frames, started)
            if goes_on:
                self._source, self._shift = source, self._next
            await self._send_all(source, gives_way=False)

    def send_packet(self, payload: bytes, duration_ms: float, level: int, *, voice: bool) -> None:
        """Raises ValueError where Opus has no such payload."""
        duration = duration_ms / _MS_PER_UNIT
        if duration not in DURATIONS:
            raise ValueError(f"an Opus packet can't last {duration_ms} ms")
        if not 0 < len(payload) <= MAX_PAYLOAD_BYTES:
            raise ValueError(f"the payload is {len(payload)} bytes; 1 to {MAX_PAYLOAD_BYTES} are allowed")
        if not 0 <= level <= 127:
            raise ValueError(f"a level of {level} is not between 0 and 127 −dBov")
        self._begin()
        if self._own.muted:
            return
        due = round((perf_counter() - self._began) * SAMPLE_RATE) - int(duration) * DURATION_UNIT_SAMPLES
        starts = self._source is not self or due - self._next > CONTINUES_S * SAMPLE_RATE
        if starts:
            self._source, self._next = self, max(self._next, due)
        frame = Frame(payload, self._next, level, voice, int(duration))
        self._next += int(duration) * DURATION_UNIT_SAMPLES
        self._session.send_packet(self.packetizer.packet(frame, starts=starts).serialize())
        self._sent_at = perf_counter()

    def on_floor(self, *, on: bool, is_free: bool) -> None:
        """One talks at a time from now on, and it may be us."""
        if on and is_free and self.packetizer.talking:
            self._session.send_control({"type": "floor", "wants": True})

    async def let_last_words_out(self) -> None:
        """Waits until what was sent last has been heard."""
        await asyncio.sleep(max(0.0, self._sent_at + _LAST_WORDS_S - perf_counter()))

    def _begin(self) -> None:
        if self._own.listening:
            raise StreamerError("This room was joined only to listen: join it without listening=True to talk")
        self._own.begin()

    async def _send_all(
        self, source: Source, *, gives_way: bool, is_held: Callable[[float], bool] = always
    ) -> None:
        load_opus()
        source.start(perf_counter())
        try:
            while not source.ended:
                now = perf_counter()
                frame = source.pop(now, self.packetizer.next_samples(self.packet_samples))
                if frame is None:
                    await asyncio.sleep(source.wait_s(now))
                elif not (gives_way and self._turn.locked()):
                    self._send(source, *frame, is_muted=self._own.muted or not is_held(now))
        finally:
            asyncio.get_running_loop().call_later(CONTINUES_S, self._rest, source)

    def _send(self, source: Source, position: int, samples: Samples, *, is_muted: bool) -> None:
        if self._source is not source:
            self._source = source
            self.least_samples = source.piece_samples
            self._shift = max(self._next, self._place(source.captured_at(position))) - position
            self.packetizer.listen_to(source.mode)
            self._timing.tell_soon()
        self._next = position + self._shift + len(samples)
        self.packetizer.gate.muted = is_muted
        was_talking = self.packetizer.talking
        packets = self.packetizer.packets(samples, position + self._shift)
        self._ask_floor(was_talking)
        for packet in packets:
            self._session.send_packet(packet.serialize())
        if packets:
            self._sent_at = perf_counter()
            captured_s, now = source.captured_at(position), perf_counter()
            clock = self._timing.clock_message(position + self._shift, captured_s, source.latency_s, now)
            if clock:
                self._session.send_control(clock)

    def _place(self, captured_s: float) -> int:
        return round((captured_s - self._began) * SAMPLE_RATE)

    def _rest(self, source: Source) -> None:
        """Where nothing has followed `source`, the talkspurt is over."""
        if self._source is source:
            was_talking = self.packetizer.talking
            self.packetizer.rest()
            self._source = None
            self._ask_floor(was_talking)

    def _ask_floor(self, was_talking: bool) -> None:
        if self._roster.one_at_a_time and self.packetizer.talking != was_talking:
            self._session.send_control({"type": "floor", "wants": self.packetizer.talking})


class SampleSource:
    """A Source of samples that are here already, paced as if a microphone heard them from `started` on."""

    name = "samples"
    mode: Mode = "open"
    latency_s = 0.0
    piece_samples = DURATION_UNIT_SAMPLES

    def __init__(self, frames: Samples, started: float) -> None:
        self._samples = frames.reshape(-1, *frames.shape[2:])
        self._started = started
        self._popped = 0
        self._wanted = SAMPLES_PER_FRAME

    @property
    def ended(self) -> bool:
        return self._popped >= len(self._samples)

    def start(self, now: float) -> None:
        pass

    def pop(self, now: float, n_samples: int = SAMPLES_PER_FRAME) -> tuple[int, Samples] | None:
        """Frames of 10 ms at most, so that whole ones follow whole ones; where lengths changed, the end is
        silence."""
        self._wanted = min(n_samples, SAMPLES_PER_FRAME)
        if self.wait_s(now) > 0:
            return None
        position = self._popped
        self._popped += self._wanted
        samples = silence(self._wanted, self._samples.shape[-1] if self._samples.ndim > 1 else CHANNELS)
        said = self._samples[position : self._popped]
        samples[: len(said)] = said
        return position, samples

    def wait_s(self, now: float) -> float:
        return max(0.0, self.captured_at(self._popped + self._wanted) - now)

    def captured_at(self, position: int) -> float:
        return self._started + position / SAMPLE_RATE

    def close(self) -> None:
        pass


def to_frames(samples: ArrayLike, channels: int) -> Samples:
    """Float samples in mono, or in rows of left and right, as whole frames, the last one filled up with
    silence.

    Raises ValueError where they are something else.
    """
    given = np.asarray(samples)
    if not np.issubdtype(given.dtype, np.floating):
        raise ValueError(f"samples are floats between -1 and 1, not {given.dtype}")
    if given.ndim not in (1, 2) or (given.ndim == 2 and given.shape[1] != STEREO):
        raise ValueError(f"samples have the shape (n,) or (n, 2), not {given.shape}")
    if channels == CHANNELS and given.ndim == 2:
        given = given.mean(axis=1)
    if channels == STEREO and given.ndim == 1:
        given = np.stack((given, given), axis=1)
    n_frames = -(-len(given) // SAMPLES_PER_FRAME)
    whole = silence(n_frames * SAMPLES_PER_FRAME, channels)
    whole[: len(given)] = given
    return whole.reshape(n_frames, SAMPLES_PER_FRAME, *whole.shape[1:])
