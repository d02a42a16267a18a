"""Noise suppression for a voice from a microphone: WebRTC's own, the only door to webrtc-noise-gain.

The plan. That library hears 16 kHz, so a voice of 48 kHz is split at 8 kHz by a filter of linear phase.
Below, the library suppresses; above, where it hears nothing, each frame becomes as much softer as the library
made it below. What is put together again is late by `DELAY_SAMPLES`; `Suppressed` says so by the position of
each frame, so that the capture time stays true and the delay is in every listener's mouth-to-ear figure.
"""

from types import ModuleType
from typing import Any, Final

import numpy as np

from streamer.audio_format import SAMPLES_PER_FRAME
from streamer.client.audio.microphone import Microphone
from streamer.client.audio.samples import Samples, silence
from streamer.client.audio.transmit_gate import Mode
from streamer.errors import AudioError

_RATIO: Final = 3
"""48 kHz for one sample of 16 kHz."""

_LEVEL: Final = 3
"""Of 1 to 4: high. With 2 a fan is still heard; 4 makes consonants dull."""

_HALF_FILTER: Final = 48
"""1 ms to each side: 40 dB beyond 9 kHz. Half of it mirrors hiss into the voice; twice costs 2 ms more."""

_LIBRARY_DELAY: Final = 288
"""6 ms: the overlap of the library's frames (96 samples at 16 kHz), as it was measured."""

DELAY_SAMPLES: Final = 2 * _HALF_FILTER + _LIBRARY_DELAY
"""8 ms."""

_FULL_SCALE: Final = 32_767
"""The library's samples have 16 bits."""

_SILENT_POWER: Final = 1e-9
"""-90 dBFS, the faintest that 16 bits hold: keeps silence from being divided by."""


class NoiseSuppressor:
    """Takes frames of 10 ms of one voice. Raises AudioError where the library is missing."""

    def __init__(self) -> None:
        self._processor = load_noise_suppression().AudioProcessor(0, _LEVEL)
        taps = np.arange(-_HALF_FILTER, _HALF_FILTER + 1) / _RATIO
        low_pass = np.sinc(taps) * np.blackman(2 * _HALF_FILTER + 1)
        self._low_pass = (low_pass / low_pass.sum()).astype(np.float32)
        self._heard = silence(2 * _HALF_FILTER + SAMPLES_PER_FRAME)
        """The last frames, as they came."""
        self._made = silence(2 * _HALF_FILTER + SAMPLES_PER_FRAME)
        """The library's, with zeros between its samples."""
        self._plain = silence(2 * _HALF_FILTER + SAMPLES_PER_FRAME)
        """The same, before the library."""
        self._late = silence(DELAY_SAMPLES + SAMPLES_PER_FRAME)
        self._late_low = silence(_LIBRARY_DELAY + SAMPLES_PER_FRAME)
        self._gain = 1.0

    def process(self, frame: Samples) -> Samples:
        """What of a frame is a voice, `DELAY_SAMPLES` late; 480 samples at 48 kHz, mono."""
        low = np.convolve(_push(self._heard, frame), self._low_pass, "valid")[::_RATIO]
        clean = self._suppress(low)
        made = np.convolve(_push(self._made, _spread(clean)), self._low_pass, "valid")
        plain = np.convolve(_push(self._plain, _spread(low)), self._low_pass, "valid")
        plain = _push(self._late_low, plain)[:SAMPLES_PER_FRAME]
        high = _push(self._late, frame)[:SAMPLES_PER_FRAME] - plain
        before, self._gain = self._gain, _gain(plain, made)
        return np.asarray(made + high * np.linspace(before, self._gain, len(high)), dtype=np.float32)

    def _suppress(self, low: Samples) -> Samples:
        pcm = np.clip(np.nan_to_num(low) * _FULL_SCALE, -_FULL_SCALE, _FULL_SCALE).astype(np.int16)
        made: Any = self._processor.Process10ms(pcm.tobytes())
        return np.asarray(np.frombuffer(made.audio, dtype=np.int16) / _FULL_SCALE, dtype=np.float32)


class Suppressed:
    """A Source: a microphone's voice without the noise. Raises AudioError where the library is missing."""

    piece_samples = SAMPLES_PER_FRAME

    def __init__(self, source: Microphone) -> None:
        self._source = source
        self.remark = source.remark
        self._suppressor = NoiseSuppressor()

    @property
    def name(self) -> str:
        return self._source.name

    @property
    def mode(self) -> Mode:
        return self._source.mode

    @property
    def ended(self) -> bool:
        return self._source.ended

    @property
    def latency_s(self) -> float | None:
        return self._source.latency_s

    def start(self, now: float) -> None:
        self._source.start(now)

    def pop(self, now: float, n_samples: int = SAMPLES_PER_FRAME) -> tuple[int, Samples] | None:
        popped = self._source.pop(now)
        if popped is None:
            return None
        position, samples = popped
        return position - DELAY_SAMPLES, self._suppressor.process(samples)

    def wait_s(self, now: float) -> float:
        return self._source.wait_s(now)

    def captured_at(self, position: int) -> float:
        return self._source.captured_at(position)

    def close(self) -> None:
        self._source.close()


def load_noise_suppression() -> ModuleType:
    """The library. Raises AudioError where it is missing."""
    try:
        import webrtc_noise_gain
    except ImportError as error:
        raise AudioError(
            f"Noise suppression is missing ({error}): install it with `pip install 'streamer[noise]'`"
        ) from error
    module: ModuleType = webrtc_noise_gain
    return module


def _push(line: Samples, frame: Samples) -> Samples:
    """`line` with its oldest samples replaced, in place."""
    line[: -len(frame)] = line[len(frame) :]
    line[-len(frame) :] = frame
    return line


def _spread(samples: Samples) -> Samples:
    """At 48 kHz, with zeros between."""
    spread = silence(len(samples) * _RATIO)
    spread[::_RATIO] = samples * _RATIO
    return spread


def _gain(before: Samples, after: Samples) -> float:
    """How much softer a frame was made, never louder."""
    power = np.square((before, after)).sum(axis=1) + _SILENT_POWER
    return min(1.0, float(np.sqrt(power[1] / power[0])))
