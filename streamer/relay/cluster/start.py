"""A relay's cluster, made of the options of `streamer serve`."""

import hashlib
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from streamer import __version__
from streamer.relay.access.invites import InviteStore
from streamer.relay.access.tokens import TokenStore
from streamer.relay.cluster.address import ClusterAddress
from streamer.relay.cluster.bus import check_library
from streamer.relay.cluster.cluster import Cluster
from streamer.relay.cluster.shared_keys import SharedKeys
from streamer.relay.rooms.decisions import Decisions


class Options(Protocol):
    """Of `streamer serve`."""

    @property
    def cluster(self) -> str | None: ...

    @property
    def cluster_name(self) -> str: ...

    @property
    def cluster_credentials(self) -> Path | None: ...

    @property
    def cluster_ca(self) -> Path | None: ...

    @property
    def directory(self) -> Path: ...

    @property
    def rooms(self) -> tuple[str, ...]: ...

    @property
    def renews(self) -> bool: ...


class Here(Protocol):
    """What of this relay the others share, and where people reach it."""

    admission: InviteStore
    tokens: TokenStore
    url: str
    trouble_elsewhere: Callable[[], str]


def cluster_of(options: Options, here: Here, decisions: Decisions, process: str = "") -> Cluster:
    """Raises SetupError where the options lead nowhere, or nats-py is missing.

    `process` names this one among those that share a directory, but not the tokens that each of them lends.
    """
    check_library()
    files = options.cluster_credentials, options.cluster_ca
    address = ClusterAddress.parse(options.cluster or "", options.cluster_name, *files)
    renews = options.rooms if options.renews else ()
    keys = SharedKeys(here.admission, here.tokens, _name_of(options.directory) + process, renews=renews)
    cluster = Cluster(address, __version__, lambda: here.url, keys, decisions)
    here.trouble_elsewhere = lambda: cluster.trouble
    return cluster


def _name_of(directory: Path) -> str:
    """The same at each start, and for all relays that share this folder and its tokens."""
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    found = directory.stat()
    words = f"{socket.gethostname()} {directory.resolve()} {found.st_dev} {found.st_ino}"
    return hashlib.sha256(words.encode(errors="replace")).hexdigest()[:16]
