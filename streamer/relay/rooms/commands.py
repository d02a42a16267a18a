"""Commands on their way: from who asked to a member, and the answer back, exactly one for each."""

import itertools
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from time import time_ns
from typing import Any, Final, Protocol

from streamer.errors import ControlError
from streamer.wire.messages import FromRelay
from streamer.wire.programs import Command, FinalOutcome, Outcome

MAX_OF_SENDER: Final = 32
MAX_OF_TARGET: Final = 64
"""That wait for an answer: a gateway has so many devices at work at once."""

Answer = Callable[[FinalOutcome, str], None]


class Handle(Protocol):
    """What the event loop gives for a call that is due later."""

    def cancel(self) -> None: ...


Later = Callable[[float, Callable[[], None]], Any]
"""Calls a function so many seconds from now, as loop.call_later does, and gives its Handle."""


class Target(Protocol):
    """The member that is asked."""

    talker_id: int

    def send_control(self, message: FromRelay) -> None: ...


@dataclass(frozen=True, slots=True)
class CommandRequest:
    """Who is asked to do what: `device` is empty for the member itself. `sender` is what the target is
    told."""

    talker_id: int
    sender: str
    device: str
    name: str
    arguments: dict[str, Any]
    deadline_ms: int


@dataclass(slots=True)
class _Waiting:
    sender: Hashable
    target: int
    answer: Answer
    timer: Any = None


class Commands:
    """Of one room. Without `call_later` nothing is ever too late: for tests."""

    def __init__(self, call_later: Later | None = None) -> None:
        self._call_later = call_later
        self._waiting: dict[int, _Waiting] = {}
        self._ids = itertools.count(time_ns() // 1_000_000)

    def __len__(self) -> int:
        """How many wait for an answer."""
        return len(self._waiting)

    def ask(self, request: CommandRequest, target: Target, sender: Hashable, answer: Answer) -> None:
        """`sender` is by what commands are counted. Raises ControlError `too-fast` where too many wait."""
        waiting = self._waiting.values()
        of_sender = sum(each.sender == sender for each in waiting)
        of_target = sum(each.target == target.talker_id for each in waiting)
        if of_sender >= MAX_OF_SENDER or of_target >= MAX_OF_TARGET:
            message = "that command was not sent: too many others still wait for an answer"
            raise ControlError(message, code="too-fast", close_code=None)
        number = next(self._ids)
        self._waiting[number] = waits = _Waiting(sender, target.talker_id, answer)
        if self._call_later:
            waits.timer = self._call_later(
                request.deadline_ms / 1_000, lambda: self._end(number, "timed-out", "")
            )
        target.send_control(_message(number, request))

    def take(self, number: int, talker_id: int, outcome: Outcome, message: str) -> None:
        """What the member `talker_id` made of it; from anybody else, or too late, it is nothing."""
        waits = self._waiting.get(number)
        if waits and waits.target == talker_id:
            self._end(number, outcome, message)

    def forget(self, talker_id: int) -> None:
        """That member is gone, with all that it was asked."""
        for number in [number for number, waits in self._waiting.items() if waits.target == talker_id]:
            self._end(number, "gone", "")

    def _end(self, number: int, outcome: FinalOutcome, message: str) -> None:
        waits = self._waiting.pop(number, None)
        if waits is None:
            return
        if waits.timer:
            waits.timer.cancel()
        waits.answer(outcome, message)


def _message(number: int, request: CommandRequest) -> Command:
    return {
        "type": "command",
        "id": number,
        "talker_id": request.talker_id,
        "sender": request.sender,
        "device": request.device,
        "name": request.name,
        "arguments": request.arguments,
        "deadline_ms": request.deadline_ms,
    }
