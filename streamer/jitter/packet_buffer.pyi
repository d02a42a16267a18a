from enum import IntEnum

class Arrival(IntEnum):
    NEW = 0
    DUPLICATE = 1
    STALE = 2
    DOUBTFUL = 3
    RESTART = 4

class PacketBuffer:
    next_seq: int
    newest_seq: int
    newest_timestamp: int
    inserted_timestamp: int
    count: int
    overruns: int
    def insert(self, seq: int, timestamp: int, payload: bytes) -> Arrival: ...
    def first_seq(self) -> int: ...
    def timestamp_of(self, seq: int) -> int: ...
    def begin_at(self, seq: int, timestamp: int) -> None: ...
    def take(self, seq: int) -> bytes | None: ...
