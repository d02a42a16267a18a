"""Five sentences of a reader of LibriVox, out of Debian's pocketsphinx-testdata, and how well they were
understood."""

import re
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from scipy.io import wavfile

from streamer.client.audio.samples import Samples

FOLDER: Final = Path("/usr/share/pocketsphinx/test/data/librivox")
ENGLISH: Final = Path(__file__).parents[2] / ".captions/captions/english"
"""Where scripts/setup tests puts the model."""

RATE: Final = 16_000
_QUIET: Final = 0.01
"""−40 dBFS: what is softer at the end of a recording is the room."""


class Sentence(NamedTuple):
    path: Path
    words: str

    @property
    def samples(self) -> Samples:
        rate, samples = wavfile.read(self.path)
        assert rate == RATE
        return np.asarray(samples, dtype=np.float32) / 32_768

    @property
    def spoken_s(self) -> float:
        """Seconds to the end of the last word."""
        return float(np.flatnonzero(np.abs(self.samples) > _QUIET)[-1]) / RATE


def sentences() -> list[Sentence]:
    lines = re.findall(r"<s> (.*) </s> \((.*)\)", (FOLDER / "transcription").read_text())
    return [Sentence(FOLDER / f"{name}.wav", _as_read(words)) for words, name in lines]


def _as_read(words: str) -> str:
    """The transcript has one word twice that the reader says once, and writes a title in full."""
    return words.replace("more a amiable", "more amiable").replace("mister", "mr")


def errors(said: str, heard: str) -> tuple[int, int]:
    """Words that are wrong, missing or too many; and how many were said."""
    wanted, found = _words(said), _words(heard)
    costs = list(range(len(found) + 1))
    for row, word in enumerate(wanted, 1):
        diagonal, costs[0] = costs[0], row
        for column, other in enumerate(found, 1):
            change = diagonal + (word != other)
            diagonal, costs[column] = costs[column], min(change, costs[column] + 1, costs[column - 1] + 1)
    return costs[-1], len(wanted)


def _words(text: str) -> list[str]:
    return re.sub(r"[^a-z0-9' ]", " ", text.lower().replace("mister", "mr")).split()
