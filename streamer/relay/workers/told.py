"""What a worker is told when it starts: the first message on its channel. Only its parent writes there."""

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final, Self

from streamer.relay.access.limits import RelayLimits
from streamer.relay.options import ServeOptions

_PATHS: Final = ("directory", "cert", "key", "record", "cluster_credentials", "cluster_ca")
_TUPLES: Final = ("rooms", "allow_origins", "trust_proxies", "other_relays")


@dataclass(frozen=True, slots=True)
class Told:
    """`port` is the parent's, `own_port` the worker's, 0 for a free one; `parent` is a process id.

    `has_address`: people can go to the worker's own port. `options` are as typed.
    """

    number: int
    parent: int
    port: int
    own_port: int
    has_address: bool
    options: ServeOptions
    limits: RelayLimits

    def serialize(self) -> bytes:
        return json.dumps(asdict(self), default=str).encode()

    @classmethod
    def parse(cls, data: bytes) -> Self:
        fields: dict[str, Any] = json.loads(data)
        options: dict[str, Any] = fields.pop("options")
        for name in _PATHS:
            options[name] = Path(options[name]) if options[name] is not None else None
        for name in _TUPLES:
            options[name] = tuple(options[name])
        limits = RelayLimits(**fields.pop("limits"))
        return cls(options=ServeOptions(**options), limits=limits, **fields)

    @property
    def worker_options(self) -> ServeOptions:
        """Those of the relay that the worker runs. What is done once for all of them, its parent does."""
        return replace(
            self.options, port=self.own_port, mdns=False, captions=False,
            renew=False, invite_hours=None, invite_uses=None,
        )  # fmt: skip
