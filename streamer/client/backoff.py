"""How often the relay is asked whether it is there again. Twin of web/worker/connection/backoff.js."""

from typing import Final

FIRST_WAIT_MS: Final = 100
LONGEST_WAIT_MS: Final = 500
"""A relay that restarts is back within a second or two: with half of it, a room would ask it hundreds of
times."""

QUICK_TRIES: Final = 150
"""About as many as in the first minute. After that, attempts are rarer."""

PATIENT_WAIT_MS: Final = 1_000
_DOUBLINGS: Final = 10
"""A second is no burden for a relay that is gone for an hour; ten doublings of 100 ms are beyond any of
these."""


def wait_ms(tries: int, random: float) -> float:
    """How long to wait before the next of `tries` since the last connection, half of it by `random`, from 0
    to 1.

    By chance, so that not all members come back in the same instant.
    """
    longest = PATIENT_WAIT_MS if tries > QUICK_TRIES else LONGEST_WAIT_MS
    return min(longest, FIRST_WAIT_MS << min(tries - 1, _DOUBLINGS)) * (0.5 + random / 2)
