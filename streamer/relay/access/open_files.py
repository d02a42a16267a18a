"""How many connections there may be, by the open files that the system lets this process have."""

import sys
from dataclasses import dataclass
from typing import Final, Self

from streamer.relay.access.limits import RelayLimits

OWN_FILES: Final = 48
"""What a relay has open itself: the listener, the event loop, mDNS, its certificate, and some to spare."""
VISITORS_SHARE: Final = 4
"""Of the rest, one in four is for visitors, who are not members yet."""
KEPT_SHARE: Final = 8
"""Of the members' places, one in eight is for the host and for members that come back."""
MIN_VISITORS: Final = 8
"""A phone loads a page over six connections."""

NO_END: Final = 1_000_000
"""Where the system sets no limit: more than a relay can serve."""


@dataclass(frozen=True, slots=True)
class Places:
    """`visitors` are no members yet; of `members`, `kept` are places for the host and for members that come
    back."""

    visitors: int
    members: int
    kept: int

    @classmethod
    def of(cls, files: int, limits: RelayLimits) -> Self:
        """With so many open files at most."""
        rest = max(files - OWN_FILES, 0)
        visitors = int(min(limits.max_handshakes, max(rest // VISITORS_SHARE, MIN_VISITORS)))
        members = max(rest - visitors, 1)
        return cls(visitors, members, members // KEPT_SHARE)


def most_files() -> int:
    """As many files as this process may have open."""
    if sys.platform == "win32":
        return NO_END
    import resource

    now, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return NO_END if now == resource.RLIM_INFINITY else now
