"""Looks names up for aiohttp, which else waits for them at the end of a program."""

import asyncio
import socket
from concurrent.futures import Future
from threading import Thread
from typing import Any, Final

from aiohttp.abc import AbstractResolver, ResolveResult

_LOOK_S: Final = 0.005
"""Between two looks whether the answer has come; a lookup in a network takes a few milliseconds."""


class Resolver(AbstractResolver):
    """Looks names up in threads that nobody waits for, so that Ctrl-C ends the program at once.

    A name server that does not answer holds getaddrinfo for many seconds, and neither an event loop nor an
    executor can end before it does. Another request for the same name waits for the same answer.
    """

    _lookups: Final[dict[tuple[str, int, int], Future[list[Any]]]] = {}

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        asked = host, port, int(family)
        found = self._lookups.get(asked)
        if found is None:
            found = Future()
            try:
                Thread(target=_look_up, args=(found, *asked), daemon=True, name="look up").start()
            except RuntimeError as error:  # no more threads
                raise OSError(str(error)) from None
            self._lookups[asked] = found
            found.add_done_callback(lambda _: self._lookups.pop(asked, None))
        while not found.done():  # what waits for it must be free to go, and leaves no word behind
            await asyncio.sleep(_LOOK_S)
        return [_result(host, info) for info in found.result()]

    async def close(self) -> None:
        pass


def _look_up(found: Future[list[Any]], host: str, port: int, family: int) -> None:
    try:
        found.set_result(
            socket.getaddrinfo(host, port, family, socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG)
        )
    except UnicodeError as error:
        found.set_exception(OSError(f"no name can be like that: {error}"))
    except OSError as error:
        found.set_exception(error)


def _result(host: str, info: Any) -> ResolveResult:
    family, _, protocol, _, address = info
    numeric = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV
    # With the scope of IPv6.
    shown, _ = socket.getnameinfo(address, socket.NI_NUMERICHOST | socket.NI_NUMERICSERV)
    return ResolveResult(
        hostname=host, host=shown, port=address[1], family=family, proto=protocol, flags=numeric
    )
