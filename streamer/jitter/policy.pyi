from enum import IntEnum
from typing import TypedDict

class Operation(IntEnum):
    NORMAL = 0
    ACCELERATE = 1
    EXPAND = 2
    CONCEAL = 3
    SILENCE = 4
    START = 5
    DECODE = 6
    SKIP = 7
    STOP = 8
    RESTART = 9

class Situation(TypedDict):
    is_playing: bool
    may_splice: bool
    delay_ms: float
    target_ms: float
    network_ms: float
    usual_ms: float
    ahead: int
    waiting: int
    gap: int
    follows: bool
    is_concealing: bool
    has_faded: bool
    is_quiet: bool

class Decision(TypedDict):
    operation: Operation
    samples: int
    longest: int
    similarity: float

STEP_SAMPLES: int

def decided(now: Situation) -> Decision: ...
def asks_for_quiet(now: Situation) -> bool: ...
