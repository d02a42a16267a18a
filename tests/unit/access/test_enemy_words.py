"""What an enemy says over the newer surfaces: nested without end, numbers without end, sounds that come and
go."""

import asyncio
import io
import json
import logging
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest
import soundfile
from click.testing import CliRunner
from relay_fixture import House
from rich.console import Console
from test_api import Program, speak, token, wav

from streamer.cli import main
from streamer.client.audio.studio import Recording
from streamer.client.unattended import REMARKS, Remarks
from streamer.errors import ControlError, StreamerError
from streamer.gateway.devices import MAX_DEVICES, MAX_UNTOLD, Devices
from streamer.gateway.payloads import PayloadError, notice_of, result_of, value_of, values_of
from streamer.measure.result import Measurement, to_table
from streamer.relay.access.programs import clean_command
from streamer.relay.access.tokens import TokenStore
from streamer.relay.api.events import BEAT_S, MAX_OF_CALLER
from streamer.sounds import Piece
from streamer.terminal_text import one_line

DEPTHS: Final = (17, 100, *range(900, 1_000))
"""Python's limit is 1,000 calls, of which a relay's own are some dozens, and a few more where it writes than
where it reads."""


def nested(depth: int) -> str:
    return "[" * depth + "]" * depth


@pytest.fixture
def store(tmp_path: Path) -> TokenStore:
    return TokenStore(tmp_path / "tokens.json")


SAID: Final[dict[str, Callable[[int], str]]] = {
    "telemetry": lambda depth: f'{{"type":"telemetry","device":"","values":{{"a":{nested(depth)}}}}}',
    "notify": lambda depth: f'{{"type":"notify","text":"a","level":"info","actions":{nested(depth)}}}',
    "command": lambda depth: '{"type":"command","id":1,"talker_id":1,"device":"","name":"a","arguments":{"a":'
    f"{nested(depth)}" '},"deadline_ms":5}',
}


@pytest.mark.parametrize("kind", SAID)
async def test_a_field_that_is_nested_without_end_is_the_sender_s_mistake(
    kind: str, store: TokenStore, caplog: pytest.LogCaptureFixture
) -> None:
    secret = token(store, "speak", "notify", "command")
    async with House.open(tokens=store) as house:
        for depth in DEPTHS:
            guest = await house.enter(key="", token=secret)
            await guest.socket.send_str(SAID[kind](depth))
            assert await guest.close_code() == 4400, depth
    assert not any(record.exc_info for record in caplog.records)


async def test_a_body_that_is_nested_without_end_is_refused(
    store: TokenStore, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.ERROR)
    async with House.open(tokens=store) as house:
        ada = await house.enter()
        program = Program(house, token(store))
        headers = {"Content-Type": "application/json"}
        for depth in DEPTHS[::7]:
            notice = f'{{"text":"a","level":"info","actions":{nested(depth)}}}'
            answer = await program.call("POST", "/rooms/home/notices", data=notice, headers=headers)
            assert answer == (400, "bad-body"), depth
            command = f'{{"name":"a","arguments":{{"a":{nested(depth)}}}}}'
            path = f"/rooms/home/members/{ada.welcome['talker_id']}/commands"
            assert await program.call("POST", path, data=command, headers=headers) == (400, "bad-body"), depth
    assert caplog.messages == []


@pytest.mark.parametrize(
    "deadline", ["0", "-1", "1e308", "1e999", "NaN", "null", '"5"', "true", "60001", "9" * 5_000]
)
async def test_a_deadline_that_is_none_is_refused(deadline: str, store: TokenStore) -> None:
    async with House.open(tokens=store) as house:
        ada = await house.enter()
        path = f"/rooms/home/members/{ada.welcome['talker_id']}/commands"
        body = f'{{"name":"open","deadline_ms":{deadline}}}'
        program = Program(house, token(store))
        status, code = await program.call(
            "POST", path, data=body, headers={"Content-Type": "application/json"}
        )
        assert (status, code) in ((400, "bad-body"), (400, "bad-command"))
        assert await ada.hears_nothing()


def test_what_a_device_says_is_taken_or_refused_however_deep_and_however_large() -> None:
    payloads = [nested(depth).encode() for depth in DEPTHS]
    payloads += [f'{{"text":"a","id":{nested(depth)},"a":{nested(depth)}}}'.encode() for depth in DEPTHS]
    payloads += [b"9" * digits for digits in (16, 308, 309, 310, 4_000)]
    payloads += [b'{"a":-1' + b"0" * digits + b"}" for digits in (16, 308, 309, 4_000)]
    readers: list[Callable[[bytes], Any]] = [values_of, value_of, notice_of, result_of]
    for payload in payloads:
        for read in readers:
            try:
                found = read(payload)
            except PayloadError:
                continue
            if read in (values_of, value_of):
                json.dumps(found, allow_nan=False)


def test_devices_that_come_and_go_while_the_room_is_away_take_no_memory_without_end() -> None:
    devices = Devices(lambda: None)
    for number in range(10_000):
        devices.take_status(f"d{number}", b"online")
        if number >= MAX_DEVICES - 1:
            devices.take_status(f"d{number}", b"")
    told = list(devices.untold())
    assert len(told) <= MAX_UNTOLD
    assert {name for name, values in told if values} == {f"d{number}" for number in range(MAX_DEVICES - 1)}


def test_troubles_that_take_turns_fill_no_log() -> None:
    now, lines = [0.0], list[str]()
    remarks = Remarks(lines.append, lambda: now[0])
    for number in range(10_000):
        remarks(f"trouble {number % 2}")
    assert len(lines) == REMARKS
    now[0] += 60
    remarks("another one")
    assert lines[-1] == f"another one ({(10_000 - REMARKS) // 2} other lines were left out)"


# ---- Sounds


class SlowReader:
    """Stands for libsndfile: its memory is gone once it is closed, and what reads it then crashes."""

    def __init__(self) -> None:
        self.is_read = threading.Event()
        self.may_go_on = threading.Event()
        self.is_closed = False
        self.n_samples = 48_000

    def read(self, start: int, n_samples: int) -> Any:
        self.is_read.set()
        assert self.may_go_on.wait(10)
        assert not self.is_closed, "read after it was closed"
        return np.zeros(n_samples, np.float32)

    def close(self) -> None:
        self.is_closed = True


def test_a_sound_that_is_closed_while_a_thread_reads_it_is_closed_behind_the_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    reader = SlowReader()
    monkeypatch.setattr("streamer.client.audio.studio.FileReader", lambda path: reader)
    sound, pieces, errors = Recording(b"RIFF"), list[Piece](), list[Exception]()

    def read() -> None:
        try:
            pieces.extend(sound.read(10))
        except Exception as error:
            errors.append(error)

    thread = threading.Thread(target=read)
    thread.start()
    assert reader.is_read.wait(10)
    sound.close()
    assert not reader.is_closed
    reader.may_go_on.set()
    thread.join(10)
    assert (len(pieces), errors, reader.is_closed) == (10, [], True)
    assert sound.read(10) == []


@pytest.mark.parametrize("kind", ["MP3", "AIFF", "XI", "CAF", "AU"])
async def test_an_announcement_is_of_a_kind_that_was_promised_and_nothing_is_printed_about_another(
    kind: str, store: TokenStore, capfd: pytest.CaptureFixture[str]
) -> None:
    content = io.BytesIO()
    soundfile.write(
        content, np.zeros(4_800), 44_100, format=kind, subtype="DPCM_16" if kind == "XI" else None
    )
    damaged = content.getvalue()[:200] + bytes(3_000)
    async with House.open(tokens=store, studio=Recording) as house:
        program = Program(house, token(store, "speak"))
        for body in (content.getvalue(), damaged):
            assert await speak(program, body) == (422, "not-audio")
    assert capfd.readouterr().err == ""


async def test_announcements_that_are_stopped_at_once_harm_nobody(store: TokenStore) -> None:
    secret = token(store, "speak", "read")
    async with House.open(tokens=store, studio=Recording) as house:
        program = Program(house, secret)
        for _ in range(20):
            status, made = await speak(program, wav(2.0, rate=44_100))
            assert status == 201
            await program.call("DELETE", f"/rooms/home/announcements/{made['id']}")
        assert (await program.call("GET", "/rooms/home"))[0] == 200


async def test_a_sound_that_finds_no_place_is_refused_in_words(
    store: TokenStore, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("tempfile.tempdir", "/proc/no/place")
    async with House.open(tokens=store, studio=Recording) as house:
        assert await speak(Program(house, token(store, "speak")), wav(0.1)) == (503, "not-stored")
    assert caplog.messages == []


def test_a_text_that_finds_no_place_to_be_spoken_is_said_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    import asyncio

    from streamer.client.spoken_text import speak as speak_text

    monkeypatch.setattr("tempfile.tempdir", "/proc/no/place")
    with pytest.raises(StreamerError, match="no place"):
        asyncio.run(speak_text(None, "Dinner"))  # type: ignore[arg-type]


# ---- What is shown


@pytest.mark.parametrize(
    "name", ["[/b]", "[red]", "\x1b]0;owned\x07", "a\nb", "[link=http://x]y[/link]", "[/]"]
)
def test_a_name_in_a_measurement_is_text_like_any_other(name: str) -> None:
    shown = io.StringIO()
    path = f"this microphone → relay → the loudspeaker of {name}, in the air"
    measured = Measurement(path, "home", [], 1.0, None, [f"{name} has no clock"])
    Console(file=shown, width=400).print(to_table(measured))
    words = " ".join(shown.getvalue().split())  # a title goes on where its table is as wide as it gets
    assert "\x1b" not in words
    assert " ".join(f"Mouth to ear: {one_line(path)}".split()) in words
    assert " ".join(f"{one_line(name)} has no clock".split()) in words


@pytest.mark.parametrize(
    "changed",
    [
        {"created_s": 10**30},
        {"created_s": -(10**30)},
        {"created_s": 2**53},
        {"name": "\x1b[31m"},
        {"name": "\u200b"},
    ],
    ids=str,
)
def test_a_token_in_the_file_that_can_not_be_shown_is_none_or_harmless(
    tmp_path: Path, store: TokenStore, changed: dict[str, Any]
) -> None:
    token(store)
    path = tmp_path / "tokens.json"
    [kept] = json.loads(path.read_text())["tokens"]
    path.write_text(json.dumps({"tokens": [{**kept, **changed}]}))
    done = CliRunner().invoke(main, ["token", "list", "--data-dir", str(tmp_path)])
    assert done.exception is None or isinstance(done.exception, SystemExit | StreamerError), done.exception
    assert "\x1b" not in done.output


async def test_a_dashboard_that_is_loaded_again_and_again_finds_a_place(store: TokenStore) -> None:
    """Whoever has gone holds none, though nothing happens that could be told them."""
    async with House.open(tokens=store) as house:
        program = Program(house, token(store))
        for _ in range(MAX_OF_CALLER):
            async with program.events():
                pass
        status = 0
        async with asyncio.timeout(BEAT_S / 2):
            while status != 200:
                await asyncio.sleep(0.05)
                async with house.http.get(f"{house.url}/api/v1/events", headers=program.headers) as response:
                    status = response.status
                    assert status in (200, 429)


@pytest.mark.parametrize("device", ["\u200b", " ", "\u202e", "\0"])
def test_a_command_for_a_device_that_can_not_be_named_is_not_for_the_member_itself(device: str) -> None:
    with pytest.raises(ControlError, match="name of a device"):
        clean_command("open", device, {}, 1_000)
