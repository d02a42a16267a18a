"""What programs and devices do in a room beside talking: notices and their answers, telemetry, commands and
theirs.

The relay answers a notice with the notice itself, and each command once, by the id that we gave them. An
`error` says which of our messages it refuses.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from itertools import count
from typing import Any, Final, Protocol, get_args

from streamer.client.events import Command, Event, Member, Notice, Refused, Reply, Result, Telemetry
from streamer.client.json_size import check_size, is_small
from streamer.client.mailbox import Mailbox
from streamer.errors import ConnectionLostError, DeniedError
from streamer.wire import messages, programs
from streamer.wire.control import (
    MAX_ACTION_CHARACTERS,
    MAX_ACTIONS,
    MAX_CHAT_CHARACTERS,
    MAX_COMMAND_CHARACTERS,
    MAX_DEADLINE_MS,
    MAX_DEVICE_CHARACTERS,
    MAX_TITLE_CHARACTERS,
)
from streamer.wire.messages import FromClient
from streamer.wire.programs import FinalOutcome, Level, Outcome

MOST_NOTICES: Final = 100
"""Sent notices whose answers are told apart: as many as a relay knows the senders of."""

MOST_REPLIES: Final = 256
"""Answers to one notice that wait for their reader: one of each member of a large room."""

_ANSWER_S: Final = 5.0
"""Seconds that a relay may take to send a notice back: a network that is away longer counts as lost."""

_GRACE_S: Final = 2.0
"""Seconds after a deadline for the relay's own answer to come; without one the command has timed out, too."""

_OUTCOMES: Final = frozenset(get_args(FinalOutcome))


class SentNotice:
    """A notice of ours that the room has got."""

    def __init__(self, notice: Notice) -> None:
        self.notice = notice
        self._replies = Mailbox[Reply](MOST_REPLIES)

    @property
    def id(self) -> int:
        return self.notice.id

    def replies(self) -> Mailbox[Reply]:
        """Who answered what, from the beginning on: an async iterator for one reader; it ends with the
        session."""
        return self._replies


class Whereabouts(Protocol):
    """Whom an id belongs to; None where nobody here has it."""

    def __call__(self, talker_id: int) -> Member | None: ...


class Programs:
    """`send` passes a message to the relay, or raises ConnectionLostError where there is no connection."""

    def __init__(
        self, member: Whereabouts, send: Callable[[FromClient], None], emit: Callable[[Event], None]
    ) -> None:
        self._member = member
        self._send = send
        self._emit = emit
        self._notices: dict[int, SentNotice] = {}
        self._waiting: dict[int, asyncio.Future[Notice]] = {}
        self._commands: dict[int, asyncio.Future[Result]] = {}
        self._numbers = count(1)

    async def notify(
        self, text: str, title: str, level: Level, actions: Sequence[str], *, sound: bool
    ) -> SentNotice:
        _check_notice(text, title, level, actions)
        number = next(self._numbers)
        answer: asyncio.Future[Notice] = asyncio.get_running_loop().create_future()
        self._send(
            {
                "type": "notify",
                "id": number,
                "text": text,
                "title": title,
                "level": level,
                "sound": sound,
                "actions": list(actions),
            }
        )
        self._waiting[number] = answer
        try:
            async with asyncio.timeout(_ANSWER_S):
                notice = await answer
        except TimeoutError:
            raise ConnectionLostError(
                "The relay did not answer: nobody knows whether the notice was sent"
            ) from None
        finally:
            del self._waiting[number]
        return self._notices[notice.id]

    def reply(self, notice: Notice, action: str) -> None:
        if action not in notice.actions:
            raise ValueError(
                f"{action!r} is none of the actions of that notice: {', '.join(notice.actions) or 'none'}"
            )
        self._send({"type": "reply", "id": notice.id, "action": notice.actions.index(action)})

    async def command(
        self, talker_id: int, name: str, arguments: Mapping[str, Any], device: str, deadline_s: float
    ) -> Result:
        deadline_ms = _check_command(name, arguments, device, deadline_s)
        number = next(self._numbers)
        answer: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._commands[number] = answer
        try:
            self._send(
                {
                    "type": "command",
                    "talker_id": talker_id,
                    "id": number,
                    "device": device,
                    "name": name,
                    "arguments": dict(arguments),
                    "deadline_ms": deadline_ms,
                }
            )
            async with asyncio.timeout(deadline_s + _GRACE_S):
                return await answer
        except TimeoutError:
            return Result("timed-out", "The relay did not say what became of it")
        finally:
            del self._commands[number]

    def on_lost(self) -> None:
        self._fail_notices(
            ConnectionLostError("The connection was lost: nobody knows whether the notice was sent")
        )

    def close(self) -> None:
        """Nothing more will be answered."""
        self._fail_notices(ConnectionLostError("The room was left before the notice was sent"))
        for answer in self._commands.values():
            if not answer.done():
                answer.set_result(Result("gone", "We left the room before the answer came"))
        for sent in self._notices.values():
            sent.replies().close()

    def on_own_notice(self, notice: Notice, number: int) -> None:
        """It came back from the relay, so everybody got it; `number` is ours."""
        self._notices[notice.id] = SentNotice(notice)
        if len(self._notices) > MOST_NOTICES:
            self._notices.pop(next(iter(self._notices))).replies().close()
        answer = self._waiting.get(number)
        if answer and not answer.done():
            answer.set_result(notice)

    def on_reply(self, message: programs.Reply) -> None:
        sent = self._notices.get(message["id"])
        if sent is None or not 0 <= message["action"] < len(sent.notice.actions):
            return
        action = sent.notice.actions[message["action"]]
        reply = Reply(message["id"], self._member(message["talker_id"]), message["name"], action)
        sent.replies().put(reply)
        self._emit(reply)

    def on_telemetry(self, message: programs.Telemetry) -> None:
        values = message["values"]
        if values is not None:
            if not is_small(values):
                return
            values = {
                name: value for name, value in values.items() if isinstance(value, str | int | float | None)
            }
        member = self._member(message["talker_id"])
        self._emit(Telemetry(member, message["device"], values, max(0, message["age_ms"]) / 1000))

    def on_command(self, message: programs.Command) -> None:
        if not is_small(message["arguments"]):
            return
        number = message["id"]

        async def answer(outcome: Outcome, words: str) -> None:
            self._send(
                {"type": "result", "id": number, "outcome": outcome, "message": words[:MAX_CHAT_CHARACTERS]}
            )

        member = self._member(message["talker_id"])
        deadline_s = min(max(0, message["deadline_ms"]), MAX_DEADLINE_MS) / 1000
        sender, device, name = message["sender"], message["device"], message["name"]
        self._emit(Command(member, sender, device, name, message["arguments"], deadline_s, answer))

    def on_result(self, message: programs.Result) -> None:
        answer = self._commands.get(message["id"])
        if answer and not answer.done():
            is_known = message["outcome"] in _OUTCOMES  # a newer relay may have others
            answer.set_result(Result(message["outcome"] if is_known else "unknown", message["message"]))

    def on_refused(self, message: messages.Refusal) -> None:
        """Ends what waits for an answer, or tells of it as an event."""
        of, number = message.get("of", ""), message.get("id", 0)
        calls: dict[str, Mapping[int, asyncio.Future[Any]]] = {
            "notify": self._waiting,
            "command": self._commands,
        }
        answer = calls.get(of, {}).get(number)
        if answer is None:
            self._emit(Refused(message["code"], message["message"], of, number))
        elif not answer.done():
            answer.set_exception(DeniedError(message["message"], code=message["code"]))

    def _fail_notices(self, error: ConnectionLostError) -> None:
        for answer in self._waiting.values():
            if not answer.done():
                answer.set_exception(error)


def _check_notice(text: str, title: str, level: Level, actions: Sequence[str]) -> None:
    if not 0 < len(text.strip()) <= len(text) <= MAX_CHAT_CHARACTERS:
        raise ValueError(f"a notice has 1 to {MAX_CHAT_CHARACTERS:,} characters, not {len(text):,}")
    if len(title) > MAX_TITLE_CHARACTERS:
        raise ValueError(f"a title has at most {MAX_TITLE_CHARACTERS} characters, not {len(title):,}")
    if level not in get_args(Level):
        raise ValueError(f"a level is one of {', '.join(get_args(Level))}, not {level}")
    if isinstance(actions, str) or len(actions) > MAX_ACTIONS:
        raise ValueError(f"actions are a list of at most {MAX_ACTIONS} texts")
    if not all(0 < len(action) <= MAX_ACTION_CHARACTERS for action in actions):
        raise ValueError(f"an action has 1 to {MAX_ACTION_CHARACTERS} characters")


def _check_command(name: str, arguments: Mapping[str, Any], device: str, deadline_s: float) -> int:
    """Returns the deadline in ms."""
    if not 0 < len(name) <= MAX_COMMAND_CHARACTERS or len(device) > MAX_DEVICE_CHARACTERS:
        raise ValueError(f"the name of a command has 1 to {MAX_COMMAND_CHARACTERS} characters")
    if not 0 < deadline_s * 1000 <= MAX_DEADLINE_MS:
        raise ValueError(
            f"a deadline is more than 0 and at most {MAX_DEADLINE_MS // 1000} s, not {deadline_s}"
        )
    check_size("what a command is given", arguments)
    return max(1, round(deadline_s * 1000))
