"""Measures again where a machine that has other things to do may spoil one measurement."""

from collections.abc import Callable
from typing import Final, TypeVar

ATTEMPTS: Final = 3

T = TypeVar("T")


def measured(measure: Callable[[], T], good: Callable[[T], bool]) -> T:
    """Measure until the result is good, at most ATTEMPTS times, and give the last one, good or not.

    A busy machine spoils one; what is broken spoils all. Each is printed, so that a failure shows them all.
    """
    for _ in range(ATTEMPTS):
        found = measure()
        print(found)
        if good(found):
            break
    return found
