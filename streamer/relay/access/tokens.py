"""Tokens, by which programs and devices come in and use the HTTP interface.

A token is shown once, when it is made; the file keeps only its SHA-256. It is 192 random bits, so that the
digest needs no salt and no slow hash. The file is read again whenever it has changed: tokens are made and
revoked while the relay runs.

    {"tokens": [{"id": ID, "name": NAME, "scopes": [SCOPE…], "room": ROOM or "", "sha256": HEX, "created_s":
    UNIX_S}]}
"""

import hashlib
import hmac
import json
import secrets
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Literal, cast, get_args

from streamer.errors import RefusedError, SetupError
from streamer.relay.access.invites import Right
from streamer.relay.access.sanitize import check_room_name, clean_name
from streamer.relay.state_files import locked, read_file, shortly, write_file

Scope = Literal["read", "notify", "speak", "moderate", "command", "caption", "record"]
SCOPES: Final[tuple[Scope, ...]] = get_args(Scope)
_TO_BE_IN: Final = ("read", "speak", "moderate")
BEYOND_TALKING: Final = tuple(scope for scope in SCOPES if scope not in _TO_BE_IN)
"""What a member who is in may send only with that scope, or as a host: whatever does not say as what one
comes in."""

TOKENS_FILE: Final = "tokens.json"
MAX_TOKENS: Final = 256
"""Each is compared with what somebody shows: that takes about 0.1 ms then."""

_SECRET_BYTES: Final = 24
_ID_BYTES: Final = 4
_MAX_SHOWN: Final = 128
"""Characters of a token that is looked at; ours have 32."""

_END_OF_TIME_S: Final = 2**37
"""The year 6325: calendars end soon behind it."""

_RIGHTS: Final[dict[Scope, Right]] = {
    "moderate": Right.HOST,
    "speak": Right.GUEST,
    "read": Right.LISTENER,
    "caption": Right.LISTENER,
    "record": Right.LISTENER,
}
"""As what a token lets its bearer in; the first scope that it has."""

_Stamp = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Token:
    """`room` is empty where it is good for all rooms; `digest` is the SHA-256 of the secret, in
    hexadecimal."""

    id: str
    name: str
    scopes: frozenset[Scope]
    room: str
    sha256: str
    created_s: int

    def is_for(self, room: str) -> bool:
        return self.room in ("", room)

    @property
    def fields(self) -> dict[str, Any]:
        """As they are kept."""
        return {**asdict(self), "scopes": sorted(self.scopes)}

    @classmethod
    def parse(cls, fields: Any) -> "Token":
        """Raises ValueError, TypeError, KeyError or RefusedError for what is no token."""
        texts = [fields[name] for name in ("id", "name", "room", "sha256")]
        created_s = fields["created_s"]
        if not all(isinstance(text, str) for text in texts) or type(created_s) is not int:
            raise TypeError("a field of a token is of the wrong kind")
        if not 0 <= created_s < _END_OF_TIME_S:
            raise ValueError("a token was made at a time that is none")
        room = fields["room"] and check_room_name(fields["room"])
        return cls(texts[0], clean_name(texts[1]), check_scopes(fields["scopes"]), room, texts[3], created_s)


@dataclass(frozen=True, slots=True)
class Grant:
    """As what somebody comes into a room, and by which token; `token_id` is empty where an invitation let it
    in."""

    right: Right
    scopes: frozenset[Scope] = frozenset()
    token_id: str = ""


def check_scopes(scopes: Iterable[str]) -> frozenset[Scope]:
    """Raises ValueError if one is unknown, or if there are none."""
    found = [each for each in scopes if each]
    unknown = [each for each in found if each not in SCOPES]
    if unknown or not found:
        raise ValueError(
            f"a scope is one of {', '.join(SCOPES)}" + (f", not {unknown[0]}" if unknown else "")
        )
    return frozenset(cast(list[Scope], found))


class TokenStore:
    """The tokens in `path`; none without one. `trouble` says what is wrong with the file, in words."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._tokens: dict[str, Token] = {}
        self._lent: dict[str, Token] = {}
        self._stamp: _Stamp | None = None
        self.trouble = ""
        self.changes = 0
        """How often the tokens were others than before."""
        self.on_changed: Callable[[], None] = lambda: None
        self._shared: dict[str, Token] = {}
        self.refresh()

    def refresh(self) -> None:
        """Read the file again if it has changed. What is damaged changes nothing."""
        stamp = self._find_stamp()
        if stamp == self._stamp:
            return
        self._stamp = stamp
        before = self._tokens
        try:
            self._tokens = {token.id: token for token in self._read()}
            self.trouble = ""
        except SetupError as error:
            self.trouble = f"{error}. This relay continues with the tokens it has."
        if self._tokens != before:
            self.changes += 1
            self.on_changed()

    def share(self, tokens: Iterable[Token]) -> None:
        """Those of other relays, which are good here, too."""
        before, self._shared = self._shared, {token.id: token for token in tokens}
        self.changes += self._shared != before

    def find(self, secret: str) -> Token | None:
        """The token that `secret` is of. Takes as long for a wrong one as for a right one."""
        self.refresh()
        digest = _digest(secret[:_MAX_SHOWN])
        found = None
        for token in (*self._tokens.values(), *self._shared.values(), *self._lent.values()):
            if hmac.compare_digest(token.sha256.encode(), digest.encode()):
                found = token
        return found

    def admit(self, secret: str, room: str) -> Grant:
        """As what `secret` lets one into `room`. Raises RefusedError: `token-wrong`, or `no-scope`."""
        token = self.find(secret)
        if token is None:
            message = "this token is not known here: it was revoked, or is of another relay"
            raise RefusedError(message, status=403, code="token-wrong")
        right = next((right for scope, right in _RIGHTS.items() if scope in token.scopes), None)
        if right is None or not token.is_for(room):
            message = f"this token does not let anybody into the room {room}"
            raise RefusedError(message, status=403, code="no-scope")
        return Grant(right, token.scopes, token.id)

    def has(self, token_id: str) -> bool:
        return token_id in self._tokens or token_id in self._shared or token_id in self._lent

    def lend(self, name: str, scopes: frozenset[Scope], room: str, now_s: float) -> tuple[str, str]:
        """The id and the secret of a token for a child process of the relay's, which no file keeps."""
        secret = secrets.token_urlsafe(_SECRET_BYTES)
        token = Token(secrets.token_hex(_ID_BYTES), name, scopes, room, _digest(secret), int(now_s))
        self._lent[token.id] = token
        self.on_changed()
        return token.id, secret

    def take_back(self, token_id: str) -> None:
        """That process has ended."""
        self._lent.pop(token_id, None)
        self.on_changed()

    @property
    def all(self) -> list[Token]:
        return list(self._tokens.values())

    @property
    def valid_here(self) -> list[Token]:
        """Those of this relay, also for its children: the others let them in, too."""
        return [*self._tokens.values(), *self._lent.values()]

    def create(self, name: str, scopes: frozenset[Scope], room: str, now_s: float) -> tuple[Token, str]:
        """A new one, and its secret, which is kept nowhere. Raises SetupError; RefusedError for a bad room or
        name."""
        secret = secrets.token_urlsafe(_SECRET_BYTES)
        room = check_room_name(room) if room else ""
        token = Token(
            secrets.token_hex(_ID_BYTES), clean_name(name), scopes, room, _digest(secret), int(now_s)
        )
        with locked(self._required.parent):
            kept = self._read()
            if len(kept) >= MAX_TOKENS:
                raise SetupError(f"there are {MAX_TOKENS} tokens already: revoke some of them first")
            self._write([*kept, token])
        return token, secret

    def revoke(self, token_id: str) -> Token | None:
        """Revoke the token with this id and return it; None if no token has it. Raises SetupError."""
        with locked(self._required.parent):
            kept = self._read()
            revoked = next((token for token in kept if token.id == token_id), None)
            if revoked:
                self._write([token for token in kept if token is not revoked])
        return revoked

    @property
    def _required(self) -> Path:
        assert self._path
        return self._path

    def _find_stamp(self) -> _Stamp | None:
        try:
            found = self._path.stat() if self._path else None
        except FileNotFoundError:
            return None
        except OSError as error:  # reading it will say what is wrong
            return (0, 0, -(error.errno or 1))
        return (found.st_mtime_ns, found.st_size, found.st_ino) if found else None

    def _read(self) -> list[Token]:
        content = read_file(self._path) if self._path else None
        if content is None:
            return []
        try:
            return [Token.parse(fields) for fields in json.loads(content)["tokens"]][:MAX_TOKENS]
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError, RefusedError) as error:
            raise SetupError(
                f"{self._path} can't be read ({shortly(error)}): remove it, and make new tokens"
            ) from None

    def _write(self, tokens: list[Token]) -> None:
        write_file(self._required, json.dumps({"tokens": [token.fields for token in tokens]}).encode())
        self.refresh()


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode(errors="replace")).hexdigest()
