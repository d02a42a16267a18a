"""Names that both ends have to agree on (PROTOCOL.md, Names). `web/` has a copy, and a test compares the two."""

import re
from typing import Final

SUBPROTOCOL: Final = "streamer.v1"
"""Of the WebSocket: the protocol and its version."""

ROOM_NAME: Final = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)
"""What may be the name of a room: it stands in links, so it needs no escaping there."""
