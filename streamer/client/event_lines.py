"""The bytes in a stream of server-sent events (PROTOCOL.md, Over plain HTTP): each line `data:` has some, in
base64.

Twin of web/worker/connection/event_lines.js.
"""

from binascii import Error, a2b_base64
from typing import Final

_DATA: Final = b"data:"


class EventLines:
    """Puts lines together from the pieces in which they come."""

    def __init__(self) -> None:
        self._came = b""

    def push(self, piece: bytes) -> bytes:
        """What the lines have that `piece` completes. Raises ValueError for what is no base64."""
        *lines, self._came = (self._came + piece).split(b"\n")
        data = [line[len(_DATA) :].strip() for line in lines if _is_data(line)]
        try:
            return b"".join(a2b_base64(each, strict_mode=True) for each in data)
        except Error as error:
            raise ValueError(f"a line of the stream is not base64 ({error})") from error


def _is_data(line: bytes) -> bool:
    """Others are comments, by which some proxies keep a stream alive, and the ends of events."""
    return line.startswith(_DATA)
