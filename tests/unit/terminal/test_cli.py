"""What a person meets who types something wrong."""

import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from streamer.cli import main
from streamer.relay.tls.authority import Authority

ROOT = Path(__file__).parents[3]


@pytest.fixture(autouse=True)
def private_data_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))


def streamer(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def test_a_port_in_use_is_said_with_what_to_do() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        result = streamer("serve", "--no-tls", "--port", str(other.getsockname()[1]))
    assert result.exit_code == 1
    assert "is in use: choose another with --port" in result.output


def test_a_certificate_without_its_key_is_refused(tmp_path: Path) -> None:
    assert "--cert and --key go together" in streamer("serve", "--cert", tmp_path / "cert.pem").output


def test_a_key_of_another_certificate_is_refused(tmp_path: Path) -> None:
    one, other = (Authority(tmp_path / name).leaf(["localhost"], []) for name in ("one", "other"))
    result = streamer("serve", "--port", "0", "--cert", one.cert, "--key", other.key)
    assert result.exit_code == 1
    assert "is not the private key of the certificate" in result.output


def test_a_room_that_cannot_be_named_so_is_refused() -> None:
    result = streamer("serve", "--no-tls", "--port", "0", "--room", "living/room")
    assert result.exit_code == 1
    assert "a room's name is 1 to 64 letters and digits of any script" in result.output


def test_an_address_that_is_not_this_machine_s_is_refused() -> None:
    result = streamer("serve", "--no-tls", "--host", "192.0.2.1", "--port", "0")
    assert result.exit_code == 1
    assert "can't listen on 192.0.2.1" in result.output


def test_ctrl_c_while_it_still_starts_ends_it_without_a_traceback(tmp_path: Path) -> None:
    package = tmp_path / "streamer"
    package.mkdir()
    shutil.copy(ROOT / "streamer/__main__.py", package)
    (package / "cli.py").write_text("raise KeyboardInterrupt")
    done = subprocess.run([sys.executable, "-m", "streamer"], cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


@pytest.mark.parametrize("number", ["nan", "inf", "1e300", "0", "-1"])
@pytest.mark.parametrize("option", ["--invite-hours", "--deadline-ms", "--max-members", "--handshake-s"])
def test_a_limit_that_limits_nothing_is_refused(tmp_path: Path, option: str, number: str) -> None:
    result = streamer("serve", option, number, "--data-dir", tmp_path)
    assert result.exit_code == 2
    assert f"Invalid value for '{option}'" in result.output


def test_a_relay_loads_neither_sound_nor_the_other_commands(tmp_path: Path) -> None:
    look = "import sys, streamer.cli, streamer.relay.serve; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", look], capture_output=True, text=True, check=True
    ).stdout.split()
    needless = (
        "numpy",
        "rich",
        "soundfile",
        "sounddevice",
        "streamer.client",
        "streamer.measure.run",
        "streamer.doctor",
    )
    assert "streamer.relay.http.app" in loaded
    assert not set(needless) & set(loaded)


@pytest.mark.parametrize("options", [("--plain",), ()], ids=["asked for", "without a terminal"])
def test_a_relay_that_prints_lines_loads_nothing_that_only_a_screen_needs(
    tmp_path: Path, options: tuple[str]
) -> None:
    arguments = ["serve", "--no-tls", "--port", "0", "--data-dir", str(tmp_path), *options]
    look = (
        "import os, sys, click, streamer.cli as cli\n"
        "def echo(line='', **_):\n"
        "    if 'Ctrl-C' in str(line):\n"
        "        print(*sys.modules, flush=True)\n"
        "        os._exit(0)\n"
        "click.echo = echo\n"
        f"cli.main({arguments!r})"
    )
    done = subprocess.run(
        [sys.executable, "-c", look], capture_output=True, text=True, check=True, timeout=60
    )
    loaded = done.stdout.split()
    assert "streamer.relay.serve" in loaded
    assert not {"rich", "rich.console", "streamer.relay.screen.screen"} & set(loaded)


def test_no_collection_looks_through_what_a_relay_has_loaded_while_voice_waits(tmp_path: Path) -> None:
    look = (
        "import gc, streamer.cli as cli, streamer.relay.serve as serve\n"
        "async def ended(*_):\n"
        "    print('FROZEN', gc.get_freeze_count(), len(gc.get_objects()))\n"
        "serve.until_ended = ended\n"
        f"cli.main(['serve', '--plain', '--port', '0', '--data-dir', {str(tmp_path)!r}])"
    )
    printed = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True).stdout
    frozen, others = map(int, printed.split("FROZEN")[1].split()[:2])
    assert frozen > 50_000 > 10 * others


def test_a_token_is_shown_once_listed_without_its_secret_and_revoked(tmp_path: Path) -> None:
    where = ("--data-dir", str(tmp_path))
    made = streamer("token", "create", "--scope", "read,notify", "--room", "home", "--name", "door", *where)
    assert made.exit_code == 0
    secret = made.stdout.split()[-1]
    listed = streamer("token", "list", *where)
    [line] = listed.stdout.splitlines()
    number = line.split()[0]
    assert "notify,read  home  door" in line
    assert secret not in line
    assert streamer("token", "revoke", number, *where).exit_code == 0
    left = streamer("token", "list", *where)
    assert (left.stdout, left.stderr) == ("", "There are no tokens; `streamer token create` makes one.\n")
    again = streamer("token", "revoke", number, *where)
    assert (again.exit_code, "There is no token" in again.output) == (1, True)


def test_a_scope_that_there_is_not_is_refused_in_words(tmp_path: Path) -> None:
    result = streamer("token", "create", "--scope", "read,everything", "--data-dir", str(tmp_path))
    assert result.exit_code == 2
    assert "not everything" in result.output


def test_a_damaged_file_of_tokens_is_never_written_over(tmp_path: Path) -> None:
    (tmp_path / "tokens.json").write_text("{")
    result = streamer("token", "create", "--scope", "read", "--data-dir", str(tmp_path))
    assert result.exit_code == 1
    assert "can't be read" in result.output
    assert (tmp_path / "tokens.json").read_text() == "{"
