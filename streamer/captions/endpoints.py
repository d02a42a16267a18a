"""Where a talkspurt begins and ends: from windows of 32 ms, each with a voice or without. Reads no clock.

    voice in 2 of 3 windows   begins, with the quarter of a second before it
    0.35 s without a voice    ends
    12 s                      ends in any case, and the next one begins at once
    under 0.3 s of voice      was a cough or a click: nothing
"""

from collections import deque
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from streamer.captions.engine import RATE, WINDOW
from streamer.client.audio.samples import Samples

WINDOW_S: Final = WINDOW / RATE
SILENCE_S: Final = 0.35
"""The pause between two sentences; within one, it is about half of that."""

LONGEST_S: Final = 12.0
"""What a recogniser of short texts hears well, and a reader reads at once."""

LEAST_VOICE_S: Final = 0.3
"""A word lasts as long; what is shorter makes a recogniser invent one."""

_BEGIN: Final = 2
_LEAD_IN: Final = round(0.25 / WINDOW_S) + _BEGIN
"""Windows: the first consonant is there before the voice is."""

_OF: Final = 3
_LOOK_BACK: Final = 10
"""Windows, 0.32 s: where a talkspurt is too long, it is cut in the quietest of the last ones."""


@dataclass(eq=False, slots=True)
class Talkspurt:
    """`position` is that of its first sample, at 16 kHz, on the talker's line of time."""

    position: int
    windows: list[Samples] = field(default_factory=list)
    voiced: int = 0
    """Windows with a voice."""
    last_voice: int = 0
    """How many windows there are up to the last one with a voice."""

    @property
    def samples(self) -> Samples:
        return np.concatenate(self.windows) if self.windows else np.zeros(0, dtype=np.float32)

    @property
    def duration_s(self) -> float:
        return len(self.windows) * WINDOW_S

    @property
    def has_words(self) -> bool:
        return self.voiced * WINDOW_S >= LEAST_VOICE_S

    @property
    def end(self) -> int:
        """The position behind the last voice."""
        return self.position + self.last_voice * WINDOW


class Endpoints:
    """Of one talker. `talkspurt` is the one that is being said, None in a pause."""

    def __init__(self) -> None:
        self.talkspurt: Talkspurt | None = None
        self._lead_in: deque[Samples] = deque(maxlen=_LEAD_IN)
        self._last: deque[bool] = deque(maxlen=_OF)

    def push(self, window: Samples, position: int, *, voice: bool) -> Talkspurt | None:
        """The next WINDOW samples, the first at `position`; returns the talkspurt that has ended with
        them."""
        self._last.append(voice)
        if self.talkspurt is None:
            self._lead_in.append(window)
            if sum(self._last) >= _BEGIN:
                self._begin(position)
            return None
        self._add(self.talkspurt, window, voice=voice)
        silent = len(self.talkspurt.windows) - self.talkspurt.last_voice
        if silent * WINDOW_S >= SILENCE_S:
            return self.finish()
        if self.talkspurt.duration_s >= LONGEST_S:
            return self._cut(self.talkspurt)
        return None

    def finish(self) -> Talkspurt | None:
        """Nothing follows; returns the talkspurt if it holds words."""
        ended, self.talkspurt = self.talkspurt, None
        self._lead_in.clear()
        self._last.clear()
        return ended if ended and ended.has_words else None

    def _begin(self, position: int) -> None:
        lead_in = list(self._lead_in)
        self.talkspurt = Talkspurt(position - (len(lead_in) - 1) * WINDOW, lead_in)
        self.talkspurt.voiced = sum(self._last)
        self.talkspurt.last_voice = len(lead_in)
        self._lead_in.clear()

    @staticmethod
    def _add(talkspurt: Talkspurt, window: Samples, *, voice: bool) -> None:
        talkspurt.windows.append(window)
        if voice:
            talkspurt.voiced += 1
            talkspurt.last_voice = len(talkspurt.windows)

    def _cut(self, talkspurt: Talkspurt) -> Talkspurt:
        """Where it is quietest; what is behind that begins the next one."""
        last = talkspurt.windows[-_LOOK_BACK:]
        at = (
            len(talkspurt.windows)
            - len(last)
            + int(np.argmin([float(np.square(each).sum()) for each in last]))
        )
        rest = talkspurt.windows[at:]
        self.talkspurt = Talkspurt(talkspurt.position + at * WINDOW, rest, len(rest), len(rest))
        del talkspurt.windows[at:]
        talkspurt.last_voice = min(talkspurt.last_voice, at)
        return talkspurt
