"""TCP for voice: nothing waits to fill a segment, and little waits where it can't be taken back."""

import contextlib
import socket
from typing import Final

UNSENT_BYTES: Final = 4_096
TCP_NOTSENT_LOWAT: Final = getattr(socket, "TCP_NOTSENT_LOWAT", 25)
"""Linux's number for it, for Python before 3.12."""


def hold_little(peer: socket.socket) -> None:
    """What the network does not take waits in our own memory, where it can be shed."""
    with contextlib.suppress(OSError):
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        peer.setsockopt(socket.IPPROTO_TCP, TCP_NOTSENT_LOWAT, UNSENT_BYTES)
