"""Tells what somebody says from the murmur of a room, of which recognisers make whole sentences that nobody
said.

A voice has pauses between its syllables, and many voices together have none. So the loudness of a talkspurt
is measured, from the quietest tenth of its windows to the loudest one:

    a reader, close to the microphone                    23 to 34 dB   one who talks
    with noise that is 5 to 15 dB softer than the voice   9 to 20 dB   doubtful
    the murmur of two to four                             7 to 17 dB   doubtful
    the murmur of six or more                             4 to 7 dB    a murmur: no words

What is doubtful is recognised twice, the second time without its first tenth of a second. Of words that were
said, most come again; what a recogniser invents comes out altogether different. A single word may come again
as another one ("hundred", "100"), so what is as short as a word or two is taken at its first hearing sooner:
a murmur goes on.
"""

from typing import Final

import numpy as np

from streamer.captions.engine import RATE, WINDOW
from streamer.client.audio.samples import Samples

LEAST_RANGE_DB: Final = 7.0
"""Rather some words of a murmur than none of somebody who talks in it."""

CLEAR_RANGE_DB: Final = 20.0
"""From here on nothing is doubtful, and one recognition is enough. Hardly any talkspurt of two voices reaches
it."""

CLEAR_WORD_DB: Final = 15.0
"""The same, of a talkspurt of a word or two. In noise that is 15 dB softer, single words have 17 to 20 dB."""

WORD: Final = 2 * RATE
"""Samples, 2 s: a word or two, with what is before and behind them."""

LEAST_IN_COMMON: Final = 0.5
"""Of the words of two recognitions. Of a sentence in noise it was 75 to 100 %, of a murmur 0 to 42 %."""

SHIFT: Final = RATE // 10
"""Samples, 0.1 s: a talkspurt begins a quarter of a second before its first word."""

_TENTHS: Final = (10, 90)
_NOTHING: Final = 1e-9
"""Of full scale, squared: the last bit of 16, so that digital silence has a loudness."""


def loudness_range_db(pcm_16k: Samples) -> float:
    """Of a talkspurt as a whole; what is too short for a measurement is as clear as can be."""
    windows = pcm_16k[: len(pcm_16k) // WINDOW * WINDOW].reshape(-1, WINDOW)
    if len(windows) < 2:
        return CLEAR_RANGE_DB
    loudness_db = 10 * np.log10(np.square(windows).mean(axis=1) + _NOTHING)
    quiet, loud = np.percentile(loudness_db, _TENTHS)
    return float(loud - quiet)


def is_doubtful(pcm_16k: Samples, range_db: float) -> bool:
    return range_db < (CLEAR_WORD_DB if len(pcm_16k) < WORD else CLEAR_RANGE_DB)


def is_murmur(pcm_16k: Samples) -> bool:
    return loudness_range_db(pcm_16k) < LEAST_RANGE_DB


def in_common(words: str, others: str) -> float:
    """The share of words that come in both, in the same order: 1 where all do. Case and punctuation are
    none."""
    one, other = _words(words), _words(others)
    longest = max(len(one), len(other))
    return _longest_common(one, other) / longest if longest else 1.0


def _words(text: str) -> list[str]:
    plain = "".join(
        each if each.isalnum() else " " for each in text.casefold().replace("’", "'").replace("'", "")
    )
    return plain.split()


def _longest_common(one: list[str], other: list[str]) -> int:
    """Words of the longest common subsequence."""
    lengths = [0] * (len(other) + 1)
    for word in one:
        diagonal = 0
        for column, candidate in enumerate(other, 1):
            above = lengths[column]
            lengths[column] = diagonal + 1 if word == candidate else max(above, lengths[column - 1])
            diagonal = above
    return lengths[-1]
