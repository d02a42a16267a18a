"""Ports below 1024 without root, sockets that systemd passes on, and the join page on a port of its own."""

import asyncio
import os
import shutil
import signal
import socket
import ssl
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest
from audio_rig import stop, wait_until
from computer import Computer, a_computer
from free_port import free_port
from host import hosting
from processes import START_S, STREAMER

import streamer
from streamer.errors import SetupError
from streamer.relay.network.inherited import Inherited, inherited

UNITS = Path(__file__).parents[3] / "docs/systemd"
FIRST = 200
"""A number that no open file of the tests has."""


def passed(*sockets: socket.socket, names: str = "", process: int | None = None) -> Inherited:
    """What a relay finds that was started with these."""
    environment = {"LISTEN_PID": str(process or os.getpid()), "LISTEN_FDS": str(len(sockets))}
    if names:
        environment["LISTEN_FDNAMES"] = names
    for number, each in enumerate(sockets):
        os.dup2(each.fileno(), FIRST + number)
    found = inherited(environment, FIRST)
    assert environment == {}  # its children are not to take them for their own
    return found


@pytest.fixture
def listeners() -> Iterator[list[socket.socket]]:
    opened = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
    yield opened
    for each in opened:
        each.close()
    for number in range(FIRST, FIRST + 3):
        try:
            os.close(number)
        except OSError:
            continue


def port_of(listener: socket.socket | None) -> int:
    assert listener
    port = int(listener.getsockname()[1])
    listener.detach()
    return port


def test_what_was_meant_for_another_process_is_left_alone(listeners: list[socket.socket]) -> None:
    assert passed(*listeners, process=1) == Inherited()
    assert inherited({}) == Inherited()
    assert inherited({"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": "many"}) == Inherited()


@pytest.mark.parametrize(
    ("names", "order"), [("", [0, 1]), ("streamer.socket:http", [0, 1]), ("http:streamer.socket", [1, 0])]
)
def test_sockets_are_told_apart_by_their_names_or_else_by_their_order(
    listeners: list[socket.socket], names: str, order: list[int]
) -> None:
    found = passed(*listeners, names=names)
    assert [port_of(found.relay), port_of(found.join_page)] == [
        listeners[each].getsockname()[1] for each in order
    ]


@pytest.mark.parametrize("kind", [socket.SOCK_DGRAM, socket.SOCK_STREAM])
def test_a_socket_that_does_not_listen_for_tcp_is_refused_in_words(
    listeners: list[socket.socket], kind: socket.SocketKind
) -> None:
    with (
        socket.socket(socket.AF_INET, kind) as wrong,
        pytest.raises(SetupError, match="does not listen for TCP"),
    ):
        passed(wrong)


def test_more_sockets_than_there_is_use_for_are_refused_in_words(listeners: list[socket.socket]) -> None:
    with pytest.raises(SetupError, match="it takes one"):
        passed(*listeners, listeners[0])
    with pytest.raises(SetupError, match="may be called http"):
        passed(*listeners, names="http:http")


async def test_the_join_page_on_a_port_of_its_own_leads_to_the_relay(tmp_path: Path) -> None:
    http_port = free_port()
    async with hosting(tmp_path, http_port=http_port) as host, aiohttp.ClientSession() as http:
        there, relay = f"http://127.0.0.1:{http_port}", f"127.0.0.1:{host.port}"
        assert f"{there}/#room=home" in host.log
        async with http.get(f"{there}/") as answer:
            assert "join/main.js" in await answer.text()
            assert f"wss://{relay}" in answer.headers["Content-Security-Policy"]
        async with http.get(f"{there}/trust.json") as answer:
            assert (await answer.json())["host"] == relay
        async with http.get(f"{there}/healthz", allow_redirects=False) as answer:
            assert answer.headers["Location"] == f"https://{relay}/healthz"
        async with http.get(f"http://{relay}/trust.json") as answer:
            assert (await answer.json())["host"] == relay
        link = next(line for line in host.log.split() if line.startswith(f"{there}/#room=home"))
        async with streamer.join(link, name="Anna", ca_file=tmp_path / "ca.pem") as room:
            assert room.name == "home"


async def test_a_join_page_needs_tls_beside_it(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="--http-port"):
        async with hosting(tmp_path, no_tls=True, http_port=free_port()):
            pass


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[Computer]:
    """A network namespace, where the low ports are free, and not everybody's."""
    with a_computer(tmp_path) as computer:
        computer.run("sysctl", "-qw", "net.ipv4.ip_unprivileged_port_start=1024")
        yield computer


def serving(computer: Computer, folder: Path, rights: str) -> tuple[subprocess.Popen[bytes], Path]:
    """`streamer serve` on the ports 443 and 80, with no right of root's but `rights`."""
    log = folder / "serve.log"
    environment = {**os.environ, "HOME": str(folder), "STREAMER_DATA_DIR": str(folder / "data")}
    options = ["serve", "--plain", "--host", "127.0.0.1", "--port", "443", "--http-port", "80", "--no-mdns"]
    command = ["setpriv", f"--bounding-set={rights}", "--inh-caps=-all", str(computer.streamer), *options]
    # The namespace is entered first: that needs a right which the relay is not to have.
    computer.streamer.write_text(f'#!/bin/sh\nexec {STREAMER} "$@"\n')
    there = ["ip", "netns", "exec", computer.name, *command]
    with log.open("wb") as out:
        return subprocess.Popen(there, env=environment, stdout=out, stderr=out), log


def test_the_right_that_the_unit_gives_is_enough_for_the_low_ports(
    tmp_path: Path, elsewhere: Computer
) -> None:
    process, log = serving(elsewhere, tmp_path, "-all,+net_bind_service")
    try:
        wait_until(lambda: "Stop with Ctrl-C" in log.read_text(), START_S, log.read_text)
        assert "http://127.0.0.1/#room=home" in log.read_text()
        assert "https://127.0.0.1/#room=home" in log.read_text()
    finally:
        stop(process)


def test_without_that_right_the_words_say_where_to_get_it(tmp_path: Path, elsewhere: Computer) -> None:
    process, log = serving(elsewhere, tmp_path, "-all")
    assert process.wait(START_S) == 1
    assert "may not use port 443" in log.read_text()
    assert "Ports 80 and 443" in log.read_text()
    assert "## Ports 80 and 443" in (UNITS.parent / "operations.md").read_text()


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="there is no systemd here")
@pytest.mark.parametrize("folder", [UNITS, UNITS / "socket-activated"], ids=lambda folder: folder.name)
def test_systemd_takes_the_units_as_they_are(tmp_path: Path, folder: Path) -> None:
    units = [path for path in folder.iterdir() if path.suffix in (".service", ".socket")]
    for unit in units:
        there = unit.read_text().replace("/usr/local/bin/streamer", str(STREAMER))
        (tmp_path / unit.name).write_text(there)
    command = ["systemd-analyze", "verify", "--man=no", *(str(tmp_path / unit.name) for unit in units)]
    checked = subprocess.run(command, capture_output=True, text=True, timeout=START_S)
    ours = [line for line in checked.stderr.splitlines() if "streamer" in line]
    assert (checked.returncode, ours) == (0, []), checked.stderr


@pytest.mark.skipif(not shutil.which("systemd-socket-activate"), reason="there is no systemd here")
@pytest.mark.parametrize("workers", ["1", "2"])
async def test_a_relay_serves_on_the_sockets_that_systemd_has_opened(tmp_path: Path, workers: str) -> None:
    port, http_port = free_port(), free_port()
    listen = ["-l", f"127.0.0.1:{port}", "-l", f"127.0.0.1:{http_port}", "--fdname=streamer.socket:http"]
    data = tmp_path / "data"
    kept = ["-E", f"HOME={tmp_path}", "-E", f"PATH={os.environ['PATH']}", "-E", "PYTHONUNBUFFERED=1"]
    options = ["--plain", "--data-dir", str(data), "--workers", workers]
    command = ["systemd-socket-activate", *listen, *kept, str(STREAMER), "serve", *options]
    log = tmp_path / "serve.log"
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out)
    try:
        wait_until(lambda: f"127.0.0.1:{http_port}" in log.read_text(), START_S, log.read_text)
        page = await asyncio.to_thread(
            urllib.request.urlopen, f"http://127.0.0.1:{http_port}/", timeout=START_S
        )
        assert "join/main.js" in page.read().decode()
        wait_until(lambda: "Stop with Ctrl-C" in log.read_text(), START_S, log.read_text)
        assert f"http://127.0.0.1:{http_port}/#room=home" in log.read_text()
        trust = ssl.create_default_context(cafile=str(data / "ca.pem"))
        url = f"https://127.0.0.1:{port}/healthz"
        assert (
            b"ok"
            in (await asyncio.to_thread(urllib.request.urlopen, url, timeout=START_S, context=trust)).read()
        )
        process.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(process.wait, START_S) == 0
    finally:
        stop(process)
