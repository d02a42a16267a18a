"""What an examination finds, in words, with its cure."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from streamer.errors import StreamerError, in_words


class Verdict(Enum):
    WELL = "✓"
    UNSURE = "?"
    ILL = "✗"


@dataclass(frozen=True, slots=True)
class Finding:
    verdict: Verdict
    words: str
    cure: str = ""


def well(words: str) -> Finding:
    return Finding(Verdict.WELL, words)


def unsure(words: str, cure: str) -> Finding:
    return Finding(Verdict.UNSURE, words, cure)


def ill(words: str, cure: str = "") -> Finding:
    return Finding(Verdict.ILL, words, cure)


def examine(examination: Callable[[], Finding]) -> Finding:
    """What it finds; an error is a finding too: of streamer's own, with its cure, or of the system."""
    try:
        return examination()
    except StreamerError as error:
        return ill(str(error))
    except OSError as error:
        return ill(in_words(error), "see to it that you may read and write there, or choose another --data-dir")
