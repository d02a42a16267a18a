"""The loudspeaker. Its callback asks the mixer for samples, so that packets are decoded on demand.

Nothing lies between the jitter buffers and the device: no queue of decoded sound, no other thread that has to
be in time. A Python callback has to wait for the interpreter's lock in any case; that wait, not the decoding
(0.1 ms a block), is what can make it late, so opening a loudspeaker makes the other threads hand the lock
over sooner.
"""

import asyncio
import gc
import sys
from collections.abc import Callable
from time import perf_counter
from typing import Any, Final, Protocol

import numpy as np

from streamer.audio_format import CHANNELS
from streamer.client.audio.microphone import BLOCK_SAMPLES, close_stream, device_name, is_running, open_stream
from streamer.client.audio.samples import Samples
from streamer.errors import AudioError

Pop = Callable[[int, float], Samples]
"""The next n samples to play, at a time in seconds of perf_counter()."""

_SWITCH_INTERVAL_S: Final = 0.0005
_WATCH_S: Final = 0.5
"""A loudspeaker that was pulled out is found within half a second; a look costs microseconds."""


class Playout(Protocol):
    """Where the mix goes to."""

    @property
    def name(self) -> str: ...

    @property
    def latency_s(self) -> float | None:
        """How long a popped sample takes to be heard, as the device reports it; None where nobody knows."""

    async def run(self) -> None:
        """Runs until cancelled; raises AudioError where the sound can't go on."""

    def close(self) -> None: ...


class Speaker:
    """A Playout. Raises AudioError where there is no such device."""

    def __init__(
        self,
        pop: Pop,
        device: str | None = None,
        channels: int = CHANNELS,
        block_samples: int = BLOCK_SAMPLES,
    ) -> None:
        self._pop = pop
        self.latency_s: float | None = None
        self.underruns = 0
        sys.setswitchinterval(_SWITCH_INTERVAL_S)
        gc.freeze()  # what has been imported so far need not be looked at in every collection
        self._stream, self.remark = open_stream("output", device, self._on_block, channels, block_samples)
        self.name = device_name(self._stream)

    async def run(self) -> None:
        while is_running(self._stream):
            await asyncio.sleep(_WATCH_S)
        raise AudioError(f"The loudspeaker ({self.name}) was disconnected")

    def close(self) -> None:
        close_stream(self._stream)

    def _on_block(self, block: Any, n_samples: int, time: Any, status: Any) -> None:
        np.frombuffer(block, dtype=np.float32)[:] = self._pop(n_samples, perf_counter()).ravel()
        self.latency_s = time.outputBufferDacTime - time.currentTime
        self.underruns += bool(status.output_underflow)
