"""What a relay logs: no secret, no traceback for a peer's mistake, and no flood of lines.

Libraries log what they like: a request that aiohttp can't parse is in its exception, with the invite and all. So the
one handler, through which every logger's records pass, looks at each of them. First an exception that a peer caused
becomes a few words of ours, without its text; then, whatever is left, secrets are cut out of it in every form that a
browser or a library gives them; then lines of the same kind are counted rather than printed.
"""

import logging
import re
import ssl
import traceback
from collections.abc import Callable, Iterable
from time import monotonic
from typing import Final
from urllib.parse import unquote
from weakref import WeakSet

from streamer.relay.bucket import Bucket

LIBRARIES_OF_PEERS: Final = ("aiohttp", "aiofastnet", "asyncio")
"""Loggers of those who speak with peers."""
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
    r"""((?:^|[^a-z0-9])(?:key|resume|token)["']?\s*[=:,]\s*(?:b?["'])?)[a-z0-9_~.+/=%-]{4,}""", re.IGNORECASE
)
_AUTHORIZATION: Final = re.compile(r"""(authorization["']?\s*[=:,]\s*(?:b?["'])?)[^\r\n"']+""", re.IGNORECASE)
_BEARER: Final = re.compile(r"""((?:bearer|basic)\s+)[^\s"']+""", re.IGNORECASE)
_ENCODED: Final = re.compile(r"""[^\s"'<>]*(?:%|\\x|\\u00)[0-9a-f]{2}[^\s"'<>]*""", re.IGNORECASE)
_ESCAPED: Final = re.compile(r"\\(?:x|u00)([0-9a-f]{2})", re.IGNORECASE)

Secrets = Callable[[], Iterable[str]]


class PeersMistakes(logging.Filter):
    """Makes one line of a peer's mistake. What a peer sent is not in it."""

    def filter(self, record: logging.LogRecord) -> bool:
        error = _exception(record)
        if error is None or not record.name.startswith(LIBRARIES_OF_PEERS) or not _is_peers(error):
            return True
        first_line = record.getMessage().partition("\n")[0]
        record.msg, record.args = f"{first_line}: {_words(error)}", ()
        record.exc_info = record.exc_text = record.stack_info = None
        record.levelno, record.levelname = logging.WARNING, "WARNING"
        return True


class Redaction(logging.Filter):
    """Cuts secrets out: those that `watch` knows, and whatever stands where a secret does."""

    def __init__(self) -> None:
        super().__init__()
        self._owners: WeakSet[object] = WeakSet()
        self._secrets: dict[int, Secrets] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        text = _message(record)
        error = _exception(record)
        if error is not None:
            text += "\n" + "".join(traceback.format_exception(error)).rstrip()
        elif record.exc_text:
            text += "\n" + record.exc_text
        if record.stack_info:
            text += "\n" + record.stack_info
        record.msg, record.args = self.redact(text[:MAX_CHARACTERS]), ()
        record.exc_info = record.exc_text = record.stack_info = None
        return True

    def redact(self, text: str) -> str:
        text = _ENCODED.sub(self._redact_encoded, text)
        return self._redact_plain(text)

    def _redact_encoded(self, found: re.Match[str]) -> str:
        plain = found[0]
        for _ in range(ROUNDS):
            plain = unquote(_ESCAPED.sub(r"%\1", plain))
        redacted = self._redact_plain(plain)
        return found[0] if redacted == plain else " ".join(redacted.split())

    def _redact_plain(self, text: str) -> str:
        for secret in SECRETS.known():
            text = text.replace(secret, CUT)
        for pattern in (_NAMED, _AUTHORIZATION, _BEARER):
            text = pattern.sub(rf"\1{CUT}", text)
        return text
