"""A relay's cluster, made of the options of `streamer serve`."""

import hashlib
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from streamer.relay.access.invites import InviteStore
from streamer.relay.access.tokens import TokenStore
from streamer.relay.cluster.address import ClusterAddress
from streamer.relay.cluster.bus import check_library
from streamer.relay.cluster.cluster import Cluster
from streamer.relay.cluster.shared_keys import SharedKeys
from streamer.relay.rooms.decisions import Decisions


@dataclass(frozen=True, slots=True)
class Here:
    """What of this relay the others share: see SharedKeys and Rules. `renews` are rooms with new invitations."""

    admission: InviteStore
    tokens: TokenStore
    decisions: Decisions
    directory: Path
    renews: tuple[str, ...]


def make_cluster(
    url: str,
    name: str,
    credentials: Path | None,
    ca_file: Path | None,
    here: Here,
    version: str,
    own_url: Callable[[], str],
) -> Cluster:
    """Raises SetupError where the options lead nowhere, or nats-py is missing."""
    check_library()
    address = ClusterAddress.parse(url, name, credentials, ca_file)
    keys = SharedKeys(here.admission, here.tokens, _name_of(here.directory), renews=here.renews)
    return Cluster(address, version, own_url, keys, here.decisions)


def _name_of(directory: Path) -> str:
    """The same at each start, and for all relays that share this folder and its tokens."""
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    found = directory.stat()
    words = f"{socket.gethostname()} {directory.resolve()} {found.st_dev} {found.st_ino}"
    return hashlib.sha256(words.encode(errors="replace")).hexdigest()[:16]
