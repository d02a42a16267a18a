"""What was said, decoded and mixed as it is needed: one talker's packets after the other at their places,
long pauses left out.

Twin of web/worker/replay/mix.js.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from streamer.client.audio.codec import MAX_DURATION_SAMPLES, Decoder
from streamer.client.audio.samples import Samples
from streamer.client.replay.store import Said

_SAMPLES_PER_MS: Final = 48

_LONGEST_PAUSE_MS: Final = 700.0
"""A pause that is longer ends a passage: nobody wants to hear half a minute of silence again."""

_PAUSE_MS: Final = 300.0
"""What is left of it: passages are told apart, and a word dies away."""


@dataclass(slots=True)
class Passage:
    """When somebody spoke, in ms."""

    from_ms: float
    to_ms: float


@dataclass(slots=True)
class _Voice:
    said: Said
    decoder: Decoder
    next: int = 0


def passages_of(said: Sequence[Said]) -> list[Passage]:
    """When anybody spoke, in order."""
    packets = sorted((packet for each in said for packet in each.packets), key=lambda packet: packet.start_ms)
    passages: list[Passage] = []
    for packet in packets:
        to_ms = packet.end_ms + _PAUSE_MS
        if passages and packet.start_ms <= passages[-1].to_ms - _PAUSE_MS + _LONGEST_PAUSE_MS:
            passages[-1].to_ms = max(passages[-1].to_ms, to_ms)
        else:
            passages.append(Passage(packet.start_ms, to_ms))
    return passages


class ReplayMix:
    """`gain_of` says how loud a name is for this listener."""

    def __init__(self, said: Sequence[Said], gain_of: Callable[[str], float]) -> None:
        """Raises AudioError where libopus is missing."""
        self._voices = [_Voice(each, Decoder()) for each in said]
        self._passages = passages_of(said)
        self._gain_of = gain_of
        self._planes = np.zeros((2, MAX_DURATION_SAMPLES), dtype=np.float32)
        self._at_ms = self._passages[0].from_ms if self._passages else 0.0

    @property
    def left_ms(self) -> float:
        """How much there is still to read."""
        return sum(each.to_ms - max(each.from_ms, self._at_ms) for each in self._passages)

    def read(self, n_samples: int) -> Samples:
        """The next samples of mid and side, of shape (2, n_samples); silence behind the end."""
        made = np.zeros((2, n_samples), dtype=np.float32)
        done = 0
        while done < n_samples and self._passages:
            left = round((self._passages[0].to_ms - self._at_ms) * _SAMPLES_PER_MS)
            run = min(n_samples - done, left)
            self._mix(run)
            made[:, done : done + run] = self._planes[:, :run]
            self._advance(run, ends=run == left)
            done += run
        return made

    def _mix(self, run: int) -> None:
        missing = run + MAX_DURATION_SAMPLES - self._planes.shape[1]
        if missing > 0:
            self._planes = np.pad(self._planes, ((0, 0), (0, missing)))
        until_ms = self._at_ms + run / _SAMPLES_PER_MS
        for voice in self._voices:
            packets = voice.said.packets
            while voice.next < len(packets) and packets[voice.next].start_ms < until_ms:
                self._add(voice)
                voice.next += 1

    def _add(self, voice: _Voice) -> None:
        packet = voice.said.packets[voice.next]
        at = max(0, round((packet.start_ms - self._at_ms) * _SAMPLES_PER_MS))
        gain = np.float32(self._gain_of(voice.said.name))
        mid = voice.decoder.decode(packet.payload)
        self._planes[0, at : at + len(mid)] += gain * mid
        if voice.decoder.side is not None:
            self._planes[1, at : at + len(mid)] += gain * voice.decoder.side

    def _advance(self, run: int, *, ends: bool) -> None:
        self._planes[:, :-run or None] = self._planes[:, run:].copy()
        self._planes[:, self._planes.shape[1] - run :] = 0
        self._at_ms += run / _SAMPLES_PER_MS
        if ends:
            self._passages.pop(0)
            self._at_ms = self._passages[0].from_ms if self._passages else self._at_ms
