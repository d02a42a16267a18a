"""Follows a voice from one wire to another, however a busy machine and a jitter buffer shift it on the way.

What is said is a **code**: noise from a seed of each talker's own, so that every moment of it differs from
all others and from everything that anyone else says. Each excerpt of what is heard is looked for in what the
rig recorded on the talker's microphone, and its place there is where it was said. That gives, for each moment
that is heard, whose it is, how old it is and how loud; a place that is found nowhere has been lost, and one
that is found twice was played twice.

Nothing here knows how fast the machine is: a stretch moves a place by some milliseconds, and an excerpt
across a splice is no match; its neighbours still are.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from audio_rig import Rig
from scipy.signal import butter, fftconvolve, lfilter
from sound import SAMPLE_RATE, Samples

CODE_HZ: Final = 4_000
"""Opus keeps the wave of noise up to here; 20 ms of it are 160 independent values, enough to be told
apart."""
CODE_RMS: Final = 0.06
"""−24 dBFS: always a voice for the gate (−30), never a howl for the guard (−14)."""
EXCERPT: Final = SAMPLE_RATE // 50
STEP: Final = SAMPLE_RATE // 200
"""5 ms: a packet of 10 ms that was lost fills at least one of them."""
MATCH: Final = 0.45
"""Chance reaches 0.35 in 2 s; one voice of two as loud as each other 0.7."""
CLEAN: Final = 0.6
"""Of 5 ms at a known place: a guess of the codec stays below 0.4, what arrived is above 0.85."""
SILENT_RMS: Final = 0.002
TOGETHER: Final = SAMPLE_RATE // 50
"""How much two excerpts that follow each other may differ in age."""
SOON: Final = SAMPLE_RATE // 10
"""Within this, one excerpt follows another: single ones that are a second apart are no voice."""
ATTEMPTS: Final = 8
"""Half a minute. What an element plays, Chromium speeds up by a tenth until it is in step, for some ten
seconds."""

LATEST_MS: Final = 2_000


def code(talker: int, seconds: float) -> Samples:
    """What this talker says; 48 kHz, mono."""
    white = np.random.default_rng(1_000 + talker).standard_normal(int(seconds * SAMPLE_RATE))
    low = lfilter(*butter(4, CODE_HZ, fs=SAMPLE_RATE), white)
    return np.asarray(low * (CODE_RMS / np.std(low)), dtype=np.float32)


@dataclass(frozen=True)
class Followed:
    """Excerpts of 20 ms that were heard and are known: where each is on the listener's wire, and on the
    talker's."""

    said: Samples
    heard: Samples
    heard_at: np.ndarray
    said_at: np.ndarray
    gains: np.ndarray

    @property
    def delays_ms(self) -> np.ndarray:
        return (self.heard_at - self.said_at) * 1000 / SAMPLE_RATE

    @property
    def delay_ms(self) -> float:
        """The median; NaN where nothing was heard."""
        return float(np.median(self.delays_ms)) if len(self.heard_at) else float("nan")

    @property
    def gain_db(self) -> float:
        """How much louder than on the talker's wire, as the median; −120 where nothing was heard."""
        return float(20 * np.log10(np.median(self.gains) + 1e-6)) if len(self.gains) else -120.0

    def coverage(self, start: int = 0, stop: int | None = None) -> float:
        """The share of what was said between two samples of the talker's wire that is heard."""
        stop = min(len(self.said), stop if stop is not None else len(self.said))
        arrived = np.zeros(stop + EXCERPT, bool)
        for place in self.said_at[self.said_at < stop]:
            arrived[place : place + EXCERPT] = True
        spoken = np.convolve(np.abs(self.said[start:stop]), np.ones(STEP) / STEP, "same") > SILENT_RMS
        return float((arrived[start:stop] & spoken).sum() / max(1, spoken.sum()))

    @property
    def repeated(self) -> float:
        """The share of excerpts that had been heard before, by more than a jitter buffer stretches."""
        if not len(self.said_at):
            return 0.0
        newest = np.maximum.accumulate(self.said_at)
        return float((self.said_at < newest - 3 * EXCERPT).mean())

    @cached_property
    def longest_unbroken_ms(self) -> float:
        """The longest passage without a lost packet, a guess or a splice in it."""
        longest = run = 0
        before = -1
        for heard_at, said_at in zip(self.heard_at, self.said_at, strict=True):
            if heard_at != before:
                run = 0
            before = heard_at + EXCERPT
            for offset in range(0, EXCERPT, STEP):
                one = self.said[said_at + offset : said_at + offset + STEP]
                other = self.heard[heard_at + offset : heard_at + offset + STEP]
                run = run + 1 if _likeness(one, other) > CLEAN else 0
                longest = max(longest, run)
        return longest * STEP * 1000 / SAMPLE_RATE

    def __str__(self) -> str:
        return (
            f"{100 * self.coverage():.0f} % of it, {self.delay_ms:.0f} ms later, {self.gain_db:+.1f} dB, up "
            "to"
            f" {self.longest_unbroken_ms:.0f} ms unbroken, {100 * self.repeated:.1f} % twice"
        )


def follow(said: Samples, heard: Samples, latest_ms: float = LATEST_MS) -> Followed:
    """Find what was said on one wire on another, recorded together; nothing is older than `latest_ms`."""
    found: list[tuple[int, int] | None] = []
    for at in range(0, len(heard) - EXCERPT, EXCERPT):
        found.append(
            _place(said, heard, at, found[-1] if found else None, int(latest_ms * SAMPLE_RATE / 1000))
        )
    known = [place for place in found if place is not None]
    places = np.array(known, dtype=np.int64).reshape(-1, 2)
    kept = _with_a_neighbour(places)
    heard_at, said_at = places[kept].T
    gains = np.array(
        [_gain(said[there : there + EXCERPT], heard[here : here + EXCERPT]) for here, there in places[kept]]
    )
    return Followed(said, heard, heard_at, said_at, gains)


def _place(
    said: Samples, heard: Samples, at: int, before: tuple[int, int] | None, latest: int
) -> tuple[int, int] | None:
    """(where it is heard, where it was said) of one excerpt; looked for near the one before it at first."""
    excerpt = heard[at : at + EXCERPT].astype(np.float64)
    if np.sqrt(np.square(excerpt).mean()) < SILENT_RMS:
        return None
    if before is not None:
        expected = before[1] + EXCERPT
        near = _best(said, excerpt, max(0, expected - TOGETHER), min(at, expected + TOGETHER))
        if near is not None:
            return at, near
    anywhere = _best(said, excerpt, max(0, at - latest), at)
    return None if anywhere is None else (at, anywhere)


def _best(said: Samples, excerpt: np.ndarray, first: int, last: int) -> int | None:
    """The place from `first` to `last` that an excerpt is most like, if it is like it at all."""
    part = said[first : last + EXCERPT].astype(np.float64)
    if len(part) < EXCERPT:
        return None
    match = fftconvolve(part, excerpt[::-1], "valid")
    power = np.concatenate(([0.0], np.cumsum(np.square(part))))
    energy = np.sqrt(np.maximum(power[EXCERPT:] - power[:-EXCERPT], EXCERPT * SILENT_RMS**2))
    likeness = match / (energy * np.linalg.norm(excerpt))
    best = int(np.argmax(likeness))
    return first + best if likeness[best] > MATCH else None


def _with_a_neighbour(places: np.ndarray) -> np.ndarray:
    """Which excerpts follow another one soon, or are followed by one, and are about as old: chance is not."""
    if len(places) < 2:
        return np.zeros(len(places), bool)
    as_old = np.abs(np.diff(places[:, 0] - places[:, 1])) < TOGETHER
    together = as_old & (np.diff(places[:, 0]) <= SOON)
    return np.concatenate(([False], together)) | np.concatenate((together, [False]))


def _likeness(one: Samples, other: Samples) -> float:
    scale = float(np.linalg.norm(one) * np.linalg.norm(other))
    return float(np.dot(one, other)) / scale if scale else 0.0


def _gain(said: Samples, heard: Samples) -> float:
    return float(np.dot(said, heard) / (np.dot(said, said) + 1e-12))


def louder_db(heard: Followed, other: Samples) -> float:
    """How much louder what was followed is than another voice in the very same sound."""
    places = zip(heard.said_at, heard.heard_at, strict=True)
    gains = [
        _gain(other[there : there + EXCERPT], heard.heard[here : here + EXCERPT]) for there, here in places
    ]
    return heard.gain_db - float(20 * np.log10(abs(np.mean(gains)) + 1e-6)) if gains else -120.0


def hears(rig: Rig, listener: int, talker: int, seconds: float = 2) -> bool:
    """Let one speak. Returns True if most of it comes out at another's loudspeaker, in one of a few attempts.

    One attempt says nothing on a machine that is held up while it lasts; a way that is closed fails them all.
    """
    return any(_hears_once(rig, listener, talker, seconds) for _ in range(ATTEMPTS))


def _hears_once(rig: Rig, listener: int, talker: int, seconds: float) -> bool:
    with rig.record() as recording:
        rig.play(rig.microphone(talker), code(talker, seconds)).wait()
        recording.wait_ms(800)
        said = recording.wire(rig.microphone(talker))
        return follow(said, recording.wire(rig.speaker(listener))).coverage() > 0.5
