"""Children that end with their parent, however that ends: Linux kills them (prctl(2), PR_SET_PDEATHSIG)."""

import ctypes
import os
import signal
from collections.abc import Callable
from typing import Final

_PR_SET_PDEATHSIG: Final = 1
"""From linux/prctl.h: a signal for when the parent has ended."""


def end_with(parent: int) -> Callable[[], None]:
    """What a child of the process `parent` calls first; all that takes time is done now."""
    prctl = ctypes.CDLL(None, use_errno=True).prctl

    def begin() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:  # it has ended before that
            os._exit(1)

    return begin
