"""All talkers as one sound.

Members come and go on the event loop while the device's thread mixes: so the receivers are a tuple that is
replaced, never changed.
"""

import numpy as np

from streamer.audio_format import SAMPLE_RATE
from streamer.client.audio.limiter import Limiter
from streamer.client.audio.samples import Samples, silence
from streamer.client.receiver import Receiver
from streamer.client.replay.replay import Replay


class Mixer:
    def __init__(self, replay: Replay | None = None) -> None:
        self._replay = replay
        self._receivers: tuple[Receiver, ...] = ()
        self._limiter = Limiter(SAMPLE_RATE)

    def add(self, receiver: Receiver) -> None:
        self._receivers = (*self._receivers, receiver)

    def remove(self, receiver: Receiver) -> None:
        self._receivers = tuple(other for other in self._receivers if other is not receiver)

    def pop(self, n_samples: int, now: float) -> Samples:
        """The next `n_samples` of the mix, none beyond ±1."""
        mix = silence(n_samples)
        for receiver in self._receivers:
            mix += receiver.pop(n_samples, now)
        if self._replay:
            self._replay.add_to(mix)
        self._limiter.process(mix)
        return mix


class StereoMixer(Mixer):
    def pop(self, n_samples: int, now: float) -> Samples:
        """The next `n_samples` of the mix, each a row of left and right, none beyond ±1."""
        mid, side = planes = np.zeros((2, n_samples), dtype=np.float32)
        for receiver in self._receivers:
            planes += receiver.pop_planes(n_samples, now)
        if self._replay:
            self._replay.add_to(planes)
        self._limiter.process(mid, side)
        return np.stack((mid + side, mid - side), axis=1)
