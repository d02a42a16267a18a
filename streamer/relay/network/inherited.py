"""Sockets that systemd opened before this relay started (sd_listen_fds(3)), so that it needs no right to a
low port.

Each may have a name: `http` is for the join page in the clear, and any other one for the relay itself.
Without names the first one is the relay's, and the second one the join page's.
"""

import os
import socket
from collections.abc import MutableMapping
from dataclasses import dataclass
from typing import Final

from streamer.errors import SetupError

FIRST: Final = 3
"""The number of the first one; those below are standard input, output and error."""
JOIN_PAGE: Final = "http"
_MOST: Final = 2
_VARIABLES: Final = ("LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES")


@dataclass(frozen=True, slots=True)
class Inherited:
    """The relay's own listening socket, and the join page's where there is one."""

    relay: socket.socket | None = None
    join_page: socket.socket | None = None


def inherited(environment: MutableMapping[str, str] = os.environ, first: int = FIRST) -> Inherited:
    """What this process was started with; its children get none of it. Raises SetupError for what is no such
    socket."""
    process, count, names = (environment.pop(name, "") for name in _VARIABLES)
    if process != str(os.getpid()) or not count.isdecimal() or int(count) == 0:
        return Inherited()
    if int(count) > _MOST:
        raise SetupError(f"{count} sockets were passed to the relay; it takes one, and one for the join page")
    listeners = [_listener(number) for number in range(first, first + int(count))]
    named = names.split(":") if names else []
    is_join_page = (
        [name == JOIN_PAGE for name in named] if JOIN_PAGE in named else [False, True][: len(listeners)]
    )
    own = [each for each, is_page in zip(listeners, is_join_page, strict=False) if not is_page]
    pages = [each for each, is_page in zip(listeners, is_join_page, strict=False) if is_page]
    if len(own) != 1 or len(pages) > 1:
        raise SetupError(
            f"of the sockets that were passed to the relay, one at most may be called {JOIN_PAGE}"
        )
    return Inherited(own[0], pages[0] if pages else None)


def _listener(number: int) -> socket.socket:
    try:
        os.set_inheritable(number, False)
        listener = socket.socket(fileno=number)
        is_right = (
            listener.family in (socket.AF_INET, socket.AF_INET6) and listener.type == socket.SOCK_STREAM
        )
        if not is_right or not listener.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
            raise SetupError(f"the socket {number} that was passed to the relay does not listen for TCP")
    except OSError as error:
        raise SetupError(
            f"the socket {number} that was passed to the relay can't be used: {error.strerror}"
        ) from None
    listener.setblocking(False)
    return listener
