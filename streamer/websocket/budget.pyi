class Limits:
    @property
    def max_message_bytes(self) -> int: ...
    @property
    def backlog_bytes(self) -> int: ...
    def __init__(
        self,
        *,
        max_message_bytes: int,
        messages_per_s: float,
        ping_s: float,
        idle_s: float,
        backlog_bytes: int = 262_144,
        bytes_per_s: float = 1e12,
        close_s: float = 2,
    ) -> None: ...

class Budget:
    def __init__(self, per_s: float, burst: float) -> None: ...
    def try_take(self, amount: float, now_us: int) -> bool: ...
