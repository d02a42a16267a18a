"""Plays again what an ear heard lately, for this listener alone. Nothing of it is ever sent.

Packets come on the event loop, samples are asked for by the device's thread: what plays is one object, which
is replaced and never changed by the loop. The live voices go down meanwhile, so that both can be followed.
"""

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np

from streamer.client.audio.samples import Samples
from streamer.client.replay.mix import ReplayMix
from streamer.client.replay.store import LAST_MS, ReplayStore, Said
from streamer.client.replay.time_stretch import TimeStretch
from streamer.wire.packet import ENCRYPTED, TALKSPURT_START, Packet

FASTEST: Final = 2.0
"""Faster than twice nobody follows two voices."""

_LIVE_GAIN: Final = 0.5
"""−6 dB: a live voice is still understood, and the replay is the louder one."""

_STEP: Final = 1 / 960
"""The live voices go down and come back within 20 ms, without a click."""


class Replay:
    """`gain_of` says how loud a name is for this listener."""

    def __init__(self, gain_of: Callable[[str], float]) -> None:
        self._gain_of = gain_of
        self._store = ReplayStore()
        self._playing: _Playing | None = None
        self._names: tuple[str, ...] = ()
        self._live_gain = 1.0
        """Belongs to the device's thread."""

    def on_packet(self, packet: Packet, name: str, now: float) -> None:
        """`now` is in s of perf_counter()."""
        if not packet.flags & ENCRYPTED:
            self._store.keep(name, packet, now * 1000, starts=bool(packet.flags & TALKSPURT_START))

    def renew(self, talker_id: int) -> None:
        """Somebody else may have this id from now on."""
        self._store.renew(talker_id)

    def leave_out(self, talker_ids: Sequence[int], names: Sequence[str]) -> None:
        """Of these nothing is kept, and what was kept is gone."""
        self._store.leave_out(talker_ids, names)
        if set(names) & set(self._names):
            self.stop()

    @property
    def is_playing(self) -> bool:
        playing = self._playing
        return playing is not None and not playing.is_over

    def start(self, speed: float, now: float) -> tuple[str, ...]:
        """Plays the last 30 s, from their beginning; returns the names of those who spoke.

        Nobody where nobody did. `now` is in s of perf_counter(). Raises ValueError for a speed that is not
        from 1 to 2.
        """
        if not 1 <= speed <= FASTEST:
            raise ValueError(f"a replay plays 1 to {FASTEST:g} times as fast, not {speed:g}")
        self._store.expire(now * 1000)
        said = self._store.said(now * 1000 - LAST_MS, now * 1000)
        self._names = _names_of(said)
        self._playing = _Playing(ReplayMix(said, self._gain_of), speed) if said else None
        return self._names

    def stop(self) -> None:
        self._playing = None

    def add_to(self, planes: Samples) -> None:
        """Mixes what plays into mid and side of the live voices, of shape (2, n); or into one plane."""
        playing = self._playing
        is_on = playing is not None and not playing.is_over
        if is_on or self._live_gain != 1.0:
            planes *= self._lowered(planes.shape[-1], is_on=is_on)
        if playing is not None and is_on:
            more = playing.pop(planes.shape[-1])
            planes += more if planes.ndim > 1 else more[0]

    def _lowered(self, n_samples: int, *, is_on: bool) -> Samples:
        steps = np.arange(1, n_samples + 1) * _STEP
        gains = (
            np.maximum(_LIVE_GAIN, self._live_gain - steps)
            if is_on
            else np.minimum(1.0, self._live_gain + steps)
        )
        if n_samples:
            self._live_gain = float(gains[-1])
        return np.asarray(gains, dtype=np.float32)


class _Playing:
    def __init__(self, mix: ReplayMix, speed: float) -> None:
        self._mix = mix
        self._stretch = TimeStretch(mix.read, speed)
        self._waiting = np.zeros((2, 0), dtype=np.float32)

    @property
    def is_over(self) -> bool:
        return self._mix.left_ms == 0 and self._waiting.shape[1] == 0

    def pop(self, n_samples: int) -> Samples:
        """The next samples of mid and side, silence behind the end."""
        while self._waiting.shape[1] < n_samples and self._mix.left_ms > 0:
            self._waiting = np.concatenate((self._waiting, self._stretch.next()), axis=1)
        made, self._waiting = self._waiting[:, :n_samples], self._waiting[:, n_samples:]
        return np.pad(made, ((0, 0), (0, n_samples - made.shape[1])))


def _names_of(said: list[Said]) -> tuple[str, ...]:
    """Each once, in the order in which they began."""
    in_order = sorted(said, key=lambda each: each.packets[0].start_ms)
    return tuple(dict.fromkeys(each.name for each in in_order))
