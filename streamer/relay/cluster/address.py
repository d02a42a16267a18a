"""Where the NATS server of a cluster is, and by which name the relays of one service find each other
there."""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self
from urllib.parse import unquote, urlsplit

from streamer.errors import SetupError

_PORTS: Final = {"nats": 4222, "tls": 4222}
_EXAMPLE: Final = "the address of a cluster looks like nats://HOST:4222 or tls://USER:PASSWORD@HOST:4222"
_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,32}", re.ASCII)
"""What NATS takes as a part of a subject and of the name of a bucket."""


@dataclass(frozen=True, slots=True)
class ClusterAddress:
    """A NATS server, and the name of the service. What `str` gives holds no password."""

    host: str
    port: int
    secure: bool
    name: str
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    credentials: Path | None = None
    ca_file: Path | None = None

    @classmethod
    def parse(
        cls, url: str, name: str, credentials: Path | None = None, ca_file: Path | None = None
    ) -> Self:
        """Raises SetupError where `url` leads to no NATS server; its words hold no password."""
        if not _NAME.fullmatch(name):
            raise SetupError("the name of a cluster is 1 to 32 of A–Z a–z 0–9 _ -")
        if not url.isprintable():
            raise SetupError(f"the address of the cluster contains invalid characters; {_EXAMPLE}")
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            raise SetupError(f"the address of the cluster can't be read; {_EXAMPLE}") from None
        if parts.scheme not in _PORTS:
            raise SetupError(f"the address of the cluster does not begin with nats:// or tls://; {_EXAMPLE}")
        if not parts.hostname or port == 0 or parts.path not in ("", "/") or parts.query or parts.fragment:
            raise SetupError(f"the address of the cluster must be just host and port; {_EXAMPLE}")
        for file, option in ((credentials, "--cluster-credentials"), (ca_file, "--cluster-ca")):
            if file is not None and not file.is_file():
                raise SetupError(f"there is no file {file}, which {option} names")
        user = unquote(parts.username) if parts.username is not None else None
        password = unquote(parts.password) if parts.password is not None else None
        return cls(
            parts.hostname, port or _PORTS[parts.scheme], parts.scheme == "tls", name, user, password,
            credentials, ca_file,
        )  # fmt: skip

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'tls' if self.secure else 'nats'}://{host}:{self.port}"
