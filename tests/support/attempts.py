"""Measures again where a machine that has other things to do may spoil one measurement."""

from collections.abc import Callable
from typing import Final, TypeVar

from audio_rig import RigHeldUpError

ATTEMPTS: Final = 4

T = TypeVar("T")


def first_good(measure: Callable[[], T], good: Callable[[T], bool]) -> T:
    """Measure until the result is good, at most ATTEMPTS times, and give that one.

    A busy machine spoils one, or holds the rig up; what is broken spoils all. Raises AssertionError with all
    of them.
    """
    told = []
    for _ in range(ATTEMPTS):
        try:
            found = measure()
        except RigHeldUpError as held_up:
            print(held_up)
            told.append(str(held_up))
            continue
        print(found)
        if good(found):
            return found
        told.append(str(found))
    raise AssertionError("\n".join([f"not good in any of {ATTEMPTS} measurements:", *told]))
