"""What `streamer serve` was asked for."""

from dataclasses import dataclass
from pathlib import Path

from streamer.relay.network.proxies import ProxyProtocol


@dataclass(frozen=True, slots=True)
class ServeOptions:
    """The options of `streamer serve`; `directory` is where keys and invitations are kept."""

    directory: Path
    rooms: tuple[str, ...]
    host: str | None = None
    port: int = 0
    no_tls: bool = False
    cert: Path | None = None
    key: Path | None = None
    url: str | None = None
    is_open: bool = False
    renew: bool = False
    invite_hours: float | None = None
    invite_uses: int | None = None
    allow_origins: tuple[str, ...] = ()
    mdns: bool = True
    http_port: int | None = None
    trust_proxies: tuple[str, ...] = ()
    proxy_protocol: str = ProxyProtocol.OPTIONAL
    record: Path | None = None
    """Where a host may have rooms recorded."""
    captions: bool = False
    other_relays: tuple[str, ...] = ()
    """Addresses of other relays of this service: members go there when this one stops."""
    cluster: str | None = None
    cluster_name: str = "default"
    cluster_credentials: Path | None = None
    cluster_ca: Path | None = None

    @property
    def renews(self) -> bool:
        return bool(self.renew or self.invite_hours or self.invite_uses)
