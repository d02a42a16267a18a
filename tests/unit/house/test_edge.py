"""The edge of the program, with whatever a system may do there: no traceback, one sentence, an exit
status."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

STREAMER = Path(sys.executable).with_name("streamer")
ROOT = Path(__file__).parents[3]
PATIENCE_S = 60


def environment(home: Path, **more: str) -> dict[str, str]:
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in ("XDG_DATA_HOME", "STREAMER_DATA_DIR")
    }
    return {**kept, "HOME": str(home), **more}


def shell(command: str, home: Path, **more: str) -> subprocess.CompletedProcess[str]:
    """What `command` does in a shell, `streamer` being ours."""
    variables = environment(home, PATH=f"{STREAMER.parent}:{os.environ['PATH']}", **more)
    done = subprocess.run(
        ["bash", "-c", command],
        env=variables,
        cwd=home,
        capture_output=True,
        timeout=PATIENCE_S,
        stdin=subprocess.DEVNULL,
    )
    output, errors = (text.decode(errors="replace") for text in (done.stdout, done.stderr))
    assert "Traceback" not in output + errors, output + errors
    assert "Exception ignored" not in errors, errors
    return subprocess.CompletedProcess(command, done.returncode, output, errors)


@pytest.fixture(scope="module")
def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@pytest.mark.parametrize(
    "command",
    [
        "streamer doctor | head -1",
        "streamer doctor >&-",
        "streamer doctor >&- 2>&- <&-",
        "streamer doctor 2>&-",
        "streamer --help >&-",
        "streamer --help | true",
        "streamer listen --list-devices >&-",
    ],
)
def test_a_standard_stream_that_is_closed_is_no_error_of_ours(tmp_path: Path, command: str) -> None:
    shell(command, tmp_path)


@pytest.mark.parametrize("command", ["streamer doctor", "streamer --help", "streamer talk --help"])
def test_a_standard_output_that_is_full_is_said(tmp_path: Path, command: str) -> None:
    done = shell(f"{command} > /dev/full", tmp_path)
    assert done.returncode == 1
    assert done.stderr.strip().splitlines()[-1] == "Error: standard output: No space left on device"


def test_a_standard_error_that_is_full_too_leaves_the_exit_status(tmp_path: Path) -> None:
    assert shell("streamer doctor > /dev/full 2> /dev/full", tmp_path).returncode == 1
    assert shell("streamer listen nonsense 2> /dev/full", tmp_path).returncode == 1


def test_an_encoding_without_our_letters_shows_question_marks(tmp_path: Path) -> None:
    done = shell("streamer doctor --port 0", tmp_path, PYTHONIOENCODING="cp1252", PYTHONUTF8="0")
    assert "core" in done.stdout


LOCKED = {
    "a directory that belongs to another": lambda path: (path.mkdir(), path.chmod(0)),
    "a file in place of the directory": lambda path: path.write_bytes(b""),
    "a loop of links": lambda path: path.symlink_to(path),
}


@pytest.mark.parametrize("make", LOCKED.values(), ids=LOCKED)
@pytest.mark.parametrize("command", ["talk", "measure"])
def test_a_client_needs_nothing_of_the_relay_s_directory(
    tmp_path: Path, make: Callable[[Path], object], command: str, closed_port: int
) -> None:
    make(tmp_path / "data")
    soundfile.write(tmp_path / "said.wav", np.zeros(4_800), 48_000)
    options = "" if command == "measure" else "--input said.wav --output heard.wav"
    for scheme in ("http", "https"):
        link = f"'{scheme}://127.0.0.1:{closed_port}/#room=home'"
        command_line = as_nobody_s_root(f"streamer {command} {link} {options}")
        done = shell(command_line, tmp_path, XDG_DATA_HOME=str(tmp_path / "data"))
        assert (done.returncode, done.stdout) == (1, "")
        assert "No relay answers at 127.0.0.1" in done.stderr
    if (tmp_path / "data").is_dir():
        (tmp_path / "data").chmod(0o700)


def as_nobody_s_root(command: str) -> str:
    """Root may read everything: here it may not."""
    if os.geteuid() or not shutil.which("setpriv"):
        return command
    without = "-dac_override,-dac_read_search"
    return f"setpriv --bounding-set={without} --inh-caps={without} {command}"


def test_the_doctor_says_which_file_it_may_not_read(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    data.chmod(0)
    done = shell(as_nobody_s_root("streamer doctor --port 0"), tmp_path, XDG_DATA_HOME=str(data))
    data.chmod(0o700)
    assert done.returncode == 1
    assert "codec" in done.stdout  # the examinations behind it go on


def test_without_a_home_a_client_works_and_a_relay_asks_for_a_directory(
    tmp_path: Path, closed_port: int
) -> None:
    nobody = "setpriv --reuid=54321 --clear-groups" if not os.geteuid() else ""
    tmp_path.chmod(0o777)
    link = f"'https://127.0.0.1:{closed_port}/#room=home'"
    done = shell(f"unset HOME; {nobody} streamer listen {link} --output /dev/null", tmp_path)
    if "Permission denied" in done.stderr and "streamer" in done.stderr:
        pytest.skip("another user may not read this checkout")
    assert "No relay answers" in done.stderr
    assert not (tmp_path / "~").exists()
    done = shell(f"unset HOME; {nobody} streamer serve --no-tls --port 0", tmp_path)
    assert done.returncode == 1
    assert "--data-dir" in done.stderr


@pytest.mark.parametrize(
    ("link", "words"),
    [
        ("", "does not name a relay|does not name a room|not an address"),
        ("home", "does not name a room"),
        ("https://127.0.0.1:99999/#room=home", "not an address"),
        ("https://127.0.0.1:0/#room=home", "not an address"),
        ("https://127.0.0.1:x/#room=home", "not an address"),
        ("https://[::1/#room=home", "not an address"),
        ("https://[fe80::1%nothing]:1/#room=home", "."),
        ("ftp://127.0.0.1/#room=home", "begins with ftp://"),
        ("https:///#room=home", "does not name a relay"),
        ("https://a..b:1/#room=home", "."),
        ("https://" + "a" * 64 + ".invalid:1/#room=home", "."),
        ("https://" + "a." * 200 + "invalid:1/#room=home", "."),
        ("https://ex ample:1/#room=home", "."),
        ("https://bücher.invalid:1/#room=home", "."),
        ("https://\udcff:1/#room=home", "not an address"),
        ("https://127.0.0.1:1/#room=\udcff", "not an address"),
        ("https://127.0.0.1:1\n/#room=home", "not an address"),
        ("https://127.0.0.1:1/#room=\x1b[2J", "not an address"),
    ],
)
def test_a_link_that_leads_nowhere_is_said_in_one_sentence(tmp_path: Path, link: str, words: str) -> None:
    command = [str(STREAMER), "listen", link, "--output", "/dev/null"]
    done = subprocess.run(command, env=environment(tmp_path), capture_output=True, timeout=PATIENCE_S)
    errors = done.stderr.decode(errors="replace")
    assert done.returncode == 1
    assert errors.startswith("Error: ")
    assert len(errors.strip().splitlines()) == 1, errors
    assert "\x1b" not in errors
    assert re.search(words, errors)


def answering(answer: bytes) -> int:
    """A port that sends `answer` to every caller, and hangs up."""
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        for _ in range(4):
            caller, _ = server.accept()
            with caller:
                caller.settimeout(5)
                caller.recv(4_096)
                caller.sendall(answer)

    threading.Thread(target=serve, daemon=True).start()
    return int(server.getsockname()[1])


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"SSH-2.0-OpenSSH_9\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
        b"HTTP/1.1 403 No\r\nContent-Length: 51\r\n\r\n"
        + b'{"error": "x", "message": "\\u001b[2J\\nlost\\u202e!!"}',
        b"HTTP/1.1 500 Oops\r\n\r\n",
        b"HTTP/1.1 302 There\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
        b"\x15\x03\x01\x00\x02\x02\x28",
    ],
)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_port_where_something_else_answers_is_said_in_one_sentence(
    tmp_path: Path, scheme: str, answer: bytes
) -> None:
    done = shell(
        f"streamer listen '{scheme}://127.0.0.1:{answering(answer)}/#room=home' --output /dev/null", tmp_path
    )
    assert done.returncode == 1
    assert len(done.stderr.strip().splitlines()) == 1
    assert "\x1b" not in done.stderr


@pytest.mark.parametrize(
    "options",
    [
        "--input nothing.wav",
        "--input .",
        "--input /dev/null",
        "--output .",
        "--output no/where.wav",
        "--output /dev/full",
    ],
)
def test_a_file_that_cannot_be_used_is_named(tmp_path: Path, options: str, closed_port: int) -> None:
    command = "talk" if "--input" in options else "listen"
    done = shell(f"streamer {command} 'http://127.0.0.1:{closed_port}/#room=home' {options}", tmp_path)
    assert done.returncode in (1, 2)
    assert options.split()[1] in done.stderr


def test_ctrl_c_at_any_moment_of_the_start_ends_it_without_a_traceback(
    tmp_path: Path, closed_port: int
) -> None:
    began = time.monotonic()
    subprocess.run([str(STREAMER), "--version"], env=environment(tmp_path), check=True, capture_output=True)
    lasts_s = time.monotonic() - began
    for moment in range(12):
        command = [
            str(STREAMER),
            "listen",
            f"http://127.0.0.1:{closed_port}/#room=home",
            "--output",
            "/dev/null",
        ]
        process = subprocess.Popen(
            command,
            env=environment(tmp_path),
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )
        time.sleep(0.3 * lasts_s + moment * lasts_s / 12)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=PATIENCE_S)
        # Before that, it is Python's own start, and the import of the package.
        has_begun = "__main__.py" in errors
        assert "Traceback" not in errors or not has_begun, f"{moment}: {errors}"


@pytest.mark.parametrize("most", [7, 8, 10, 12])
def test_a_program_that_may_open_hardly_any_file_says_so(most: int, tmp_path: Path) -> None:
    serve = [
        STREAMER,
        "serve",
        "--host",
        "127.0.0.1",
        "--port",
        "0",
        "--no-mdns",
        "--data-dir",
        str(tmp_path),
    ]
    limited = ["bash", "-c", f'ulimit -n {most} && exec "$@"', "limited", *map(str, serve)]
    done = subprocess.run(limited, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "ulimit -n" in done.stderr, done.stderr
