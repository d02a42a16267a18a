"""How a refusal is told: in the form of PROTOCOL.md to pages and clients, as problem details to programs (RFC
9457)."""

from http import HTTPStatus
from typing import Any, Final

from streamer.errors import RefusedError

API: Final = "/api/"
PROBLEM_TYPE: Final = "application/problem+json"


def is_api(path: str) -> bool:
    return path.startswith(API)


def problem(refusal: RefusedError, base: str = "") -> dict[str, Any]:
    """`type` leads to the paragraph of the page /api/v1/ that explains it; `base` is what the relay is
    below."""
    return {
        "type": f"{base}/api/v1/#{refusal.code}",
        "title": HTTPStatus(refusal.status).phrase,
        "status": refusal.status,
        "detail": str(refusal),
        "code": refusal.code,
    }
