"""Checks the dates of certificates against this computer's clock, and describes troubles with their remedy.

A certificate is outside its dates if it is old, or if a clock is wrong: this computer's now, or the one of
the computer that made it. Nobody but the host can tell which, so the message names both dates and both
remedies.
"""

import datetime
from typing import Final

from cryptography import x509

from streamer.relay.tls.trouble import Trouble

CLOCK_FLOOR: Final = datetime.datetime(2025, 6, 1, tzinfo=datetime.UTC)
"""A clock that is before it is wrong: this version had not been made."""
SOON: Final = datetime.timedelta(days=30)
"""How long before the end of a certificate its host hears of it, to have the time to act."""

CLOCK_REMEDY: Final = "Check this computer's clock (date and time in its settings)"


def clock_trouble(now: datetime.datetime) -> Trouble | None:
    if now >= CLOCK_FLOOR:
        return None
    return Trouble(
        f"This computer's clock is wrong: it says {now:%Y-%m-%d}",
        f"{CLOCK_REMEDY}; until it is right, devices reject the relay's certificate as invalid.",
    )


def date_trouble(
    certificate: x509.Certificate, what: str, remedy: str, now: datetime.datetime
) -> Trouble | None:
    """What is wrong with the dates of `certificate`, called `what`; None if nothing is.

    `remedy` is an order, for a clock that is right.
    """
    begins, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if now < begins:
        fault = f"{what} is not valid before {begins:%Y-%m-%d}"
    elif now >= ends:
        fault = f"{what} expired on {ends:%Y-%m-%d}"
    elif ends - now < SOON:
        return Trouble(f"{what} expires on {ends:%Y-%m-%d}", f"{remedy[0].upper()}{remedy[1:]}.", works=True)
    else:
        return None
    return Trouble(
        f"{fault}, and this computer's clock says {now:%Y-%m-%d}",
        f"{CLOCK_REMEDY}; if it is right, {remedy}.",
    )
