"""A relay below a path of somebody else's site, as `--url https://example.org/voice/` says.

Some proxies take the path off before they pass a request on, and some leave it: the relay answers both. What
is left is taken off here, before a request is looked at, so that nothing else knows of it.
"""

from collections.abc import Callable, Iterable
from typing import Any

from aiohttp import web

from streamer.errors import SetupError

RequestFactory = Callable[..., web.BaseRequest]


def below(base: str, make: RequestFactory) -> RequestFactory:
    """`make`, for requests whose path may begin with `base`."""

    def make_below(*arguments: Any) -> web.BaseRequest:
        request = make(*arguments)
        rest = request.raw_path.removeprefix(base)
        if rest == request.raw_path or not rest.startswith("/") or rest.startswith("//"):
            return request
        return request.clone(rel_url=rest)

    return make_below if base else make


def check_base(base: str, paths: Iterable[str]) -> None:
    """Raises SetupError where the relay itself has something at or below `base`: nobody could tell which is
    meant."""
    if base and any(path == base or path.startswith(f"{base}/") for path in paths):
        raise SetupError(
            f"--url can't end with {base}/, because the relay itself has pages there: use another path"
        )


def canonical_paths(application: web.Application) -> list[str]:
    return [resource.canonical for resource in application.router.resources()]
