"""Strangers on a real socket are refused in words and counted, and disturb nobody."""

import asyncio
from itertools import chain

import pytest
from relay_fixture import HOST_KEY, KEY, PATIENCE_S, House

from streamer.errors import RefusedError, SetupError
from streamer.relay.access.invites import Invite, InviteStore
from streamer.relay.access.limits import RelayLimits
from streamer.relay.http.origins import Origins

WRONG_KEYS = 10_000
UPGRADE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Protocol": "streamer.v1",
}


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "http://127.0.0.1",
        "https://127.0.0.1:{port}",
        "http://127.0.0.1.evil.example:{port}",
        "http://localhost:{port}",
        "null",
        "",
    ],
)
async def test_a_page_from_elsewhere_gets_no_socket_even_with_the_invite(origin: str) -> None:
    async with House.open() as house:
        headers = {**UPGRADE, "Origin": origin.format(port=house.port)}
        assert await house.refusal(headers, room="home", key=KEY) == (403, "foreign-origin")
        assert await house.metric('streamer_refusals_total{code="foreign-origin"}') == 1


async def test_the_relay_s_own_page_and_programs_get_in() -> None:
    async with House.open() as house:
        for headers in ({"Origin": house.url}, {}):
            url = f"{house.url}/ws?room=home&key={KEY}"
            async with house.http.ws_connect(url, protocols=["streamer.v1"], headers=headers) as socket:
                assert (await socket.receive_json())["type"] == "welcome"


async def test_a_page_from_elsewhere_changes_nothing() -> None:
    async with (
        House.open() as house,
        house.http.post(f"{house.url}/anything", headers={"Origin": "https://evil.example"}) as answer,
    ):
        assert (answer.status, (await answer.json())["error"]) == (403, "foreign-origin")


@pytest.mark.parametrize(
    ("origin", "query", "reason"),
    [
        ("https://evil.example", {"room": "home", "key": KEY}, (403, "foreign-origin")),
        (None, {"room": "home"}, (401, "key-required")),
        (None, {"room": "home", "key": "wrong"}, (403, "key-wrong")),
        (None, {"room": "nowhere", "key": KEY}, (404, "no-room")),
        (None, {"room": " living room"}, (400, "bad-room")),
        (None, {"room": "home", "key": KEY}, (400, "bad-handshake")),  # a socket would have been let in
    ],
)
async def test_a_page_that_asks_why_hears_what_its_socket_was_told(
    origin: str | None, query: dict[str, str], reason: tuple[int, str]
) -> None:
    """It asks by POST, with which a browser sends the page's origin, as it does with a socket."""
    async with House.open() as house:
        headers = {"Origin": origin or house.url}
        async with house.http.post(f"{house.url}/ws", params=query, headers=headers) as answer:
            assert (answer.status, (await answer.json())["error"]) == reason
        if reason[1] != "bad-handshake":
            assert await house.refusal({**UPGRADE, **headers}, **query) == reason


async def test_an_allowed_page_gets_in_and_may_read_our_files() -> None:
    origins = Origins(["https://club.example"])
    async with House.open(origins=origins) as house:
        url = f"{house.url}/ws?room=home&key={KEY}"
        headers = {"Origin": "https://club.example"}
        async with house.http.ws_connect(url, protocols=["streamer.v1"], headers=headers) as socket:
            assert (await socket.receive_json())["type"] == "welcome"
        async with house.http.get(f"{house.url}/healthz", headers=headers) as answer:
            assert answer.headers["Access-Control-Allow-Origin"] == "https://club.example"
        async with house.http.get(
            f"{house.url}/healthz", headers={"Origin": "https://evil.example"}
        ) as answer:
            assert "Access-Control-Allow-Origin" not in answer.headers


def test_a_wildcard_certificate_makes_its_names_the_relay_s_own_by_one_label() -> None:
    origins = Origins()
    origins.own("https", ["*.home.example"], 443)
    origins.check("https://voice.home.example")
    for foreign in (
        "https://a.voice.home.example",
        "https://home.example",
        "https://voice.home.example:8443",
    ):
        with pytest.raises(RefusedError):
            origins.check(foreign)


@pytest.mark.parametrize("origin", ["example.org", "https://example.org?voice", "ftp://example.org", "*"])
def test_what_is_no_origin_can_not_be_allowed_nor_be_the_relay_s_own(origin: str) -> None:
    with pytest.raises(SetupError, match=r"--allow-origin .* is not an origin"):
        Origins([origin])
    with pytest.raises(SetupError, match=r"--url .* is not an origin"):
        Origins([], origin)


def test_a_slash_after_an_origin_does_no_harm() -> None:
    origins = Origins(["https://club.example/"], "https://voice.example/")
    for origin in ("https://club.example", "https://voice.example"):
        origins.check(origin)
    assert origins.url == "https://voice.example"


@pytest.mark.parametrize(
    ("key", "code"),
    [("gone", "key-expired"), ("used", "key-used-up"), ("old", "key-wrong"), (HOST_KEY[:-1], "key-wrong")],
)
async def test_an_invite_that_opens_nothing_any_more_is_refused_and_counted(key: str, code: str) -> None:
    invites = {"gone": Invite("gone", ends=1.0), "used": Invite("used", uses_left=0)}
    admission = InviteStore({"home": invites.get(key, Invite("new"))}, HOST_KEY)
    async with House.open(admission) as house:
        assert await house.refusal(room="home", key=key) == (403, code)
        assert await house.metric(f'streamer_refusals_total{{code="{code}"}}') == 1


async def test_ten_thousand_wrong_keys_lock_out_who_guesses_and_nobody_else() -> None:
    async with House.open() as house:
        ada = await house.enter(name="Ada")

        async def guess(count: int) -> list[tuple[int, str]]:
            return [await house.refusal(room="home", key=f"guess-{number}") for number in range(count)]

        answers = [*chain(*await asyncio.gather(*(guess(WRONG_KEYS // 8) for _ in range(8))))]
        assert set(answers) == {(403, "key-wrong"), (429, "too-many-guesses")}
        assert answers.count((403, "key-wrong")) < 100
        assert await house.metric('streamer_refusals_total{code="too-many-guesses"}') > WRONG_KEYS - 100
        assert (await house.enter(name="Ben")).welcome["members"][0]["name"] == "Ada"
        assert await ada.text("joined")


async def test_a_spoofed_forwarded_address_gets_nobody_around_a_limit() -> None:
    async with House.open(limits=RelayLimits(max_per_address=1)) as house:
        ada = await house.enter()
        for number in range(3):
            headers = {"X-Forwarded-For": f"10.0.0.{number}", "Forwarded": f"for=10.0.0.{number}", **UPGRADE}
            assert await house.refusal(headers, room="home", key=KEY) == (429, "too-many")
        assert await ada.hears_nothing()


async def test_a_name_of_ten_megabytes_is_refused_in_words() -> None:
    async with House.open() as house:
        reader, writer = await asyncio.open_connection("127.0.0.1", house.port)
        writer.write(b"GET /ws?room=home&name=")
        for _ in range(160):
            writer.write(b"n" * 65_536)
            if reader.at_eof() or writer.is_closing():
                break
        answer = await asyncio.wait_for(reader.read(400), PATIENCE_S)
        writer.close()
        assert b" 400 " in answer.split(b"\r\n", 1)[0]
        assert await house.refusal(room="home", key=KEY, name="n" * 4_000) == (400, "bad-name")
        assert await house.enter(name="Ada")


async def test_markup_in_a_name_is_text_like_any_other() -> None:
    async with House.open() as house:
        ada = await house.enter(name="<script>alert(1)</script>")
        ben = await house.enter(name="B\u202een\u0000")
        assert ben.welcome["members"][0]["name"] == "<script>alert(1)</script>"
        assert (await ada.text("joined"))["name"] == ben.welcome["name"] == "Ben"


async def test_every_answer_has_the_headers_that_keep_browsers_careful() -> None:
    async with House.open() as house:
        for path in ("/healthz", "/metrics", "/nothing", "/ws"):
            async with house.http.get(house.url + path) as answer:
                policy = answer.headers["Content-Security-Policy"]
                assert "unsafe-inline" not in policy
                assert {"X-Content-Type-Options", "X-Frame-Options", "Referrer-Policy"} <= set(answer.headers)
                assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
                assert answer.headers["Cross-Origin-Embedder-Policy"] == "require-corp"


async def test_somebody_who_writes_faster_than_people_do_is_let_go_and_the_others_stay() -> None:
    async with House.open() as house:
        ada, flooder = await house.enter(name="Ada"), await house.enter(name="Flooder")
        for number in range(200):
            await flooder.socket.send_json({"type": "chat", "text": f"buy {number}"})
        assert await flooder.close_code() == 4429
        said = []
        while (message := await ada.socket.receive_json(timeout=PATIENCE_S))["type"] != "left":
            said.append(message)
        assert 50 < len(said) < 100
        assert await ada.hears_nothing()


async def test_only_the_host_reads_what_devices_found_out() -> None:
    result = {"browser": "Firefox 153", "rows": [{"name": "codec", "state": "passes", "words": "0.1 ms"}]}
    async with House.open() as house:
        async with house.http.post(f"{house.url}/check", json=result) as answer:
            assert answer.status == 204
        url = f"{house.url}/api/v1/checks"
        wrong = 403, "token-wrong"
        for key, refusal in (("", (401, "token-required")), (KEY, wrong), (HOST_KEY[:-1], wrong)):
            async with house.http.get(url, headers={"Authorization": f"Bearer {key}"}) as answer:
                assert (answer.status, (await answer.json())["code"]) == refusal
        async with house.http.get(url, headers={"Authorization": f"Bearer {HOST_KEY}"}) as answer:
            (check,) = (await answer.json())["checks"]
    assert (check["browser"], check["rows"]) == (result["browser"], result["rows"])
