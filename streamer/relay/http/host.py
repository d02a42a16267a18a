"""Where a request was sent to, as it says itself."""

from collections.abc import Sequence

from aiohttp import hdrs, web

from streamer.errors import RefusedError
from streamer.relay.http.origins import Origin


def host_of(request: web.BaseRequest) -> str:
    """Host and port of the header Host; without one, aiohttp would ask the name service, and wait for
    it.

    Raises RefusedError where there is not exactly one, or it is no host (RFC 9112, section 3.2).
    """
    return one_host(request.headers.getall(hdrs.HOST, []))


def one_host(hosts: Sequence[str]) -> str:
    """Raises RefusedError as `host_of` does."""
    if len(hosts) != 1 or Origin.parse(f"http://{hosts[0]}") is None:
        raise RefusedError(
            "a request must have exactly one Host header that names a host", status=400, code="bad-host"
        )
    return hosts[0]
