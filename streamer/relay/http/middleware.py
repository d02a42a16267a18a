"""What all answers of the relay have in common: headers that keep browsers careful, and refusals in words,
counted."""

from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final

from aiohttp import hdrs, web

from streamer.errors import RefusedError
from streamer.relay.access.source import plain_address
from streamer.relay.http.health import is_health
from streamer.relay.http.host import host_of, one_host
from streamer.relay.http.origins import Origins
from streamer.relay.http.plain_request import PlainRequest
from streamer.relay.http.problems import PROBLEM_TYPE, is_api, problem
from streamer.relay.http.static_files import Asset
from streamer.relay.http.upgrade import VERSION
from streamer.relay.network.forwarded import real_address
from streamer.relay.network.proxies import TrustedProxies
from streamer.relay.network.visitor import Visitor, visitor_of

_POLICY: Final = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; connect-src 'self'{others}; "
    "img-src 'self' data:; media-src 'self' blob:; worker-src 'self'; manifest-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS: Final = {
    "Cache-Control": "no-cache",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "microphone=(self), camera=(), geolocation=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
"""No Strict-Transport-Security: it would block *Proceed* for people who have not installed the authority."""

_PIECE_BYTES: Final = 256 * 1024
"""Encrypted in 2 ms by a small computer, which is for as long as a file may hold up voices."""

_SAFE: Final = ("GET", "HEAD", "OPTIONS")

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Answers:
    """Stands between every request and its handler."""

    def __init__(self, origins: Origins, proxies: TrustedProxies | None = None) -> None:
        self.refusals: Counter[str] = Counter()
        self.claim: Callable[[web.Request, Visitor | None], bool] = lambda request, visitor: False
        """Whether a request is of somebody who was let in already, whose own limits it counts for then."""
        self._origins = origins
        self._headers = _HEADERS
        self.follow_others()
        self._proxies = proxies or TrustedProxies()

    def follow_others(self) -> None:
        """The page may reach the other relays, as they are now."""
        policy = _POLICY.format(others=self._origins.others.sources)
        self._headers = {**_HEADERS, "Content-Security-Policy": policy}

    def count(self, code: str) -> None:
        """A refusal that was no answer to a request."""
        self.refusals[code] += 1

    @web.middleware
    async def middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        visitor = visitor_of(request)
        request, trouble = self._told_by_proxies(request, visitor)
        is_member = self.claim(request, visitor)
        if visitor and not await visitor.begin_request(
            may_be_long=_may_be_long(request), is_member=is_member
        ):
            return web.Response(status=408)  # which nobody reads
        origin = request.headers.get("Origin")
        try:
            response = await self._answer(request, handler, origin, trouble)
        except RefusedError as refusal:
            self.refusals[refusal.code] += 1
            response = self._refused(refusal, request.path)
        except web.HTTPError as refused:
            bad = RefusedError(refused.reason, status=refused.status, code="bad-request")
            response = self._refused(bad, request.path)
            if hdrs.ALLOW in refused.headers:
                response.headers[hdrs.ALLOW] = refused.headers[hdrs.ALLOW]
        except (web.RequestPayloadError, ConnectionError):
            broken = RefusedError("the body ended early, or is malformed", status=400, code="bad-request")
            response = self._refused(broken, request.path)
        response.headers.update(
            {name: value for name, value in self._headers.items() if name not in response.headers}
        )
        if origin and self._origins.is_foreign(origin):
            response.headers.update(_cors(origin))
        if visitor:
            visitor.end_request()
            if not visitor.is_fresh:
                response.force_close()
        return response

    def _told_by_proxies(
        self, request: web.Request, visitor: Visitor | None
    ) -> tuple[web.Request, RefusedError | None]:
        """`request` with the address that it counts for as `remote`, and why its proxy is not believed, if
        so."""
        address = visitor.peer if visitor else plain_address(request.remote or "")
        trouble = None
        if self._proxies.trusts(address):
            forwarded, by_custom = (
                request.headers.getall(name, []) for name in ("Forwarded", "X-Forwarded-For")
            )
            try:
                address = real_address(address, forwarded, by_custom, self._proxies)
            except RefusedError as refusal:
                trouble = refusal
        if visitor:
            visitor.asks_from(address)
        return (request if address == request.remote else request.clone(remote=address)), trouble

    def lets_on(self, visitor: Visitor, request: PlainRequest) -> bool:
        """True if a member's request would get to its handler. It counts for whom its proxy names, from now
        on."""
        named = request.fields.get
        try:
            address = real_address(
                visitor.peer, named("forwarded", []), named("x-forwarded-for", []), self._proxies
            )
            asked = one_host(named("host", []))
            if request.method not in _SAFE:
                self._origins.check(request.field("origin"), asked)
        except RefusedError:
            return False
        visitor.asks_from(address)
        return True

    def headers(self, origin: str | None) -> dict[str, str]:
        """Of an answer that is written past aiohttp; `origin` is of the page that asks."""
        return (
            {**self._headers, **_cors(origin)}
            if origin and self._origins.is_foreign(origin)
            else self._headers
        )

    def _refused(self, refusal: RefusedError, path: str) -> web.Response:
        return _refused(refusal, path, self._origins.path)

    async def _answer(
        self, request: web.Request, handler: Handler, origin: str | None, trouble: RefusedError | None
    ) -> web.StreamResponse:
        if trouble:
            raise trouble
        asked = "" if is_health(request.path) and hdrs.HOST not in request.headers else host_of(request)
        if request.method not in _SAFE:
            self._origins.check(origin, asked)
        return await handler(request)


def asset_answer(request: web.Request, asset: Asset) -> web.Response:
    """A file of the page, compressed where the browser can take that."""
    headers = {"ETag": asset.etag, "Vary": "Accept-Encoding", "Content-Type": asset.content_type}
    if request.headers.get("If-None-Match") == asset.etag:
        return web.Response(status=304, headers=headers)
    if asset.gzipped is not None and "gzip" in request.headers.get("Accept-Encoding", ""):
        return web.Response(body=asset.gzipped, headers={**headers, "Content-Encoding": "gzip"})
    if len(asset.body) <= _PIECE_BYTES:
        return web.Response(body=asset.body, headers=headers)
    return web.Response(body=_pieces(asset.body), headers={**headers, "Content-Length": str(len(asset.body))})


async def _pieces(body: bytes) -> AsyncIterator[bytes]:
    for begin in range(0, len(body), _PIECE_BYTES):
        yield body[begin : begin + _PIECE_BYTES]


def _may_be_long(request: web.Request) -> bool:
    """Only what brings a sound; whether it may, is decided when it is its turn."""
    return (
        request.method == hdrs.METH_POST and is_api(request.path) and request.path.endswith("/announcements")
    )


def _refused(refusal: RefusedError, path: str, base: str) -> web.Response:
    if is_api(path):
        challenge = {hdrs.WWW_AUTHENTICATE: "Bearer"} if refusal.status == 401 else None
        details = problem(refusal, base)
        return web.json_response(details, status=refusal.status, content_type=PROBLEM_TYPE, headers=challenge)
    body = {"error": refusal.code, "message": str(refusal)}
    headers = {"Sec-WebSocket-Version": VERSION} if refusal.code == "bad-handshake" else None
    return web.json_response(body, status=refusal.status, headers=headers)


def _cors(origin: str) -> dict[str, str]:
    """What lets an allowed page read our files and load our modules."""
    return {
        "Access-Control-Allow-Origin": origin,
        "Cross-Origin-Resource-Policy": "cross-origin",
        "Vary": "Accept-Encoding, Origin",
    }
