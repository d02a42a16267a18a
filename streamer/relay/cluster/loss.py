"""The loss of the other relays, as the host, the log and /metrics are told of it. Times are in s."""

import logging
from collections import Counter
from collections.abc import Callable
from time import monotonic
from typing import Final

SHOWN_AFTER_S: Final = 1.0
"""A loss that is over sooner is logged, and nobody is bothered with it."""

TellHosts = Callable[[str, str], None]
"""Is given a code and words."""

logger = logging.getLogger(__name__)


class Loss:
    """`begin` with each attempt that failed; `end` when all is well again."""

    def __init__(self, address: str, counts: Counter[str], tell_hosts: TellHosts) -> None:
        self.trouble = ""
        """In words, while it lasts."""
        self._address = address
        self._counts = counts
        self._tell_hosts = tell_hosts
        self._since_s: float | None = None
        self._is_told = False
        self._why = ""

    def begin(self, why: str) -> None:
        if self._since_s is None:
            self._since_s = monotonic()
            self._counts["lost"] += 1
            logger.warning(
                "NATS at %s is away: %s. Rooms go on with the members of this relay", self._address, why
            )
        self._why = why

    def tell(self, now_s: float) -> None:
        """The host, if it has lasted for a while."""
        if self._since_s is None or now_s - self._since_s < SHOWN_AFTER_S:
            return
        self.trouble = (
            f"The other relays can't be reached by NATS at {self._address}: {self._why}. Rooms go on with "
            "the members "
            "of this relay, and it is tried again until it works."
        )
        if not self._is_told:
            self._is_told = True
            words = (
                "The other relays of this service can't be reached: "
                "only members of this one are here for now."
            )
            self._tell_hosts("cluster-away", words)

    def end(self) -> None:
        if self._since_s is not None or not self._counts["connected"]:
            logger.info("this relay is one of a service, by NATS at %s", self._address)
        if self._is_told:
            self._tell_hosts("cluster-back", "The other relays of this service can be reached again.")
        self._counts["connected"] += 1
        self._since_s, self._is_told, self.trouble = None, False, ""
