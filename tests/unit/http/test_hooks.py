"""Outgoing webhooks: what is sent, when again, and where never."""

import asyncio
import json
import socket
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path
from time import monotonic
from typing import Any
from unittest.mock import patch

import aiohttp.client_proto
import pytest
from click.testing import CliRunner
from hook_receiver import Receiver, receiving
from relay_fixture import HOST_KEY, House

from streamer.cli import main
from streamer.errors import SetupError
from streamer.relay.hooks import delivery
from streamer.relay.hooks.delivery import Delivery, wait_s
from streamer.relay.hooks.events import Event, signed_headers
from streamer.relay.hooks.hooks import Hooks
from streamer.relay.hooks.hooks_file import MAX_HOOKS, Hook, HooksFile
from streamer.relay.hooks.targets import RECEIVED_BYTES, check_url, why_forbidden
from streamer.relay.rooms.events import Events

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
"""The example of standardwebhooks.com."""
PATIENCE_S = 30


@pytest.fixture(autouse=True)
def _soon_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "FIRST_WAIT_S", 0.01)
    monkeypatch.setattr(delivery, "LONGEST_WAIT_S", 0.05)


def event(kind: Any = "chat", at_s: float | None = None, **fields: object) -> Event:
    return Event.of(kind, "home", NOW_S if at_s is None else at_s, fields)


NOW_S = 1_700_000_000.0


@asynccontextmanager
async def bringing(
    url: str, *, any_address: bool = True, clock: Callable[[], float] = monotonic, **changes: Any
) -> AsyncIterator[Delivery]:
    hook = replace(Hook("h1", url, SECRET, any_address=any_address), **changes)
    brought = Delivery(hook, lambda: NOW_S, clock)
    task = asyncio.create_task(brought.run())
    try:
        yield brought
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not condition():
            await asyncio.sleep(0.005)


def test_the_signature_is_that_of_the_standards_own_example() -> None:
    body = b'{"test": 2432232314}'
    key = Hook("h", "https://example.org", SECRET).key
    headers = signed_headers(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, body)
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


async def test_an_event_arrives_signed_with_its_room_and_time() -> None:
    async with receiving() as receiver, bringing(receiver.url) as brought:
        brought.put(event(name="Ann", text="<b>hello</b> ✓"))
        request = await receiver.request(0)
    assert request.event == {
        "type": "chat", "room": "home", "at": NOW_S, "missed": 0, "name": "Ann", "text": "<b>hello</b> ✓"
    }  # fmt: skip
    assert request.is_signed_with(SECRET)
    assert request.headers["webhook-timestamp"] == str(int(NOW_S))


async def test_only_the_wanted_events_of_the_wanted_room_are_sent() -> None:
    async with receiving() as receiver, bringing(receiver.url, events=("left",), room="home") as brought:
        brought.put(event("joined"))
        brought.put(Event.of("left", "kitchen", NOW_S, {}))
        brought.put(event("left", name="Ann"))
        assert (await receiver.request(0)).event["name"] == "Ann"
        await until(lambda: brought.count.delivered == 1)
    assert len(receiver.requests) == 1


@pytest.mark.parametrize("status", [500, 503, 404, 401, 429, 301, 307])
async def test_an_event_that_is_not_taken_comes_again_with_the_same_id_before_the_next_one(
    status: int,
) -> None:
    async with receiving() as receiver, bringing(receiver.url) as brought:
        receiver.statuses += [status, status]
        brought.put(event(text="first"))
        brought.put(event(text="second"))
        await receiver.request(3)
    assert [request.event["text"] for request in receiver.requests] == ["first", "first", "first", "second"]
    assert len({request.headers["webhook-id"] for request in receiver.requests}) == 2


async def test_an_event_that_the_target_refuses_for_good_does_not_hold_up_the_next_one() -> None:
    async with receiving() as receiver, bringing(receiver.url) as brought:
        receiver.statuses += [422]
        brought.put(event(text="first"))
        brought.put(event(text="second"))
        await until(lambda: brought.count.delivered == 1)
        assert brought.count.refused == 1
    assert [request.event["text"] for request in receiver.requests] == ["first", "second"]


async def test_a_target_that_is_away_gets_what_fits_the_queue_and_learns_how_many_it_missed() -> None:
    with socket.create_server(("127.0.0.1", 0)) as reserved:
        port = reserved.getsockname()[1]
    async with bringing(f"http://127.0.0.1:{port}/") as brought:
        for number in range(1_000):
            brought.put(event(number=number))
        assert brought.waiting == delivery.MAX_WAITING
        assert brought.count.dropped == 1_000 - delivery.MAX_WAITING
        async with receiving_on(port) as receiver:
            await until(lambda: brought.count.delivered == delivery.MAX_WAITING)
    numbers = [request.event["number"] for request in receiver.requests]
    assert numbers == list(range(1_000 - delivery.MAX_WAITING, 1_000))
    assert sum(request.event["missed"] for request in receiver.requests) == 1_000 - delivery.MAX_WAITING


@asynccontextmanager
async def receiving_on(port: int) -> AsyncIterator[Receiver]:
    """A receiver behind a port that was closed until now."""

    async def pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65_536):
            writer.write(data)
        writer.close()

    async def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            there = await asyncio.open_connection("127.0.0.1", int(receiver.url.split(":")[2].split("/")[0]))
            await asyncio.gather(pipe(reader, there[1]), pipe(there[0], writer))

    async with receiving() as receiver:
        server = await asyncio.start_server(connect, "127.0.0.1", port)
        try:
            yield receiver
        finally:
            server.close()


async def test_a_target_that_hangs_is_asked_again_and_holds_up_nobody_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(delivery, "ANSWER_S", 0.2)
    async with (
        receiving() as hanging,
        receiving() as prompt,
        bringing(hanging.url) as slow,
        bringing(prompt.url) as quick,
    ):
        hanging.hangs = True
        for each in (slow, quick):
            each.put(event(text="hello"))
        await until(lambda: quick.count.delivered == 1)
        await hanging.request(1)
        assert slow.count.delivered == 0
        hanging.hangs = False
        await until(lambda: slow.count.delivered == 1)


async def test_an_event_that_nobody_takes_for_an_hour_is_dropped_and_counted() -> None:
    now = [5.0]
    async with receiving() as receiver, bringing(receiver.url, clock=lambda: now[0]) as brought:
        brought.put(event(text="old"))
        now[0] += delivery.EXPIRES_S + 1
        brought.put(event(text="new"))
        request = await receiver.request(0)
    assert (request.event["text"], request.event["missed"]) == ("new", 1)


@pytest.mark.parametrize("step_s", [-86_400, 86_400])
async def test_a_clock_that_is_set_drops_no_event_and_keeps_none_longer(step_s: float) -> None:
    async with receiving() as receiver, bringing(receiver.url) as brought:
        brought.put(event(at_s=NOW_S - step_s, text="from before"))
        request = await receiver.request(0)
        await until(lambda: brought.count.delivered == 1)
    assert (request.event["text"], brought.count.dropped) == ("from before", 0)


async def test_a_target_that_answers_without_end_delays_no_voice() -> None:
    async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            await reader.readuntil(b"\r\n\r\n")
            while True:
                writer.write(b"HTTP/1.1 103 Early Hints\r\n\r\n" * 200)
                await writer.drain()

    server = await asyncio.start_server(flood, "127.0.0.1", 0)
    longest = 0
    received = aiohttp.client_proto.ResponseHandler.data_received

    def note(self: Any, data: bytes) -> None:
        nonlocal longest
        longest = max(longest, len(data))
        received(self, data)

    with patch.object(aiohttp.client_proto.ResponseHandler, "data_received", note):
        port = server.sockets[0].getsockname()[1]
        async with bringing(f"http://127.0.0.1:{port}/") as brought:
            brought.put(event(text="hello"))
            await until(lambda: longest > 0)
            await asyncio.sleep(0.2)
    server.close()
    assert longest <= 4 * RECEIVED_BYTES


async def test_the_wait_doubles_to_a_minute_and_half_of_it_is_chance(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    assert [wait_s(failures, 1.0) for failures in (1, 2, 3, 6, 7, 1_000)] == [1, 2, 4, 32, 60, 60]
    assert wait_s(3, 0.0) == 2.0


def test_a_name_server_that_does_not_answer_holds_up_no_end(monkeypatch: pytest.MonkeyPatch) -> None:
    asked, may_answer = threading.Event(), threading.Event()

    def hang(*_: object, **__: object) -> None:
        asked.set()
        may_answer.wait(60)
        raise OSError

    async def stay() -> None:
        async with bringing("http://hang.example.org/") as brought:
            brought.put(event(text="hello"))
            await until(asked.is_set)

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    ended = threading.Event()
    runner = threading.Thread(target=lambda: (asyncio.run(stay()), ended.set()), daemon=True)
    runner.start()
    assert ended.wait(PATIENCE_S), "it waits for an answer that nobody wants"
    may_answer.set()
    runner.join()


# ---- where hooks never go

OWN = ["127.0.0.1", "127.8.9.1", "::1", "0.0.0.0", "::", "::ffff:127.0.0.1", "::127.0.0.1", "64:ff9b::7f00:1"]
LINK_LOCAL = ["169.254.3.4", "fe80::1", "fe80::1%1", "::ffff:169.254.3.4", "2002:a9fe:0304::1"]
METADATA = [
    "169.254.169.254",
    "fd00:ec2::254",
    "100.100.100.200",
    "::ffff:a9fe:a9fe",
    "64:ff9b::169.254.169.254",
]


@pytest.mark.parametrize("address", [*OWN, *LINK_LOCAL, *METADATA, "224.0.0.1", "ff02::1", "255.255.255.255"])
def test_an_address_that_trusts_this_computer_is_forbidden(address: str) -> None:
    assert why_forbidden(address)


def test_each_address_of_this_computer_is_forbidden() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            pytest.skip("this computer has no network")
        own = probe.getsockname()[0]
    assert why_forbidden(own) == "this computer's own address"


@pytest.mark.parametrize(
    "address", ["192.168.77.5", "10.99.0.7", "93.184.216.34", "fd12:3456::7", "2606:4700::1111"]
)
def test_other_computers_of_the_network_and_the_internet_are_allowed(address: str) -> None:
    assert why_forbidden(address) is None


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "127.1", "0x7f000001", "2130706433", "[::ffff:127.0.0.1]", "0.0.0.0", "[::1]"],
)
async def test_no_spelling_of_the_own_address_gets_a_connection(host: str) -> None:
    async with receiving() as receiver:
        port = receiver.url.split(":")[2]
        async with bringing(f"http://{host}:{port}", any_address=False) as brought:
            brought.put(event())
            await until(lambda: brought._failures > 1)
        assert receiver.requests == []


async def test_a_name_that_changes_its_address_after_it_was_looked_up_gets_no_connection(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """DNS rebinding: the first answer is harmless, later ones are this computer."""
    answers = ["203.0.113.5"]

    async def looked_up(self: object, host: str, port: int = 0, family: int = 0) -> list[dict[str, Any]]:
        address = answers.pop() if answers else "127.0.0.1"
        found = {
            "hostname": host,
            "host": address,
            "port": port,
            "family": socket.AF_INET,
            "proto": 0,
            "flags": 0,
        }
        return [found]

    monkeypatch.setattr("streamer.name_lookup.Resolver.resolve", looked_up)
    monkeypatch.setattr(delivery, "ANSWER_S", 0.2)
    async with receiving() as receiver:
        port = receiver.url.split(":")[2]
        async with bringing(f"http://rebinding.example:{port}", any_address=False) as brought:
            brought.put(event())
            await until(lambda: brought._failures > 2)
        assert receiver.requests == []


@pytest.mark.parametrize(
    "url",
    [
        "", "ftp://example.org/", "example.org", "https://", "http://host:99999/", "http://host:0/",
        "https://ann:secret@example.org/", "http://[::1/", "https://example.org/" + "x" * 2_000,
        "https://a\nb/",
        "file:///etc/passwd", "unix:///run/docker.sock",
    ],
)  # fmt: skip
def test_what_is_no_url_of_a_hook_is_refused_in_words(url: str) -> None:
    with pytest.raises(SetupError, match=r"hook|URL"):
        check_url(url)


# ---- the file, and the relay that follows it


def streamer(directory: Path, *arguments: str) -> str:
    result = CliRunner().invoke(main, ["hook", *arguments, "--data-dir", str(directory)])
    assert not result.exception or isinstance(result.exception, SystemExit), result.exception
    return result.output


async def test_a_hook_that_is_added_and_removed_takes_effect_while_the_relay_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streamer.relay.hooks.hooks.FOLLOW_S", 0.01)
    hooks = Hooks(tmp_path)
    task = asyncio.create_task(hooks.run(Events()))
    async with receiving() as receiver:
        output = streamer(tmp_path, "add", receiver.url, "--event", "notice", "--allow-any-address")
        secret = next(line for line in output.splitlines() if line.startswith("whsec_"))
        await until(lambda: len(hooks.deliveries) == 1)
        hooks.tell("notice", "home", {"text": "Somebody is at the gate"})
        assert (await receiver.request(0)).is_signed_with(secret)
        hook_id = output.split()[1]
        assert receiver.url in streamer(tmp_path, "list")
        assert secret not in streamer(tmp_path, "list")
        streamer(tmp_path, "remove", hook_id)
        await until(lambda: not hooks.deliveries)
        hooks.tell("notice", "home", {"text": "again"})
    task.cancel()
    assert len(receiver.requests) == 1


async def test_a_file_that_was_damaged_leaves_the_hooks_as_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("streamer.relay.hooks.hooks.FOLLOW_S", 0.01)
    file = HooksFile(tmp_path / "hooks.json")
    file.add("https://example.org/", ("notice",), None, any_address=False)
    hooks = Hooks(tmp_path)
    task = asyncio.create_task(hooks.run(Events()))
    await until(lambda: len(hooks.deliveries) == 1)
    (tmp_path / "hooks.json").write_text('{"hooks": [{"id": 3')
    await until(lambda: "hooks.json can't be read" in caplog.text)
    assert len(hooks.deliveries) == 1
    task.cancel()


async def test_a_relay_tells_a_hook_what_happens_in_its_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streamer.relay.hooks.hooks.FOLLOW_S", 0.01)
    hooks = Hooks(tmp_path)
    async with receiving() as receiver, House.open(hooks=hooks) as house:
        HooksFile(tmp_path / "hooks.json").add(receiver.url, (), "home", any_address=True)
        await until(lambda: len(hooks.deliveries) == 1)
        ann = await house.enter(name="Ann", key=HOST_KEY)
        await ann.socket.send_json({"type": "chat", "text": "hello"})
        await ann.socket.send_json({"type": "notify", "text": "Fire", "level": "alarm"})
        await ann.socket.send_json({"type": "leave"})
        told = [(await receiver.request(number)).event for number in range(4)]
    assert [event["type"] for event in told] == ["joined", "chat", "notice", "left"]
    assert {(event["room"], event["name"]) for event in told} == {("home", "Ann")}
    assert (told[1]["text"], told[2]["level"]) == ("hello", "alarm")


GOOD = {"id": "a", "url": "https://example.org/", "secret": SECRET, "events": ["chat"], "room": None,
        "any_address": False}  # fmt: skip


@pytest.mark.parametrize(
    "kept",
    [
        [], {}, {"hooks": 3}, {"hooks": [3]}, {"hooks": [{}]}, {"hooks": [{**GOOD, "url": "ftp://x/"}]},
        {"hooks": [{**GOOD, "events": ["thunder"]}]}, {"hooks": [{**GOOD, "events": [[]]}]},
        {"hooks": [{**GOOD, "secret": "whsec_AAAA"}]}, {"hooks": [{**GOOD, "secret": "whsec_é"}]},
        {"hooks": [{**GOOD, "room": "a/b"}]}, {"hooks": [{**GOOD, "any_address": "yes"}]},
        {"hooks": [{**GOOD, "url": 3}]},
    ],
)  # fmt: skip
def test_a_damaged_file_is_named_and_never_overwritten(tmp_path: Path, kept: object) -> None:
    path = tmp_path / "hooks.json"
    path.write_text(json.dumps(kept))
    with pytest.raises(SetupError, match=r"hooks\.json can't be read .*: repair or remove it"):
        HooksFile(path).read()
    assert "hooks.json can't be read" in streamer(tmp_path, "add", "https://example.org/")
    assert json.loads(path.read_text()) == kept


def test_the_number_of_hooks_is_bounded_and_an_unknown_one_is_named(tmp_path: Path) -> None:
    file = HooksFile(tmp_path / "hooks.json")
    for number in range(MAX_HOOKS):
        file.add(f"https://example.org/{number}", (), None, any_address=False)
    with pytest.raises(SetupError, match="16 hooks"):
        file.add("https://example.org/one-more", (), None, any_address=False)
    assert "there is no hook zzz" in streamer(tmp_path, "remove", "zzz")
    assert (tmp_path / "hooks.json").stat().st_mode & 0o77 == 0
