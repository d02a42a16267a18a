from typing import Protocol, TypedDict

import numpy as np
from numpy.typing import NDArray

from streamer.jitter.delay_estimator import DelayEstimator
from streamer.jitter.policy import Operation

class Decoder(Protocol):
    @property
    def side(self) -> NDArray[np.float32] | None: ...
    def decode(self, payload: bytes, /) -> NDArray[np.float32]: ...
    def conceal(self, n_samples: int, /) -> NDArray[np.float32]: ...

class JitterStatistics(TypedDict):
    target_ms: float
    delay_ms: float
    level_ms: float
    received: int
    late: int
    lost: int
    duplicate: int
    discarded: int
    undecodable: int
    restarts: int
    underruns: int
    overruns: int
    concealed_ms: float
    silent_ms: float
    accelerated_ms: float
    expanded_ms: float
    skipped_ms: float

class JitterBuffer:
    estimator: DelayEstimator
    operation: Operation
    def __init__(
        self, decoder: Decoder, *, floor_ms: float = 8.0, ceiling_ms: float = 320.0
    ) -> None: ...
    def push(
        self, seq: int, timestamp: int, payload: bytes, now_ms: float, talkspurt: bool = False
    ) -> None: ...
    def pop(self, count: int, now_ms: float) -> NDArray[np.float32]: ...
    def pop_into(
        self, block: NDArray[np.float32], now_ms: float, side: NDArray[np.float32] | None = None
    ) -> None: ...
    @property
    def playout_timestamp(self) -> int | None: ...
    @property
    def target_ms(self) -> float: ...
    @property
    def delay_ms(self) -> float: ...
    @property
    def level_ms(self) -> float: ...
    @property
    def statistics(self) -> JitterStatistics: ...
