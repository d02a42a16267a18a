"""The key-value stores of a service in NATS; what is in which, and for how long."""

from typing import Final, NamedTuple, Self

from streamer.relay.cluster.bus import Bucket
from streamer.relay.cluster.lines import STORED
from streamer.relay.cluster.presence import PRESENT_S

LIVE_S: Final = 3.0
"""A sign of life that is older is of a relay that is gone."""

HOUR_S: Final = 3_600
"""For which a session can be resumed, and chat is kept."""


class Buckets(NamedTuple):
    """`live`: relays. `present`: members, floors. `hour`: sessions, slots. `kept`: decisions, invitations,
    tokens."""

    live: Bucket
    present: Bucket
    hour: Bucket
    kept: Bucket
    lines: Bucket

    @classmethod
    def of(cls, name: str) -> Self:
        """`name` is the service's."""
        begin = f"streamer-{name}"
        return cls(
            Bucket(f"{begin}-live", ttl_s=LIVE_S),
            Bucket(f"{begin}-present", ttl_s=PRESENT_S),
            Bucket(f"{begin}-hour", ttl_s=HOUR_S, on_disk=True),
            Bucket(f"{begin}-kept", on_disk=True),
            Bucket(f"{begin}-lines", ttl_s=HOUR_S, on_disk=True, history=STORED),
        )
