class PlayoutClock:
    lead_ms: float
