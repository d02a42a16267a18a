"""Standard output, or error, as it is written to from any thread: the first error is kept, and ends the
session.

rich draws the meters in a thread of its own, and what members write is told within a callback of the event
loop: an error that was raised there would be a traceback, and the session would go on, unseen.
"""

import asyncio
from typing import Final, TextIO

_LOOK_S: Final = 0.25
"""An output that was closed ends the program within a quarter of a second."""


class Output:
    """As much of a text file as print() and rich use; after an error it swallows everything."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._error: OSError | None = None

    @property
    def encoding(self) -> str:
        return self._stream.encoding

    def isatty(self) -> bool:
        return self._error is None and self._stream.isatty()

    def fileno(self) -> int:
        return self._stream.fileno()

    def write(self, text: str) -> int:
        if self._error is None:
            try:
                return self._stream.write(text)
            except OSError as error:
                self._error = error
        return len(text)

    def flush(self) -> None:
        if self._error is None:
            try:
                self._stream.flush()
            except OSError as error:
                self._error = error

    async def run(self) -> None:
        """Raises the first OSError."""
        while self._error is None:
            await asyncio.sleep(_LOOK_S)
        raise self._error
