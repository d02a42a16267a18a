"""Names that both ends have to agree on (PROTOCOL.md, Names). `web/` has a copy, and a test compares the
two."""

from typing import Final

SUBPROTOCOL: Final = "streamer.v1"
"""Of the WebSocket: the protocol and its version."""
