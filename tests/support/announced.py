"""An announcement through the HTTP interface, followed to the loudspeaker of a phone that is in the room."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from audio_rig import Recording, Wire
from following import Followed, code, follow
from house_calls import HouseCalls
from sound import SAMPLE_RATE

SPOKEN_S: Final = 30.0
SOUND: Final = 0.01
"""Far above what an idle wire holds, far below the code."""

PATIENCE_S: Final = 30.0
GONE_MS: Final = 1_000
"""After a cancelling, long enough for whatever is on its way."""


@dataclass(frozen=True)
class Announced:
    """Times in ms count from the moment before the request is sent; the recording itself is up to 20 ms
    late."""

    starts_ms: float
    ends_ms: float
    heard: Followed | None = None


def announce_whole(
    recording: Recording, wire: Wire, house: HouseCalls, seconds: float = SPOKEN_S
) -> Announced:
    """Have it said to its end."""
    said = code(0, seconds)
    begun = recording.length
    house.announce(said)
    starts = recording.wait_for_sound(wire, PATIENCE_S, SOUND, begun)
    recording.wait_ms(seconds * 1000 + GONE_MS)
    heard = recording.wire(wire, begun)
    return Announced(_ms(starts - begun), _ms(_last_sound(heard)), follow(said, heard))


def announce_and_cancel(
    recording: Recording, wire: Wire, house: HouseCalls, after_ms: float = 1_000
) -> Announced:
    """Have it cancelled when it has been heard for so long; `ends_ms` counts from the cancelling."""
    begun = recording.length
    number = house.announce(code(0, SPOKEN_S))
    starts = recording.wait_for_sound(wire, PATIENCE_S, SOUND, begun)
    recording.wait_ms(after_ms)
    cancelled = recording.length
    house.cancel(number)
    recording.wait_ms(GONE_MS)
    return Announced(_ms(starts - begun), _ms(_last_sound(recording.wire(wire, cancelled))))


def _last_sound(samples: np.ndarray) -> int:
    """Behind the last sample that is one; 0 where none is."""
    loud = np.flatnonzero(np.abs(samples) > SOUND)
    return int(loud[-1]) + 1 if loud.size else 0


def _ms(samples: int) -> float:
    return samples * 1000 / SAMPLE_RATE
