"""The close codes of a leg (PROTOCOL.md, Close codes), each defined here once.

The compiled core has its own copy of those that it sends itself (websocket/connection.pxd); a test compares
them.
"""

from typing import Final

from streamer.errors import BAD_MESSAGE as BAD_MESSAGE

LEFT: Final = 1000
"""RFC 6455, normal closure: the client sent `leave`."""

GOING_AWAY: Final = 1001
"""RFC 6455: the relay stops. A client may come back."""

LOST: Final = 1006
"""RFC 6455: never sent; the connection ended without a close frame."""

TOO_BIG: Final = 1009
"""RFC 6455: a message is longer than the receiver takes."""

FAILED: Final = 1011
"""RFC 6455: the relay failed."""

REMOVED: Final = 4401
"""The host removed this member."""

IDLE: Final = 4408
"""Nothing came for too long; or, in the room `echo`, others want to try it."""

REPLACED: Final = 4409
"""The same member has a newer connection."""

TOO_FAST: Final = 4429
"""More messages or bytes than a client can need."""

FINAL: Final = frozenset({BAD_MESSAGE, REMOVED, REPLACED, TOO_FAST})
"""After these a client does not come back by itself: the same would happen again."""
