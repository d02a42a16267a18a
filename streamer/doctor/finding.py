"""The result of one check of `streamer doctor`: in words, with its remedy."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from streamer.errors import StreamerError, in_words


class Verdict(Enum):
    """How a check ended; the value is the mark in front of its line."""

    OK = "✓"
    WARNING = "?"
    """It works, or may work: a person has to judge."""
    ERROR = "✗"
    """Something will not work; `streamer doctor` exits with status 1."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found, as half a sentence, and what to do about it (empty if there is nothing to do)."""

    verdict: Verdict
    message: str
    remedy: str = ""


def ok(message: str) -> Finding:
    return Finding(Verdict.OK, message)


def warning(message: str, remedy: str) -> Finding:
    return Finding(Verdict.WARNING, message, remedy)


def error(message: str, remedy: str = "") -> Finding:
    return Finding(Verdict.ERROR, message, remedy)


def run_check(check: Callable[[], Finding]) -> Finding:
    """Returns what `check` finds. A StreamerError, which names its own remedy, and an OSError become
    findings, too."""
    try:
        return check()
    except StreamerError as failure:
        return error(str(failure))
    except OSError as failure:
        return error(
            in_words(failure), "make sure that you can read and write there, or choose another --data-dir"
        )
