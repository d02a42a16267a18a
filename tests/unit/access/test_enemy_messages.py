"""Every control message with every field forged in turn: the relay answers in words, and passes on only what
it says.

The messages, and what is good in each field, are derived from the protocol's types; so a new message is tried
too.
"""

import asyncio
import json
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, get_args, get_type_hints

import aiohttp
import pytest
from relay_fixture import HOST_KEY, PATIENCE_S, Guest, House
from test_api import token

from streamer.relay.access.limits import RelayLimits
from streamer.relay.access.tokens import TokenStore
from streamer.wire.close_codes import LEFT, REMOVED
from streamer.wire.control import FROM_CLIENT, FROM_RELAY, MAX_INTEGER, parse
from streamer.wire.messages import FromClient, FromHost

NUMBERS = ["0", "-1", "9007199254740991", "-9007199254740991", "9007199254740992", "1" + "0" * 400]
TEXTS = [
    "",
    " ",
    "a",
    "a" * 600,
    "a" * 9_000,
    "\u202etxt.exe",
    "<img src=x onerror=alert(1)>",
    "\0",
    "a\nb\rc",
]
TEXTS += ["\x1b[2J\x1b]0;x\x07", "\u200b\u2060", "e" + "\u0301" * 200, "\U0001d160" * 300, "../../etc/passwd"]
LISTS = ["[]", "[null]", '["a",1]', '[["a"]]', r'["\u202e","\u200b","","a\nb"]', r'["\ud800"]', "[1e999]"]
LISTS += ["[" + '"a",' * 3_000 + '"a"]', "[" * 500 + "]" * 500]
OBJECTS = ["{}", '{"a":1e999}', '{"a":{"b":[-1e999]}}', r'{"\ud800":"\ud800"}', r'{"a":"\u202e\u0000\n"}']
OBJECTS += [
    '{"":1}',
    '{"a":1,"a":2}',
    '{"__proto__":{"a":1}}',
    '{"a":9007199254740992}',
    '{"a":' * 300 + "1" + "}" * 300,
]
FORGED: Final[dict[type, list[str]]] = {
    int: [*NUMBERS, "0.5", "1e999", "NaN", "true"],
    str: [*map(json.dumps, TEXTS), r'"\ud800"', r'"a\udfffb"', "[]"],
    bool: ["true", "false", "1", '"true"'],
    list: [*LISTS, "{}"],
    dict: [*OBJECTS, "null", "[]"],
}
GOOD: Final[dict[type, Any]] = {int: 1, str: "a", bool: True, list: ["a"], dict: {"a": 1}}
OF_HOSTS: Final = {kind for each in get_args(FromHost) for kind in get_args(get_type_hints(each)["type"])}


def good(kind: str) -> dict[str, Any]:
    """A message of this kind in which each field has a proper value."""
    message: dict[str, Any] = {"type": kind}
    [typed] = [each for each in get_args(FromClient) if get_args(get_type_hints(each)["type"]) == (kind,)]
    for name, wanted in FROM_CLIENT[kind].items():
        choices = get_args(get_type_hints(typed)[name])
        message[name] = (
            choices[0] if wanted is str and choices and isinstance(choices[0], str) else GOOD[wanted]
        )
    return message


def forged(kind: str) -> Iterator[str]:
    message = good(kind)
    for name, wanted in FROM_CLIENT[kind].items():
        for value in FORGED[wanted]:
            rest = {other: each for other, each in message.items() if other != name}
            yield f"{json.dumps(rest)[:-1]},{json.dumps(name)}:{value}}}"
        yield json.dumps({other: each for other, each in message.items() if other != name})
    yield json.dumps({**message, "talker_id": 1, "host": True, "name": "The relay", "received_us": 1})


def check_told(text: str) -> None:
    """It is what the protocol says, in numbers and characters that every client can take."""
    json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is not JSON: {text[:200]}"))
    message: Any = parse(text, FROM_RELAY)
    assert message["type"] in FROM_RELAY
    own = {name: value for name, value in message.items() if name != "arguments"}  # of programs, for programs
    for value in leaves(own):
        if isinstance(value, str):
            odd = [
                character
                for character in value
                if unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp")
            ]
            assert set(odd) <= {"\n"}, ascii(value)
            assert not any(
                unicodedata.bidirectional(character) in ("RLO", "LRO", "RLE", "LRE") for character in value
            )
        elif isinstance(value, int | float):
            assert abs(value) <= MAX_INTEGER


def leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        yield from value
        yield from leaves(list(value.values()))
    elif isinstance(value, list):
        for each in value:
            yield from leaves(each)
    else:
        yield value


async def told_until_pong(guest: Guest, number: int) -> bool:
    """Checks all that comes before the answer to ping `number`; False where the session ended, in words."""
    while True:
        message = await asyncio.wait_for(guest.socket.receive(), PATIENCE_S)
        if message.type is aiohttp.WSMsgType.CLOSE:
            assert message.data in (LEFT, REMOVED, *range(4400, 4500)), message
            return False
        assert message.type is aiohttp.WSMsgType.TEXT, message
        check_told(message.data)
        if message.json().get("t0") == number and message.json()["type"] == "pong":
            return True


@pytest.fixture
def no_rates(monkeypatch: pytest.MonkeyPatch) -> None:
    """All rates at once would let only the first ones through."""
    monkeypatch.setattr("streamer.relay.access.rate_limit.LeakyBucket.try_take", lambda *_: True)


@pytest.mark.usefixtures("no_rates")
@pytest.mark.parametrize("kind", sorted(FROM_CLIENT))
async def test_a_message_with_a_forged_field_is_answered_in_words_and_never_passed_on_as_it_is(
    kind: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = TokenStore(tmp_path / "tokens.json")
    secret = token(store, "speak", "notify", "command", "caption", "record")
    limits = RelayLimits(messages_per_s=1e9, bytes_per_s=1e9, max_per_address=1e6, deadline_ms=30_000)
    async with House.open(tokens=store, limits=limits) as house:
        reader = await house.enter(key=HOST_KEY)
        await reader.socket.send_json({"type": "captions", "on": True})
        who = {"key": HOST_KEY} if kind in OF_HOSTS | {"record"} else {"key": "", "token": secret}
        enemy = await house.enter(**who)
        for number, text in enumerate(forged(kind)):
            await enemy.socket.send_str(text)
            await enemy.socket.send_json({"type": "ping", "t0": number})
            if await told_until_pong(enemy, number):
                continue
            await reader.socket.send_json({"type": "lock", "locked": False})
            await reader.socket.send_json({"type": "ping", "t0": number})
            if not await told_until_pong(reader, number):
                reader = await house.enter(key=HOST_KEY)
            enemy = await house.enter(**who)
        await reader.socket.send_json({"type": "ping", "t0": -1})
        assert await told_until_pong(reader, -1) or kind == "remove"
        newcomer = await house.enter(key=HOST_KEY)
        await newcomer.socket.send_json({"type": "ping", "t0": 1})
        assert await told_until_pong(newcomer, 1)
    assert not [record for record in caplog.records if record.exc_info or record.levelname == "ERROR"]
