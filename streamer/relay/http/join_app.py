"""How a phone comes to trust this relay: the join page over plain HTTP, and what it needs.

Before a phone trusts the relay there is nothing else it can be shown without a warning. So this serves the
join page, the certificate authority to install, and nothing more; whoever wants anything else is sent to
HTTPS. The page watches by itself whether trust works, for pages and for sockets apart: iOS lets one pass
without the other. Programs take the authority in PEM.
"""

import plistlib
import ssl
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from aiohttp import web

from streamer.relay.http.host import host_of
from streamer.relay.http.middleware import Answers, asset_answer
from streamer.relay.http.origins import Origins
from streamer.relay.http.static_files import Asset
from streamer.relay.tls.authority import fingerprint_of_pem

JOIN_PAGE: Final = "/join.html"
JOIN_FILES: Final = ("/join/", "/ui/", "/styles/", "/icons/", "/images/", "/shared/")
PROBE: Final = "/trust"
HTTPS_PORT: Final = 443
"""A link that names none means this one."""

_FOR_ANYONE: Final = {"Access-Control-Allow-Origin": "*", "Cross-Origin-Resource-Policy": "cross-origin"}
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self' https://{0} wss://{0}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


async def probe(request: web.Request) -> web.StreamResponse:
    """Over HTTPS: only the proof that this browser gets through, with a request or with a WebSocket."""
    if "Upgrade" not in request.headers:
        return web.Response(status=204, headers=_FOR_ANYONE)
    socket = web.WebSocketResponse(autoping=False, max_msg_size=1)
    await socket.prepare(request)
    await socket.close()
    return socket


class JoinPage:
    """The application behind the plain-HTTP door. `authority` is what phones may install, or None.

    It is read once: what becomes of the file while the relay runs must not part it from the certificate that
    serves.
    """

    def __init__(self, page: Mapping[str, Asset], authority: Path | None) -> None:
        self._page = {path: asset for path, asset in page.items() if path.startswith(JOIN_FILES)}
        self._page |= {"/": page[JOIN_PAGE]}
        self._authority = authority.read_text() if authority else None
        self.secure_port: int | None = None
        """Where TLS is, if this page has a port of its own."""

    def application(self) -> web.Application:
        application = web.Application(middlewares=[Answers(Origins()).middleware])
        application.router.add_get("/trust.json", self._facts)
        application.router.add_get("/ca.crt", self._certificate)
        application.router.add_get("/ca.pem", self._pem)
        application.router.add_get("/ca.mobileconfig", self._profile)
        application.router.add_route("*", "/{path:.*}", self._file)
        return application

    async def _file(self, request: web.Request) -> web.StreamResponse:
        asset = self._page.get(request.path)
        if asset is None or request.method not in ("GET", "HEAD"):
            location = f"https://{self._secure_host(request)}{request.rel_url}"
            # For now only: a browser that keeps it could not come in once the relay serves without TLS.
            raise web.HTTPTemporaryRedirect(location, headers={"Cache-Control": "no-store"})
        answer = asset_answer(request, asset)
        answer.headers["Content-Security-Policy"] = _POLICY.format(self._secure_host(request))
        return answer

    def _secure_host(self, request: web.Request) -> str:
        """Host and port of the relay itself, for who asked here: this port, as they know it, or the one
        beside it."""
        asked = host_of(request)
        here = request.get_extra_info("sockname", (None, None))[1]
        if self.secure_port in (None, here):
            return asked
        name = asked if asked.endswith("]") else asked.rpartition(":")[0] or asked
        return name if self.secure_port == HTTPS_PORT else f"{name}:{self.secure_port}"

    async def _facts(self, request: web.Request) -> web.StreamResponse:
        fingerprint = fingerprint_of_pem(self._authority) if self._authority else None
        return web.json_response({"fingerprint": fingerprint, "host": self._secure_host(request)})

    async def _certificate(self, request: web.Request) -> web.StreamResponse:
        return web.Response(
            body=ssl.PEM_cert_to_DER_cert(self._read_authority()),
            content_type="application/x-x509-ca-cert",
            headers={"Content-Disposition": 'attachment; filename="streamer-ca.crt"'},
        )

    async def _pem(self, request: web.Request) -> web.StreamResponse:
        return web.Response(text=self._read_authority(), content_type="application/x-pem-file")

    async def _profile(self, request: web.Request) -> web.StreamResponse:
        profile = apple_profile(ssl.PEM_cert_to_DER_cert(self._read_authority()))
        return web.Response(body=profile, content_type="application/x-apple-aspen-config")

    def _read_authority(self) -> str:
        if self._authority is None:
            raise web.HTTPNotFound(
                reason="this relay has a certificate of its own; there is no authority to install"
            )
        return self._authority


def apple_profile(certificate: bytes) -> bytes:
    """A configuration profile that installs `certificate` (Apple, Configuration Profile Reference)."""
    name = "Voice on this Wi-Fi (streamer)"
    identity = uuid.uuid5(uuid.NAMESPACE_OID, certificate.hex())
    payload = {
        "PayloadType": "com.apple.security.root",
        "PayloadIdentifier": "streamer.ca.root",
        "PayloadUUID": str(uuid.uuid5(identity, "root")),
        "PayloadVersion": 1,
        "PayloadDisplayName": name,
        "PayloadContent": certificate,
    }
    profile = {
        "PayloadType": "Configuration",
        "PayloadIdentifier": "streamer.ca",
        "PayloadUUID": str(identity),
        "PayloadVersion": 1,
        "PayloadDisplayName": name,
        "PayloadDescription": "Lets this device trust the voice relay on your network, "
        "and nothing outside of it.",
        "PayloadContent": [payload],
    }
    return plistlib.dumps(profile)
