"""The bytes that came right behind an opening handshake: the first frames."""


class EarlyBytes:
    """Collects what aiohttp has already read, in place of its WebSocketReader."""

    def __init__(self) -> None:
        self.data = b""

    def feed_data(self, data: bytes) -> tuple[bool, bytes]:
        self.data += data
        return False, b""

    def feed_eof(self) -> None:
        """Part of a reader's interface."""
