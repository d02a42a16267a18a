import json
from typing import Any

import pytest
from relay_fixture import House

from streamer.errors import RefusedError
from streamer.relay.http.device_checks import BURST, KEPT, MAX_CHECK_BYTES, Check, Checks

ROW = {"name": "microphone", "state": "passes", "words": "It hears you."}
RESULT = {"browser": "Firefox", "rows": [ROW, {"name": "secure", "state": "passes", "words": ""}]}


def parse(result: Any) -> Check:
    return Check.parse(json.dumps(result).encode(), "192.168.1.7", 1.0)


def test_a_result_is_one_line_of_log() -> None:
    assert (
        str(parse(RESULT)) == "check of 192.168.1.7: microphone passes: It hears you.; secure passes; Firefox"
    )


def test_texts_of_a_result_can_neither_break_the_line_nor_deceive() -> None:
    row = {**ROW, "words": "good\r\nroot logged in \u202edog\x1b[31m"}
    check = parse({**RESULT, "browser": "Fire\nfox", "rows": [row]})
    assert str(check) == "check of 192.168.1.7: microphone passes: goodroot logged in dog[31m; Firefox"


@pytest.mark.parametrize(
    "result",
    [
        7,
        [],
        {"rows": [ROW]},
        {**RESULT, "browser": 7},
        {**RESULT, "browser": "x" * 401},
        {**RESULT, "rows": {}},
        {**RESULT, "rows": []},
        {**RESULT, "rows": [ROW] * 17},
        {**RESULT, "rows": ["microphone"]},
        {**RESULT, "rows": [{**ROW, "name": "micro phone"}]},
        {**RESULT, "rows": [{**ROW, "state": "maybe"}]},
        {**RESULT, "rows": [{**ROW, "words": None}]},
        {**RESULT, "rows": [{**ROW, "words": "x" * 401}]},
    ],
    ids=lambda result: json.dumps(result)[:80],
)
def test_what_is_not_a_result_is_refused(result: Any) -> None:
    with pytest.raises(RefusedError) as refusal:
        parse(result)
    assert (refusal.value.status, refusal.value.code) == (400, "bad-check")


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[" * 8_000])
def test_what_is_not_json_is_refused(body: bytes) -> None:
    with pytest.raises(RefusedError):
        Check.parse(body, "192.168.1.7", 1.0)


def test_the_newest_results_are_kept() -> None:
    checks = Checks()
    for at_s in range(KEPT + 5):
        checks.add(json.dumps(RESULT).encode(), "192.168.1.7", at_s, at_s)
    assert [check.at_s for check in checks.newest] == list(range(5, KEPT + 5))


async def test_the_relay_takes_a_result_and_logs_it(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "streamer")
    async with House.open() as house, house.http.post(f"{house.url}/check", json=RESULT) as answer:
        assert answer.status == 204
    assert "check of 127.0.0.1: microphone passes: It hears you.; secure passes; Firefox" in caplog.messages


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [(b"{}", 400, "bad-check"), (b" " * (MAX_CHECK_BYTES + 1), 413, "too-big")],
    ids=["not a result", "too big"],
)
async def test_the_relay_refuses_what_is_no_result_in_words(body: bytes, status: int, code: str) -> None:
    async with House.open() as house, house.http.post(f"{house.url}/check", data=body) as answer:
        assert (answer.status, (await answer.json())["error"]) == (status, code)


def test_a_flood_of_results_is_refused_and_later_ones_are_taken_again() -> None:
    checks = Checks()
    body = json.dumps(RESULT).encode()
    for _ in range(BURST):
        checks.add(body, "192.168.1.7", 0.0, 1.0)
    with pytest.raises(RefusedError) as refusal:
        checks.add(body, "192.168.1.7", 0.0, 1.0)
    assert (refusal.value.status, refusal.value.code) == (429, "too-many-checks")
    assert checks.add(body, "192.168.1.7", 0.0, 3.0)
