"""The limits of a connection in a test that is about one of them, or about none."""

from streamer.websocket.budget import Limits


def usual_limits(
    *, messages_per_s: float = 1_000, backlog_bytes: int = 262_144, close_s: float = 2
) -> Limits:
    return Limits(
        max_message_bytes=16_384,
        messages_per_s=messages_per_s,
        ping_s=20,
        idle_s=60,
        backlog_bytes=backlog_bytes,
        close_s=close_s,
    )
