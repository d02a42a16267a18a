"""Who may use a NATS server that knows its users by signed tokens alone, as `nsc` sets one up: without that
program.

An operator signs an account, the account signs a user, and the user's file has its token and the seed that
proves it (https://docs.nats.io/running-a-nats-service/configuration/securing_nats/auth_intro/jwt).
"""

import base64
import hashlib
import json
import os
from pathlib import Path
from time import time
from typing import Any

import nkeys


class Signer:
    """A key pair of one kind."""

    def __init__(self, prefix: int) -> None:
        self.seed: bytes = nkeys.encode_seed(os.urandom(32), prefix)
        self._keys = nkeys.from_seed(bytearray(self.seed))
        self.public: str = self._keys.public_key.decode()

    def sign(self, name: str, subject: str, about: dict[str, Any], ends_s: int = 0) -> str:
        """A token that says so of `subject`. Times are in s, and 0 is no end."""
        claims: dict[str, Any] = {
            "iat": int(time()),
            "iss": self.public,
            "name": name,
            "sub": subject,
            "nats": about,
        }
        claims |= {"exp": ends_s} if ends_s else {}
        claims["jti"] = (
            base64.b32encode(hashlib.sha256(json.dumps(claims).encode()).digest()).decode().rstrip("=")
        )
        header = {"typ": "JWT", "alg": "ed25519-nkey"}
        signed = ".".join(_encoded(json.dumps(part).encode()) for part in (header, claims))
        return f"{signed}.{_encoded(self._keys.sign(signed.encode()))}"


class Accounts:
    """`lines` belong into the configuration of the server that knows them."""

    def __init__(self) -> None:
        operator, system = Signer(nkeys.PREFIX_BYTE_OPERATOR), Signer(nkeys.PREFIX_BYTE_ACCOUNT)
        self._account = Signer(nkeys.PREFIX_BYTE_ACCOUNT)
        own = operator.sign(
            "house", operator.public, {"type": "operator", "version": 2, "system_account": system.public}
        )
        of_relays = operator.sign("relays", self._account.public, _account(storage=-1))
        of_system = operator.sign("system", system.public, _account(storage=0))
        self.lines = [
            f"operator: {own}",
            "resolver: MEMORY",
            f"resolver_preload: {{ {self._account.public}: {of_relays}, {system.public}: {of_system} }}",
            f"system_account: {system.public}",
        ]

    def write_user(self, path: Path, *, ends_s: int = 0, signer: Signer | None = None) -> Path:
        """The file of a user of the relays' account, or of another `signer`'s."""
        user = Signer(nkeys.PREFIX_BYTE_USER)
        about = {"type": "user", "version": 2, "subs": -1, "data": -1, "payload": -1, "pub": {}, "sub": {}}
        token = (signer or self._account).sign("relay", user.public, about, ends_s)
        path.write_text(
            f"-----BEGIN NATS USER JWT-----\n{token}\n------END NATS USER JWT------\n\n"
            f"-----BEGIN USER NKEY SEED-----\n{user.seed.decode()}\n------END USER NKEY SEED------\n"
        )
        return path


def _account(storage: int) -> dict[str, Any]:
    none = -1
    limits = {
        "subs": none, "data": none, "payload": none, "imports": none, "exports": none, "wildcards": True,
        "conn": none,
        "leaf": none, "mem_storage": storage, "disk_storage": storage, "streams": none, "consumer": none,
    }  # fmt: skip
    return {"type": "account", "version": 2, "limits": limits}


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
