"""Who calls the HTTP interface, and what they may do there."""

from collections.abc import Iterable
from dataclasses import dataclass
from time import monotonic
from typing import Final

from aiohttp import hdrs, web

from streamer.errors import RefusedError
from streamer.relay.access.guesses import Guesses
from streamer.relay.access.invites import InviteStore
from streamer.relay.access.rate_limit import LeakyBucket
from streamer.relay.access.tokens import MAX_TOKENS, SCOPES, Scope, TokenStore

CALLS: Final = 200
CALLS_PER_S: Final = 50.0
"""Of one token: a dashboard that asks for all rooms at once, and goes on."""

HOST: Final = "host"
_SCHEME: Final = "bearer "


@dataclass(frozen=True, slots=True)
class Caller:
    """`room` is empty where all rooms are theirs; `id` is of the token, and HOST for the host's own key."""

    id: str
    name: str
    scopes: frozenset[Scope]
    room: str = ""

    def check(self, scope: Scope, room: str = "") -> None:
        """Raises RefusedError `no-scope`; where no `room` is named, all of them are meant."""
        if scope not in self.scopes:
            raise RefusedError(f"this token lacks the scope {scope}", status=403, code="no-scope")
        if self.room not in ("", room):
            raise RefusedError(f"this token is only for the room {self.room}", status=403, code="no-scope")


class Callers:
    """Known by `Authorization: Bearer`, with a token or with the host's own key."""

    def __init__(self, tokens: TokenStore, admission: InviteStore, guesses: Guesses) -> None:
        self._tokens = tokens
        self._admission = admission
        self._guesses = guesses
        self._buckets: dict[str, LeakyBucket] = {}

    def caller(self, request: web.Request) -> Caller:
        """Raises RefusedError: `token-required`, `token-wrong`, `too-many-guesses` or `too-many`."""
        header = request.headers.get(hdrs.AUTHORIZATION, "")
        secret = header[len(_SCHEME) :].strip() if header.lower().startswith(_SCHEME) else ""
        if not secret:
            message = "this needs a token: `Authorization: Bearer TOKEN`"
            raise RefusedError(message, status=401, code="token-required")
        caller = self._find(secret, request.remote or "")
        if caller.id not in self._buckets:
            self._forget(self._buckets if len(self._buckets) > MAX_TOKENS else ())
            self._buckets[caller.id] = LeakyBucket(CALLS, CALLS_PER_S)
        if not self._buckets[caller.id].try_take(monotonic()):
            raise RefusedError("this token is used too often: wait a second", status=429, code="too-many")
        return caller

    def is_good(self, caller: Caller) -> bool:
        """True if its token has not been revoked meanwhile."""
        return caller.id == HOST or self._tokens.has(caller.id)

    def _find(self, secret: str, address: str) -> Caller:
        token = self._tokens.find(secret)
        if token:
            return Caller(token.id, token.name, token.scopes, token.room)
        try:
            self._admission.check_host(secret)
        except RefusedError:
            self._guesses.wrong(address, monotonic())
            message = "this token is not known here: it was revoked, or is of another relay"
            raise RefusedError(message, status=403, code="token-wrong") from None
        return Caller(HOST, "Host", frozenset(SCOPES))

    def _forget(self, ids: Iterable[str]) -> None:
        """Of tokens that are gone."""
        for token_id in [each for each in ids if each != HOST and not self._tokens.has(each)]:
            del self._buckets[token_id]
