"""A command that makes another text of each final line, such as a translator: text lines in, text lines out.

It never delays the original, which is sent before. What does not answer by its deadline is ended, and begun
again later.
"""

import asyncio
import random
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from streamer import child_process
from streamer.doubling import doubled_s

_MOST_WAITING: Final = 32
"""Lines: a minute of a lively room."""

_LONGEST_BYTES: Final = 8_192
"""Of an answer: four times the longest caption in the longest characters."""

_LEAST_REST_S: Final = 1.0
_LONGEST_REST_S: Final = 60.0
"""A filter that ends is started again after a second, then ever later: one that can't run costs a start a
minute."""


@dataclass(frozen=True, slots=True)
class Asked:
    """`tell` gets the answer, if it comes in time and says anything."""

    text: str
    tell: Callable[[str], None]


class Filter:
    """`command` is split as a shell does it, but run without one; `say` gets words for who runs the
    program."""

    def __init__(self, command: str, deadline_s: float, say: Callable[[str], None]) -> None:
        self._command = shlex.split(command)
        self._deadline_s = deadline_s
        self._say = say
        self._waiting: asyncio.Queue[Asked] = asyncio.Queue(_MOST_WAITING)
        self.left_out = 0

    def offer(self, asked: Asked) -> None:
        """Never waits."""
        try:
            self._waiting.put_nowait(asked)
        except asyncio.QueueFull:
            self.left_out += 1

    async def run(self) -> None:
        """Until it is cancelled."""
        failures = 0
        while True:
            failures = 1 if await self._run_once() else failures + 1
            while not self._waiting.empty():  # out of date when it runs again
                self._waiting.get_nowait()
                self.left_out += 1
            await asyncio.sleep(doubled_s(failures, random.random(), _LEAST_REST_S, _LONGEST_REST_S))

    async def _run_once(self) -> bool:
        """Until it fails; returns True if it has answered before."""
        has_answered = False
        pipe = asyncio.subprocess.PIPE
        try:
            process = await asyncio.create_subprocess_exec(
                *self._command, stdin=pipe, stdout=pipe, limit=_LONGEST_BYTES
            )
        except OSError as error:
            self._say(f"The filter can't be started: {error}")
            return False
        assert process.stdin
        assert process.stdout
        try:
            while True:
                asked = await self._waiting.get()
                async with asyncio.timeout(self._deadline_s):
                    answer = await _ask(process.stdin, process.stdout, asked.text)
                has_answered = True
                if answer:
                    asked.tell(answer)
        except TimeoutError:
            self._say(f"The filter did not answer within {self._deadline_s:g} s: restarting it")
        except (OSError, ValueError, EOFError, RuntimeError):  # the last is uvloop's word for a closed pipe
            self._say("The filter has ended: restarting it")
        finally:
            process.stdin.close()
            await child_process.end(process)
        return has_answered


async def _ask(to: asyncio.StreamWriter, of: asyncio.StreamReader, text: str) -> str:
    """Raises EOFError where it ends, ValueError where a line is too long."""
    to.write(text.encode() + b"\n")
    await to.drain()
    line = await of.readline()
    if not line.endswith(b"\n"):
        raise EOFError
    return line.decode(errors="replace").strip()
