"""What devices found out about themselves on the page /check: parsed, cleaned, and the newest kept for the
host.

Anybody on this network may send a result, so its size, its fields and its texts are bounded.
"""

import json
import re
from collections import Counter
from dataclasses import dataclass
from typing import Any, Final, Self

from streamer.errors import RefusedError
from streamer.relay.access.leaky_buckets import LeakyBuckets
from streamer.relay.access.sanitize import clean_line
from streamer.relay.access.source import source_of

MAX_CHECK_BYTES: Final = 8_192
MAX_ROWS: Final = 16
MAX_TEXT_CHARACTERS: Final = 400
MAX_LOGGED_CHARACTERS: Final = 2_000
"""All that the page finds out is shorter; the host sees the rest of what is longer at /api/v1/checks."""
KEPT: Final = 50
BURST: Final = 60
PER_S: Final = 1.0
"""From one address: enough for a class behind one proxy, if each checks once."""

_NAME: Final = re.compile(r"[a-z]{1,20}", re.ASCII)
_STATES: Final = {"passes", "fails", "unknown"}


@dataclass(frozen=True, slots=True)
class Row:
    """One thing that was checked; `words` are the figures or the cure, as the person saw them."""

    name: str
    state: str
    words: str

    @classmethod
    def parse(cls, row: Any) -> Self:
        name = _text(row, "name")
        if not _NAME.fullmatch(name):
            raise _refusal('the field "name" of a row is not 1 to 20 of a–z')
        state = _text(row, "state")
        if state not in _STATES:
            raise _refusal(f'the field "state" of the row {name} is not one of {", ".join(sorted(_STATES))}')
        return cls(name, state, _text(row, "words"))


@dataclass(frozen=True, slots=True)
class Check:
    """What one device found out, at `at_s` seconds since 1970."""

    address: str
    at_s: float
    browser: str
    rows: tuple[Row, ...]

    @classmethod
    def parse(cls, body: bytes, address: str, at_s: float) -> Self:
        """Raises RefusedError `bad-check` where `body` is not the result of a check."""
        try:
            result = json.loads(body)
        except (ValueError, RecursionError):
            raise _refusal("the result is not JSON") from None
        browser = _text(result, "browser")
        rows = result.get("rows")
        if not isinstance(rows, list) or not 1 <= len(rows) <= MAX_ROWS:
            raise _refusal(f'the field "rows" is not a list of 1 to {MAX_ROWS}')
        return cls(address, at_s, browser, tuple(Row.parse(row) for row in rows))

    def __str__(self) -> str:
        rows = "; ".join(f"{row.name} {row.state}: {row.words}".removesuffix(": ") for row in self.rows)
        return f"check of {self.address}: {rows}; {self.browser}"[:MAX_LOGGED_CHARACTERS]


class Checks:
    """The newest results, oldest first. Where there are too many, the address that sent most loses its
    oldest."""

    def __init__(self) -> None:
        self.newest: list[Check] = []
        self._buckets = LeakyBuckets(BURST, PER_S)

    def add(self, body: bytes, address: str, at_s: float, now: float) -> Check:
        """`at_s` is in s since 1970, and is shown; `now` is of a monotonic clock, and counts.

        Raises RefusedError: `bad-check` where `body` is no result of a check, `too-many-checks` from a flood.
        """
        if not self._buckets.try_take(address, now):
            raise RefusedError("too many checks came: wait a minute", status=429, code="too-many-checks")
        check = Check.parse(body, address, at_s)
        self.newest.append(check)
        if len(self.newest) > KEPT:
            sources = [source_of(each.address) for each in self.newest]
            [(busiest, _)] = Counter(sources).most_common(1)
            del self.newest[sources.index(busiest)]
        return check


def _text(fields: Any, name: str) -> str:
    text = fields.get(name) if isinstance(fields, dict) else None
    if not isinstance(text, str) or len(text) > MAX_TEXT_CHARACTERS:
        raise _refusal(f'there is no text "{name}" of at most {MAX_TEXT_CHARACTERS} characters')
    return clean_line(text)


def _refusal(message: str) -> RefusedError:
    return RefusedError(message, status=400, code="bad-check")
