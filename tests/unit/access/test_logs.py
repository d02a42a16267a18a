"""What a relay logs: every record goes through the handler's own filters, as every library's does."""

import asyncio
import base64
import io
import logging
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import aiohttp
import pytest
from relay_fixture import HOST_KEY, KEY, House

from streamer.relay import logs
from streamer.relay.tls.authority import Authority

SECRET = "dGhpc19pc19zZWNyZXQtMQ"


class Keeper:
    def secrets(self) -> list[str]:
        return [SECRET]


class Log:
    """A logger of a library, with a handler as `serve` has it."""

    def __init__(self, name: str) -> None:
        self.stream = io.StringIO()
        self.handler = logging.StreamHandler(self.stream)
        logs.guard(self.handler)
        self.logger = logging.getLogger(name)
        self.logger.addHandler(self.handler)

    @property
    def text(self) -> str:
        return self.stream.getvalue()


@pytest.fixture
def keeper() -> Keeper:
    keeper = Keeper()
    logs.REDACTION.watch(keeper)
    return keeper


@pytest.fixture(params=["", "aiohttp.server", "asyncio", "zeroconf"])
def log(request: pytest.FixtureRequest) -> Iterator[Log]:
    log = Log(request.param)
    yield log
    log.logger.removeHandler(log.handler)


def every_letter(text: str) -> str:
    return "".join(f"%{ord(letter):02x}" for letter in text)


@pytest.mark.parametrize(
    "written",
    [
        SECRET,
        f"GET /ws?room=home&key={SECRET}&name=Ada Lovelace HTTP/1.1",
        quote(f"https://192.168.1.7:8443/#room=home&key={SECRET}", safe=""),
        quote(quote(f"key={SECRET}", safe=""), safe=""),
        f"/ws?key={every_letter(SECRET)}",
        f"/ws?{every_letter('key')}={every_letter(SECRET)}",
        f"k{SECRET[:4]}{every_letter(SECRET[4])}{SECRET[5:]}"[1:],
        repr(f"key={SECRET}\x00".encode()),
        f"Referer: http://127.0.0.1:8443/?key={SECRET}#key={SECRET}",
        f"\\x{ord(SECRET[0]):02x}{SECRET[1:]}",
        f"Authorization: Bearer {SECRET}",
    ],
)
def test_a_known_secret_is_in_no_log_however_it_is_written(log: Log, keeper: Keeper, written: str) -> None:
    log.logger.error("%s: %r", written, {"url": written})
    assert log.text
    assert SECRET not in log.text
    assert written not in log.text


@pytest.mark.parametrize(
    ("written", "secret"),
    [
        ("/ws?room=home&resume=AAAABBBBCCCC-_DDDD&x=1", "AAAABBBBCCCC"),
        ("/leg?leg=AAAABBBBCCCC-_DDDD&at=1&from=2", "AAAABBBBCCCC"),
        ("/ws?key=short", "short"),
        ("/ws?key=" + every_letter("unknown-to-us"), every_letter("unknown")),
        ("/ws?%6bey=unknown-to-us", "unknown"),
        ('{"type": "welcome", "resume": "AAAABBBBCCCC"}', "AAAABBBBCCCC"),
        ("<MultiDictProxy('room': 'home', 'key': 'AAAABBBBCCCC')>", "AAAABBBBCCCC"),
        ("((b'Host', b'x'), (b'Authorization', b'Bearer AAAABBBBCCCC'))", "AAAABBBBCCCC"),
        ("Authorization: Basic " + base64.b64encode(b"host:AAAABBBBCCCC").decode(), "aG9zd"),
        ("('key', 'AAAABBBBCCCC')", "AAAABBBBCCCC"),
    ],
)
def test_what_stands_where_a_secret_does_is_in_no_log(log: Log, written: str, secret: str) -> None:
    log.logger.warning(written)
    assert log.text
    assert secret not in log.text


def test_a_traceback_has_no_secret_in_its_text_nor_in_its_causes(log: Log, keeper: Keeper) -> None:
    try:
        try:
            raise ValueError(f"bad line: /ws?key={SECRET}")
        except ValueError as error:
            raise KeyError({"resume": SECRET}) from error
    except KeyError:
        log.logger.exception("It failed")
    assert "KeyError" in log.text
    assert "ValueError" in log.text
    assert SECRET not in log.text


def test_words_that_only_speak_of_keys_stay(log: Log) -> None:
    said = "The private key: /tmp/key.pem can't be read, 100% of the key, as it was; a monkey=tree"
    log.logger.error("%s", said)
    assert log.text == said + "\n"


def test_a_class_in_place_of_an_exception_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    log = Log("asyncio")
    error: object = ConnectionResetError
    info = (type(error), error, error.__traceback__)  # type: ignore[attr-defined]
    log.logger.error("SSL handshake failed\nprotocol: <...>", exc_info=info)  # type: ignore[arg-type]
    log.logger.removeHandler(log.handler)
    assert log.text == "SSL handshake failed: the peer hung up\n"
    assert "Logging error" not in capsys.readouterr().err


def test_lines_of_a_kind_are_few_and_the_next_one_counts_the_others() -> None:
    now = [0.0]
    log = Log("streamer.crowd")
    log.handler.filters = [logs.Kinds(lambda: now[0])]
    log.logger.propagate = False
    for number in range(1_000):
        log.logger.warning("request %d is malformed", number)
    log.logger.warning("something else")
    now[0] = 61.0
    log.logger.warning("request %d is malformed", 1_000)
    log.logger.removeHandler(log.handler)
    assert len(log.text.splitlines()) == logs.BURST + 2
    assert log.text.splitlines()[-2] == "something else"


def test_the_line_after_a_crowd_says_how_many_were_left_out() -> None:
    now = [0.0]
    log = Log("streamer.crowd")
    log.handler.filters = [logs.Kinds(lambda: now[0])]
    log.logger.propagate = False
    for number in range(logs.BURST + 8):
        now[0] = 120.0 if number == logs.BURST + 7 else 0.0
        log.logger.warning("malformed")
    log.logger.removeHandler(log.handler)
    assert log.text.splitlines()[-1] == "malformed (and 7 more like this)"


CHUNKED = "HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
MISTAKES = {
    "a space in the name": f"GET /ws?room=home&key={KEY}&name=Ada Lovelace HTTP/1.1\r\nHost: x\r\n\r\n",
    "a long URL": f"GET /ws?room=home&key={KEY}&name={'n' * 20_000} HTTP/1.1\r\nHost: x\r\n\r\n",
    "a huge header": f"GET / HTTP/1.1\r\nHost: x\r\nReferer: /?key={KEY}&x={'n' * 200_000}\r\n\r\n",
    "the preface of HTTP/2": "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "garbage": f"\x00\x01\x02key={KEY}\r\n\r\n",
    "no version": f"GET /?key={KEY}\r\n\r\n",
    "a header without a colon": f"GET / HTTP/1.1\r\nHost: x\r\nAuthorization Bearer {KEY}\r\n\r\n",
    "a malformed chunk": (f"POST /check {CHUNKED}\r\nzz key={KEY}\r\nxx\r\n0\r\n\r\n"),
    "a malformed chunk that nobody reads": (f"GET /healthz {CHUNKED}\r\nzz key={KEY}\r\nxx\r\n0\r\n\r\n"),
    "a body that ends early": f"POST /check HTTP/1.1\r\nHost: x\r\nContent-Length: 900\r\n\r\nkey={KEY}",
    "a length and chunks": (f"POST /check {CHUNKED}Content-Length: 4\r\n\r\n0\r\n\r\nkey={KEY}"),
    "two lengths": f"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nkey={KEY}",
    "bytes that are not UTF-8": f"GET /ws?room=%ff%fe&key={KEY}&name=%ff HTTP/1.1\r\nHost: \xff\r\n\r\n",
    "no host": f"GET /ws?key={KEY} HTTP/1.1\r\n\r\n",
    "a bad opening handshake": f"GET /ws?key={KEY} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n\r\n",
    "another method": f"BREW /?key={KEY} HTTP/1.1\r\nHost: x\r\n\r\n",
}


def say(port: int, data: bytes) -> bytes:
    answer = b""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as line:
        try:
            line.sendall(data)
            line.shutdown(socket.SHUT_WR)
            while part := line.recv(65_536):
                answer += part
        except OSError:
            pass
    return answer


@pytest.fixture
def root_log() -> Iterator[Log]:
    log = Log("")
    level = log.logger.level
    log.logger.setLevel("INFO")
    yield log
    log.logger.setLevel(level)
    log.logger.removeHandler(log.handler)


@pytest.mark.parametrize("mistake", MISTAKES)
async def test_a_mistake_in_http_is_one_line_at_most_without_the_invite(mistake: str, root_log: Log) -> None:
    async with House.open() as house:
        request = MISTAKES[mistake].encode("latin1")
        for key in (KEY, HOST_KEY):
            await asyncio.to_thread(say, house.port, request.replace(KEY.encode(), key.encode()))
        async with house.http.get(f"{house.url}/healthz") as answer:
            assert answer.status == 200
    assert "Traceback" not in root_log.text
    assert KEY not in root_log.text
    assert HOST_KEY not in root_log.text
    assert len(root_log.text.splitlines()) <= 2


@pytest.mark.parametrize(
    "said",
    [b"", b"\x16\x03\x01\x02\x00", b"\x16\x03\x01\x00\x05hello", b"\x16" + b"\xff" * 600, b"\x00" * 40],
)
async def test_a_mistake_in_tls_is_one_line_at_most(
    said: bytes, root_log: Log, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tls = Authority(tmp_path).leaf(["localhost"], ["127.0.0.1"]).server_context()
    async with House.open(tls=tls) as house:
        await asyncio.to_thread(say, house.port, said)
        trusting = ssl.create_default_context(cafile=str(tmp_path / "ca.pem"))
        async with house.http.get(f"https://127.0.0.1:{house.port}/healthz", ssl=trusting) as answer:
            assert answer.status == 200
    assert "Traceback" not in root_log.text
    assert len(root_log.text.splitlines()) <= 1
    assert "Logging error" not in capsys.readouterr().err


async def test_a_crowd_of_mistakes_fills_no_log(root_log: Log) -> None:
    async with House.open() as house:
        for _ in range(40):
            await asyncio.to_thread(say, house.port, b"GET / HTTP/1.1 and so on\r\n\r\n")
    assert 1 <= len(root_log.text.splitlines()) <= logs.BURST


async def test_somebody_who_breaks_off_while_sending_a_check_leaves_no_traceback(root_log: Log) -> None:
    async with House.open() as house:
        _, writer = await asyncio.open_connection("127.0.0.1", house.port)
        writer.write(b"POST /check HTTP/1.1\r\nHost: x\r\nContent-Length: 8000\r\n\r\n{")
        while await house.metric("streamer_handshakes") < 2:
            await asyncio.sleep(0.01)
        writer.transport.abort()
        while await house.metric("streamer_handshakes") > 1:
            await asyncio.sleep(0.01)
        async with aiohttp.ClientSession() as http, http.get(f"{house.url}/healthz") as answer:
            assert answer.status == 200
    assert "Traceback" not in root_log.text
