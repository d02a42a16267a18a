"""What the HTTP interface says of itself: its OpenAPI file, and a page for people, which is made of that
file."""

import json
from collections.abc import Iterator
from html import escape
from importlib.resources import files
from typing import Any, Final

from aiohttp import web

DOCUMENT: Final = "openapi.json"


class Description:
    """Anybody may read it: nothing in it is of this relay but the path `base`, which it is below."""

    def __init__(self, base: str = "") -> None:
        document = json.loads(files("streamer.relay.api").joinpath(DOCUMENT).read_text(encoding="utf-8"))
        for server in document["servers"]:
            server["url"] = base + server["url"]
        self._json = json.dumps(document, ensure_ascii=False, indent=1).encode()
        self._page = "".join(_page(document)).encode()

    def add_to(self, router: web.UrlDispatcher, prefix: str) -> None:
        router.add_get(f"{prefix}/{DOCUMENT}", self._tell, allow_head=False)
        router.add_get(f"{prefix}/", self._show, allow_head=False)

    async def _tell(self, request: web.Request) -> web.StreamResponse:
        return web.Response(body=self._json, content_type="application/json")

    async def _show(self, request: web.Request) -> web.StreamResponse:
        return web.Response(body=self._page, content_type="text/html", charset="utf-8")


def _page(document: dict[str, Any]) -> Iterator[str]:
    info = document["info"]
    yield '<!DOCTYPE html><html lang="en"><meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width">'
    for style in ("tokens", "small_pages"):
        yield f'<link rel="stylesheet" href="../../styles/{style}.css">'
    yield f"<title>{escape(info['title'])}</title><main><h1>{escape(info['title'])}</h1>"
    yield f'<p>{escape(info["description"])}</p><p><a href="{DOCUMENT}">{DOCUMENT}</a> (OpenAPI)</p>'
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if isinstance(operation, dict) and "responses" in operation:
                yield from _operation(method, path, operation)
    yield "<h2>Refusals</h2><dl>"
    for code, meaning in document["x-codes"].items():
        yield f'<dt id="{escape(code)}"><code>{escape(code)}</code></dt><dd>{escape(meaning)}</dd>'
    yield "</dl></main></html>"


def _operation(method: str, path: str, operation: dict[str, Any]) -> Iterator[str]:
    name = f"{method.upper()} {path}"
    yield f"<h2><code>{escape(name)}</code></h2><p>{escape(operation['summary'])}</p>"
    yield f"<p>{escape(operation.get('description', ''))}</p><ul>"
    for status, response in operation["responses"].items():
        words = response.get("description") or response["$ref"].rpartition("/")[2]
        yield f"<li>{escape(status)}: {escape(words)}</li>"
    yield "</ul>"
