"""Whoever listens to the room: each ear decodes every talker for itself, so several can play or record at
once.

An ear that nobody holds any longer is gone: nothing is decoded for it, and nothing is kept.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator, Sequence
from time import perf_counter
from typing import TYPE_CHECKING, Final
from weakref import WeakSet

import numpy as np

from streamer.audio_format import SAMPLE_RATE, SAMPLES_PER_FRAME
from streamer.client.audio.samples import Samples
from streamer.client.audio.speaker import Playout
from streamer.client.delay.mouth_to_ear import Figure
from streamer.client.events import Member
from streamer.client.mixer import Mixer, StereoMixer
from streamer.client.receiver import FLOOR_MS, Receiver
from streamer.client.replay.replay import Replay
from streamer.wire.packet import Packet

if TYPE_CHECKING:
    from streamer.jitter.jitter_buffer import JitterStatistics

_NOTE_S: Final = 0.1
"""Seconds between two looks at what is playing: ten a second are plenty for a median over half a minute."""

_HELD_UP_S: Final = 0.1
"""Seconds.

A reader that was held up longer continues from now: what it missed is skipped by the jitter buffers.
"""


class Ear:
    """Decodes the room, and mixes it.

    `pop` may be called by any one thread, such as a sound card's; nothing waits in it.
    """

    def __init__(
        self,
        members: Iterable[Member],
        gains: dict[str, float],
        *,
        stereo: bool,
        keeps: bool,
        floor_ms: float = FLOOR_MS,
    ) -> None:
        self._replay = Replay(lambda name: gains.get(name, 1.0))
        self._mixer = StereoMixer(self._replay) if stereo else Mixer(self._replay)
        self._gains = gains
        self._keeps = keeps
        self._receivers: dict[int, Receiver] = {}
        self._is_stereo = stereo
        self._floor_ms = floor_ms
        for member in members:
            self.add(member)

    def pop(self, n_samples: int, now: float) -> Samples:
        """The next samples of the mix, within ±1: float32, shape (n_samples,), or (n_samples, 2) in stereo.

        `now` is when the first of them is played, in seconds of perf_counter().
        """
        return self._mixer.pop(n_samples, now)

    async def run(self, playout: Playout) -> None:
        """Runs `playout`, which has been made with `pop`, until cancelled, and keeps the delay of what it
        plays.

        Raises AudioError where the sound can't go on, such as when a loudspeaker is unplugged.
        """
        playing = asyncio.ensure_future(playout.run())
        try:
            while not playing.done():
                self.note_playout(playout.latency_s)
                await asyncio.wait([playing], timeout=_NOTE_S)
            playing.result()
        finally:
            playing.cancel()

    async def frames(self) -> AsyncGenerator[list[tuple[int, Samples, float | None]], None]:
        """Every 10 ms, of each talker who is heard: its id, its next frame, and when that was captured."""
        due = perf_counter()
        while True:
            due += SAMPLES_PER_FRAME / SAMPLE_RATE
            await asyncio.sleep(max(0.0, due - perf_counter()))
            if perf_counter() - due > _HELD_UP_S:
                due = perf_counter()
            yield [
                frame for receiver in list(self._receivers.values()) if (frame := self._frame(receiver, due))
            ]

    def replay(self, speed: float = 1.0) -> tuple[str, ...]:
        """Plays the last 30 s again in `pop`, for this ear alone; pauses are shortened, live voices lowered.

        Returns the names of those who spoke, in their order; where nobody did, nothing plays. `speed`, from
        1 to 2, changes no pitch. There is only what came since the ear was opened, and nothing of those who
        are left out of recordings. Raises ValueError for another speed, or without `keeps_replay`.
        """
        if not self._keeps:
            raise ValueError("this ear keeps nothing to play again: open it with keeps_replay=True")
        return self._replay.start(speed, perf_counter())

    def stop_replay(self) -> None:
        """Ends it at once."""
        self._replay.stop()

    @property
    def is_replaying(self) -> bool:
        return self._replay.is_playing

    def push(self, packet: Packet, now: float) -> None:
        receiver = self._receivers.get(packet.talker_id)
        if receiver is None:
            return
        receiver.push(packet, now)
        if self._keeps:
            self._replay.on_packet(packet, receiver.name, now)

    def leave_out(self, talker_ids: Sequence[int], names: Sequence[str]) -> None:
        """These are in no recording, and so in no replay."""
        self._replay.leave_out(talker_ids, names)

    def note_playout(self, output_s: float | None) -> None:
        """What was popped last plays in `output_s` seconds; None where that's unknown.

        It feeds the delays.
        """
        for receiver in self.receivers():
            receiver.note_playout(None if output_s is None else round(output_s * 1e6))

    def delay(self, member: Member) -> Figure | None:
        """How late this member's voice is, mouth to ear, over the last half minute; None if it isn't here."""
        receiver = self._receivers.get(member.talker_id)
        return receiver.mouth_to_ear.snapshot(round(perf_counter() * 1e6)) if receiver else None

    def statistics(self, member: Member) -> "JitterStatistics | None":
        """What this member's jitter buffer holds and had to do; None if it isn't here."""
        receiver = self._receivers.get(member.talker_id)
        return receiver.jitter_buffer.statistics if receiver else None

    def receivers(self) -> Iterator[Receiver]:
        yield from self._receivers.values()

    def receiver(self, talker_id: int) -> Receiver | None:
        return self._receivers.get(talker_id)

    def add(self, member: Member) -> None:
        self.remove(member.talker_id)
        gain = self._gains.get(member.name, 1.0)
        receiver = Receiver(member.talker_id, member.name, gain=gain, floor_ms=self._floor_ms)
        self._receivers[member.talker_id] = receiver
        self._mixer.add(receiver)

    def remove(self, talker_id: int) -> None:
        receiver = self._receivers.pop(talker_id, None)
        self._replay.renew(talker_id)
        if receiver:
            self._mixer.remove(receiver)

    def _frame(self, receiver: Receiver, now: float) -> tuple[int, Samples, float | None] | None:
        captured_s, was_playing = receiver.captured_s, receiver.is_playing
        if self._is_stereo:
            mid, side = receiver.pop_planes(SAMPLES_PER_FRAME, now)
            samples = np.stack((mid + side, mid - side), axis=1)
        else:
            samples = receiver.pop(SAMPLES_PER_FRAME, now)
        return (receiver.talker_id, samples, captured_s) if was_playing or samples.any() else None


class Ears:
    """All ears of a room.

    `gains` are by name: how loud a member is stays, whenever somebody of this name comes back.
    """

    def __init__(self) -> None:
        self._ears: WeakSet[Ear] = WeakSet()
        self._gains: dict[str, float] = {}

    def open(
        self, members: Iterable[Member], *, stereo: bool, keeps: bool = False, floor_ms: float = FLOOR_MS
    ) -> Ear:
        """Raises AudioError where libopus is missing."""
        ear = Ear(members, self._gains, stereo=stereo, keeps=keeps, floor_ms=floor_ms)
        self._ears.add(ear)
        return ear

    def set_gain(self, name: str, gain: float) -> None:
        self._gains[name] = gain
        for receiver in self.receivers():
            if receiver.name == name:
                receiver.gain = gain

    def receivers(self) -> Iterator[Receiver]:
        for ear in list(self._ears):
            yield from ear.receivers()

    def receivers_of(self, talker_id: int) -> Iterator[Receiver]:
        return (receiver for receiver in self.receivers() if receiver.talker_id == talker_id)

    def push(self, packet: Packet, now: float) -> None:
        self._each(lambda ear: ear.push(packet, now))

    def add(self, member: Member) -> None:
        self._each(lambda ear: ear.add(member))

    def remove(self, talker_id: int) -> None:
        self._each(lambda ear: ear.remove(talker_id))

    def leave_out(self, talker_ids: Sequence[int], names: Sequence[str]) -> None:
        self._each(lambda ear: ear.leave_out(talker_ids, names))

    def _each(self, change: Callable[[Ear], None]) -> None:
        for ear in list(self._ears):
            change(ear)
