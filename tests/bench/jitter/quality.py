"""Speech through encoder, network and jitter buffer, judged by PESQ (ITU-T P.862.2, wide-band, 1 to 4.64)."""

from collections.abc import Callable

import numpy as np
import sound
from network_traces import Trace
from numpy.typing import NDArray
from ours import PACKET, through
from pesq import pesq
from scipy.signal import resample_poly

from streamer.client.audio.codec import Decoder, Encoder

LEAD_S = 2
"""The buffer gets to know the network before it is judged, as in any conversation."""

Samples = NDArray[np.float32]


def speech_frames(speaker: int = 0) -> list[Samples]:
    said = np.concatenate([np.zeros(LEAD_S * sound.SAMPLE_RATE, np.float32), sound.speech(speaker)])
    return list(said[: len(said) // PACKET * PACKET].reshape(-1, PACKET))


def scores(make: Callable[[int, float], Trace] | None) -> list[float]:
    """One for each of four speakers, each with a seed of his own; without a network, of the codec alone."""
    return [score(make, speaker) for speaker in range(4)]


def score(make: Callable[[int, float], Trace] | None, speaker: int) -> float:
    encoder, decoder = Encoder(), Decoder()
    frames = speech_frames(speaker)
    payloads = [encoder.encode(frame) for frame in frames]
    if make is None:
        heard = np.concatenate([decoder.decode(payload) for payload in payloads])
    else:
        heard = through(make(speaker, len(frames) * 10.0), decoder, lambda number: payloads[number])
    said = np.concatenate(frames)
    lead = LEAD_S * sound.SAMPLE_RATE
    return float(pesq(16_000, narrow(said[lead:]), narrow(heard[lead:]), "wb"))


def narrow(samples: Samples) -> Samples:
    return np.asarray(resample_poly(samples, 1, 3), np.float32)
