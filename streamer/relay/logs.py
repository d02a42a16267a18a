"""What a relay logs: no secret, no traceback for a peer's mistake, and no flood of lines.

Libraries log what they like: a request that aiohttp can't parse is in its exception, with the invite and all.
So the one handler, through which every logger's records pass, looks at each of them. First an exception that
a peer caused becomes a few words of ours, without its text; then, whatever is left, secrets are cut out of it
in every form that a browser or a library gives them; then lines of the same kind are counted rather than
printed.
"""

import logging
import re
import ssl
import traceback
from collections import Counter
from collections.abc import Callable, Iterable
from time import monotonic
from typing import Final, Protocol, TextIO
from urllib.parse import unquote
from weakref import WeakSet

from streamer.relay.access.rate_limit import LeakyBucket

LIBRARIES: Final = ("aiohttp", "aiofastnet", "asyncio")
"""The loggers of those that speak with peers."""
MISTAKES: Final = {
    "BadStatusLine": "its first line is malformed",
    "BadHttpMethod": "it does not speak HTTP",
    "InvalidURLError": "its URL is malformed",
    "LineTooLong": "a line of it is too long",
    "InvalidHeader": "a header of it is malformed",
    "TransferEncodingError": "its body is malformed",
    "ContentLengthError": "its body ended early",
    "PayloadEncodingError": "its body is malformed",
    "RequestPayloadError": "its body is malformed",
    "HttpProcessingError": "it is malformed",
    "ConnectionError": "the peer hung up",
    "TimeoutError": "the peer did not go on",
    "SSLError": "the peer broke the rules of TLS",
}
"""In words of ours, by the name of the exception or of what it derives from."""
BURST: Final = 5
PER_S: Final = 1 / 60
"""Lines of a kind: the first few, and then one a minute."""
MAX_KINDS: Final = 1_000
MAX_CHARACTERS: Final = 8_000
"""Of one record; a traceback is shorter, and nobody reads more."""
ROUNDS: Final = 3
"""How often a text may be percent-encoded over: a link inside a link inside a Referer."""
CUT: Final = "…"

_NAMED: Final = re.compile(
    r"""((?:(?<![a-z0-9])(?:key|leg|resume|token)(?:\s*=\s*["']?|["']\s*[:,]\s*\[?b?["']))|(?<=[?&])id=)"""
    r"""[^\s"'&;#<>]+""",
    re.IGNORECASE,
)
_AUTHORIZATION: Final = re.compile(r"""(authorization["']?\s*[=:,]\s*(?:b?["'])?)[^\r\n"']+""", re.IGNORECASE)
_BEARER: Final = re.compile(r"""((?:bearer|basic)\s+)[^\s"']+""", re.IGNORECASE)
_ENCODED: Final = re.compile(r"""[^\s"'<>]*(?:%|\\x|\\u00)[0-9a-f]{2}[^\s"'<>]*""", re.IGNORECASE)
_ESCAPED: Final = re.compile(r"\\(?:x|u00)([0-9a-f]{2})", re.IGNORECASE)


class Keeper(Protocol):
    """Has secrets that no log may show."""

    def secrets(self) -> Iterable[str]: ...


class PeersMistakes(logging.Filter):
    """Makes one line of a peer's mistake. What a peer sent is not in it."""

    def filter(self, record: logging.LogRecord) -> bool:
        error = _exception_type(record)
        if error is None or not record.name.startswith(LIBRARIES) or not _is_a_peers(error):
            return True
        first_line = _message(record).partition("\n")[0]
        record.msg, record.args = f"{first_line}: {_words(error)}", ()
        record.exc_info = record.exc_text = record.stack_info = None
        record.levelno, record.levelname = logging.WARNING, "WARNING"
        record.mistake = error.__name__
        return True


class Redaction(logging.Filter):
    """Replaces secrets: those of the keepers that it watches, and anything in a place where a secret is
    expected."""

    def __init__(self) -> None:
        super().__init__()
        self._keepers: WeakSet[Keeper] = WeakSet()

    def watch(self, keeper: Keeper) -> None:
        self._keepers.add(keeper)

    def filter(self, record: logging.LogRecord) -> bool:
        parts = [_message(record), _traceback(record), record.stack_info]
        record.msg, record.args = self.redact("\n".join(filter(None, parts))[:MAX_CHARACTERS]), ()
        record.exc_info = record.exc_text = record.stack_info = None
        return True

    def redact(self, text: str) -> str:
        """`text` without secrets."""
        return self._redact_plain(_ENCODED.sub(self._redact_encoded, text))

    def _redact_encoded(self, found: re.Match[str]) -> str:
        plain = found[0]
        for _ in range(ROUNDS):
            plain = unquote(_ESCAPED.sub(r"%\1", plain))
        redacted = self._redact_plain(plain)
        return found[0] if redacted == plain else " ".join(redacted.split())

    def _redact_plain(self, text: str) -> str:
        for keeper in list(self._keepers):
            for secret in keeper.secrets():
                text = text.replace(secret, CUT)
        for pattern in (_NAMED, _AUTHORIZATION, _BEARER):
            text = pattern.sub(rf"\1{CUT}", text)
        return text


class Kinds(logging.Filter):
    """Lets the first lines of a kind through, then few; those say how many were left out.

    A kind is a place in the code and an exception, so that there are not many.
    """

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._buckets: dict[tuple[str, int, str], LeakyBucket] = {}
        self._left_out: Counter[tuple[str, int, str]] = Counter()

    def filter(self, record: logging.LogRecord) -> bool:
        if record.levelno < logging.WARNING:
            return True
        error = str(getattr(record, "mistake", None) or getattr(_exception_type(record), "__name__", ""))
        kind = (record.pathname, record.lineno, error)
        if len(self._buckets) >= MAX_KINDS and kind not in self._buckets:
            self._buckets.clear()
            self._left_out.clear()
        if not self._buckets.setdefault(kind, LeakyBucket(BURST, PER_S)).try_take(self._clock()):
            self._left_out[kind] += 1
            return False
        if count := self._left_out.pop(kind, 0):
            record.msg, record.args = f"{_message(record)} (and {count} more like this)", ()
        return True


REDACTION: Final = Redaction()
"""Of this process, as its loggers are."""


def begin() -> logging.StreamHandler[TextIO]:
    """Log to standard error from now on, everything of ours and what goes wrong in libraries; returns what
    does it."""
    handler: logging.StreamHandler[TextIO] = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
    guard(handler)
    logging.basicConfig(handlers=[handler])
    logging.getLogger("streamer").setLevel(logging.INFO)
    return handler


def guard(handler: logging.Handler) -> None:
    """Nothing that this module keeps out passes `handler` from now on."""
    for each in (PeersMistakes(), Kinds(), REDACTION):
        handler.addFilter(each)


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except Exception:  # a library's format and its arguments don't fit
        return str(record.msg)


def _exception_type(record: logging.LogRecord) -> type[BaseException] | None:
    """Of what it tells; aiofastnet gives a class in place of an exception, which no formatter can print."""
    error = record.exc_info[1] if isinstance(record.exc_info, tuple) and len(record.exc_info) > 1 else None
    if isinstance(error, BaseException):
        return type(error)
    return error if isinstance(error, type) and issubclass(error, BaseException) else None


def _traceback(record: logging.LogRecord) -> str | None:
    error = record.exc_info[1] if isinstance(record.exc_info, tuple) and len(record.exc_info) > 1 else None
    if isinstance(error, BaseException):
        return "".join(traceback.format_exception(error)).rstrip()
    error_type = _exception_type(record)
    return error_type.__name__ if error_type else record.exc_text


def _is_a_peers(error: type[BaseException]) -> bool:
    return issubclass(error, (ConnectionError, ssl.SSLError, TimeoutError)) or error.__module__.startswith(
        "aiohttp."
    )


def _words(error: type[BaseException]) -> str:
    for name in (each.__name__ for each in error.__mro__):
        if name in MISTAKES:
            return MISTAKES[name]
    return error.__name__
