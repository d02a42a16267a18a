"""What a leg over plain HTTP asks again and again, answered without aiohttp, at a fraction of the price.

It stands at the beginning of each connection. What a leg asks in good order it answers itself; whatever else
comes goes to aiohttp as it came, and so does all that follows on that connection. So every refusal, and every
request with a twist, is the middleware's and aiohttp's.

    reading ── a batch ──→ answered at once ──→ reading
        ├───── a question ──→ waiting ── there is something, or time is up ──→ reading
        └───── anything else ──→ aiohttp's
"""

import asyncio
from collections.abc import Callable
from typing import Final, cast

from streamer.errors import RefusedError
from streamer.relay.http.carrier import Carrier
from streamer.relay.http.fallback import MAX_BATCH_BYTES, PATH, Fallback, as_number
from streamer.relay.http.middleware import Answers
from streamer.relay.http.plain_request import NotPlainError, PlainRequest, parse
from streamer.relay.network.visitor import Visitor

_MARK: Final = f"{PATH}?".encode()
_OF_LOAD_BALANCERS: Final = "room"


class Shortcuts:
    """Makes one for each connection, in front of what `make_http` makes."""

    def __init__(
        self, fallback: Fallback, answers: Answers, base: str, make_http: Callable[[], asyncio.Protocol]
    ) -> None:
        """`base` is the path that the relay is below; proxies may leave it on or take it off."""
        self.fallback = fallback
        self.answers = answers
        self.paths = {PATH, f"{base}{PATH}"}
        self.make_http = make_http
        self.open: set[Shortcut] = set()

    def __call__(self) -> asyncio.Protocol:
        return Shortcut(self)

    def close(self) -> None:
        """All connections that aiohttp does not know of."""
        for each in list(self.open):
            each.close()


class Shortcut(asyncio.Protocol):
    def __init__(self, all_of_them: Shortcuts) -> None:
        self._shared = all_of_them
        self._came = bytearray()
        self._enough = 0
        """What comes is looked at when there are so many bytes: not again with each of a long body."""
        self._question: asyncio.Task[None] | None = None
        self._is_full = False
        self._is_paused = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._visitor = cast(Visitor, self._transport.get_protocol())
        self._shared.open.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._shared.open.discard(self)
        if self._question:
            self._question.cancel()

    def close(self) -> None:
        self._transport.close()

    def data_received(self, data: bytes) -> None:
        self._came += data
        if self._is_busy:
            self._is_paused = True
            self._transport.pause_reading()
        elif len(self._came) >= self._enough:
            self._read()

    def pause_writing(self) -> None:
        """It asks and asks, and does not read our answers."""
        self._is_full = True

    def resume_writing(self) -> None:
        self._is_full = False
        self._go_on()

    @property
    def _is_busy(self) -> bool:
        return self._question is not None or self._is_full

    def _go_on(self) -> None:
        if self._is_busy or self._transport.is_closing():
            return
        if self._is_paused:
            self._is_paused = False
            self._transport.resume_reading()
        self._read()

    def _read(self) -> None:
        while self._came and not self._is_busy:
            came = bytes(self._came)
            try:
                _check_line(came)
                request = parse(came, MAX_BATCH_BYTES)
            except NotPlainError:
                self._hand_over()
                return
            if isinstance(request, int):
                self._enough = request
                return
            self._enough = 0
            if not self._serve(request):
                self._hand_over()
                return

    def _hand_over(self) -> None:
        self._shared.open.discard(self)
        http = self._shared.make_http()
        self._visitor.hand_to(http)
        http.connection_made(self._transport)
        http.data_received(bytes(self._came))
        self._came.clear()

    def _serve(self, request: PlainRequest) -> bool:
        """True if it was one of ours; if not, nothing has changed."""
        path, _, query = request.target.partition("?")
        asked = _fields(query)
        carrier = self._shared.fallback.find(asked.pop("leg", ""))
        numbers = {name: as_number(text) for name, text in asked.items()}
        if path not in self._shared.paths or carrier is None or None in numbers.values():
            return False
        is_ours = _is_batch if request.method == "POST" else _is_question
        if not is_ours(carrier, numbers) or not self._shared.answers.lets_on(self._visitor, request):
            return False
        del self._came[: request.size]
        self._visitor.begin_of_member()
        if not self._visitor.is_gone:
            self._shared.fallback.note_use(carrier, self._visitor)
            self._answer(carrier, request, cast(dict[str, int], numbers))
        return True

    def _answer(self, carrier: Carrier, request: PlainRequest, numbers: dict[str, int]) -> None:
        origin = request.field("origin")
        if request.method == "POST":
            body = self._shared.fallback.take(carrier, numbers["at"], numbers["from"], request.body)
            self._write(body, origin, "application/json")
        else:
            answering = self._answer_later(carrier, numbers["from"], numbers["wait"], origin)
            self._question = asyncio.create_task(answering)

    async def _answer_later(self, carrier: Carrier, position: int, wait_ms: int, origin: str | None) -> None:
        try:
            body = await self._shared.fallback.ask(carrier, position, wait_ms)
        except RefusedError:  # what it asks for was acknowledged meanwhile
            self._transport.close()
            return
        self._question = None
        self._write(body, origin, "application/octet-stream")
        self._go_on()

    def _write(self, body: bytes, origin: str | None, content_type: str) -> None:
        head = {
            **self._shared.answers.headers(origin),
            "Content-Type": content_type,
            "Cache-Control": "no-store, no-transform",
            "Content-Length": str(len(body)),
        }
        lines = ["HTTP/1.1 200 OK", *(f"{name}: {value}" for name, value in head.items())]
        self._transport.write("\r\n".join([*lines, "", ""]).encode() + body)
        self._visitor.end_request()


def _check_line(came: bytes) -> None:
    """Raises NotPlainError where the first line says already that it is none of ours."""
    line, end, _ = came.partition(b"\r\n")
    if end and _MARK not in line:
        raise NotPlainError


def _fields(query: str) -> dict[str, str]:
    """Nothing where a name stands twice."""
    pairs = [pair.partition("=") for pair in query.split("&")]
    found = {name: value for name, _, value in pairs if name != _OF_LOAD_BALANCERS}
    return found if len({name for name, _, _ in pairs}) == len(pairs) else {}


def _is_batch(carrier: Carrier, numbers: dict[str, int | None]) -> bool:
    at = numbers.get("at")
    return numbers.keys() == {"at", "from"} and at is not None and at <= carrier.received


def _is_question(carrier: Carrier, numbers: dict[str, int | None]) -> bool:
    position = numbers.get("from")
    return numbers.keys() == {"from", "wait"} and position is not None and carrier.keeps(position)
