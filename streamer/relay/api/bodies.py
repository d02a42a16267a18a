"""What a call brings: a JSON object with known fields, the name of a room, a number."""

import json
from collections.abc import Mapping
from typing import Any, Final

from aiohttp import web

from streamer.errors import ControlError, RefusedError
from streamer.relay.access.sanitize import check_room_name
from streamer.wire.control import MAX_NESTING, is_deeper

MAX_JSON_BYTES: Final = 16_384
"""As of a control message: the longest text in the longest characters, and more."""

_FRESH: Final = {"Cache-Control": "no-store"}
_ID_DIGITS: Final = 16
"""Of the largest number that JavaScript holds."""

_JSON: Final = "application/json"


def answer(body: Any, status: int = 200, **headers: str) -> web.Response:
    return web.json_response(body, status=status, headers={**_FRESH, **headers})


async def read_object(
    request: web.Request, wanted: Mapping[str, type], optional: Mapping[str, type]
) -> dict[str, Any]:
    """The fields of the body, each of its type; of the optional ones only those that are there.

    Raises RefusedError `bad-type`, `too-big` or `bad-body`.
    """
    if request.content_type != _JSON:
        raise RefusedError(f"the body must be {_JSON}", status=415, code="bad-type")
    body = _parse(await _read(request))
    known = {**wanted, **optional}
    for name, value in body.items():
        if name not in known:
            raise _bad(f'there is no field "{name[:40]}" here')
        if type(value) is not known[name]:
            raise _bad(f'the field "{name}" is not of type {known[name].__name__}')
    missing = [name for name in wanted if name not in body]
    if missing:
        raise _bad(f'the field "{missing[0]}" is missing')
    return body


def check_lengths(fields: Mapping[Any, Any], most: Mapping[Any, int]) -> None:
    """As they came: what is left out of a text when it is cleaned counts, too. Raises RefusedError
    `bad-body`."""
    for name, most_characters in most.items():
        text = fields.get(name)
        if isinstance(text, str) and len(text) > most_characters:
            raise _bad(f'the field "{name}" has more than {most_characters} characters')


async def _read(request: web.Request) -> bytes:
    try:
        return await request.read()
    except web.HTTPRequestEntityTooLarge:
        raise RefusedError(
            f"the body has more than {MAX_JSON_BYTES} bytes", status=413, code="too-big"
        ) from None
    except RuntimeError:  # aiohttp's word for a peer that is gone
        raise RefusedError("the body ended early", status=400, code="bad-request") from None


def _parse(content: bytes) -> dict[str, Any]:
    try:
        body = json.loads(content)
        json.dumps(body, allow_nan=False, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        raise _bad("the body is not JSON") from None
    if not isinstance(body, dict):
        raise _bad("the body is not a JSON object")
    if is_deeper(body, MAX_NESTING):
        raise _bad("the body is nested too deeply")
    return body


def room_of(request: web.Request) -> str:
    """The name of the room in the path. Raises RefusedError `bad-room`."""
    return check_room_name(request.match_info["room"])


def id_of(request: web.Request) -> int:
    """The id in the path; 0, which nothing has, where it is no number."""
    text = request.match_info["id"]
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _ID_DIGITS else 0


def refusal_of(error: ControlError) -> RefusedError:
    """What a member would read as an `error`, as the answer to a call."""
    return RefusedError(str(error), status=429 if error.code == "too-fast" else 400, code=error.code)


def _bad(message: str) -> RefusedError:
    return RefusedError(message, status=400, code="bad-body")
