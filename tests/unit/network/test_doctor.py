import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from streamer.doctor import certificates, network
from streamer.doctor.finding import Finding, Verdict, error, ok, run_check
from streamer.doctor.report import to_lines
from streamer.errors import AudioError
from streamer.relay.network.addresses import LanAddress

ROOT = Path(__file__).parents[3]


def test_every_examination_is_told_on_a_machine_that_is_set_up(tmp_path: Path) -> None:
    streamer = Path(sys.executable).with_name("streamer")
    environment = {**os.environ, "XDG_DATA_HOME": str(tmp_path)}
    doctor = subprocess.run(
        [streamer, "doctor", "--port", "0"], env=environment, capture_output=True, text=True
    )
    told = {line.split()[1]: line.split()[0] for line in doctor.stdout.splitlines() if line[0] in "✓?✗"}
    network = ["addresses", "name", "port", "http-port", "IPv6", "firewall"]
    assert list(told) == ["core", "page", *network, "certificate", "codec", "devices"]
    assert {told[name] for name in ("core", "page", "port", "codec")} == {"✓"}
    assert doctor.returncode == int("✗" in told.values())


def test_a_port_in_use_is_said_with_what_to_do() -> None:
    with socket.create_server(("0.0.0.0", 0)) as taken:
        finding = network.port(taken.getsockname()[1])
    assert finding.verdict is Verdict.WARNING
    assert "choose another --port" in finding.remedy


def test_without_a_network_the_cure_is_the_wi_fi(monkeypatch: pytest.MonkeyPatch) -> None:
    bridge = LanAddress("172.17.0.1", "docker0", False, "a network of containers or virtual machines")
    monkeypatch.setattr(network, "lan_addresses", lambda: [bridge])
    finding = network.addresses()
    assert finding.verdict is Verdict.ERROR
    assert "172.17.0.1 is a network of containers" in finding.message
    assert "connect this computer to the same Wi-Fi" in finding.remedy


def test_a_damaged_authority_is_found(tmp_path: Path) -> None:
    for name in ("ca.pem", "ca-key.pem"):
        (tmp_path / name).write_text("gone")
    finding = run_check(lambda: certificates.certificate(tmp_path, None))
    assert finding.verdict is Verdict.ERROR
    assert "ca.pem" in finding.message


def test_an_error_is_told_in_its_own_words() -> None:
    def missing() -> Finding:
        raise AudioError("PortAudio is missing: install libportaudio2")

    assert run_check(missing) == error("PortAudio is missing: install libportaudio2")


def test_a_cure_has_a_line_of_its_own() -> None:
    assert to_lines("port", ok("8443 is free")) == "✓ port         8443 is free"
    assert to_lines("name", error("none", "give it one")).splitlines()[1].strip() == "→ give it one"


def test_without_the_compiled_core_it_is_said_how_to_get_it(tmp_path: Path) -> None:
    without = shutil.ignore_patterns("*.so", "*.pyd", "__pycache__")
    shutil.copytree(ROOT / "streamer", tmp_path / "streamer", ignore=without)
    start = [sys.executable, "-m", "streamer", "doctor"]
    done = subprocess.run(start, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 1
    assert "compiled core is missing" in done.stderr
    assert "pip install ." in done.stderr


def test_a_port_that_this_user_may_not_have_is_said_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(network, "listening_socket", refuse)
    finding = network.join_port(80)
    assert finding.verdict is Verdict.ERROR
    assert "Ports 80 and 443" in finding.remedy
    assert "--http-port" in finding.remedy


def test_a_port_that_is_taken_by_ipv6_alone_is_in_use(monkeypatch: pytest.MonkeyPatch) -> None:
    if not network.has_ipv6():
        pytest.skip("there is no IPv6 here")
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as taken:
        assert network.port(taken.getsockname()[1]).verdict is Verdict.WARNING
