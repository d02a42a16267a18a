class DelayEstimator:
    late_share: float
    ceiling_ms: float
    base_ms: float
    quantile_ms: float
    usual_ms: float
    is_new_clock: bool
    def __init__(self, late_share: float = 0.01, ceiling_ms: float = 250.0) -> None: ...
    def restart(self) -> None: ...
    def update(self, now_ms: float, timestamp: int, talkspurt: bool = False) -> float: ...
