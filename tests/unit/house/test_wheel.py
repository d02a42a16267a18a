"""What a person gets who installs streamer outside the checkout."""

import json
import subprocess
import sys
import urllib.request
import venv
from pathlib import Path

import numpy as np
import pytest
from processes import RelayProcess, StreamerProcess
from python_document import ten_lines
from scipy.io import wavfile
from sound import level_dbfs

ROOT = Path(__file__).parents[3]

PAGE = (
    "",
    *(path.relative_to(ROOT / "web").as_posix() for path in sorted((ROOT / "web/page").rglob("*.js"))),
    "ui/text/en.js",
    "styles/base.css",
    "icons/mark.svg",
    "icons/any-192.png",
    "manifest.webmanifest",
    "node_modules/libopus-wasm/dist/index.js",
    "node_modules/@jitsi/rnnoise-wasm/dist/rnnoise-sync.js",
)


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `streamer` of a fresh environment; what it depends on is borrowed from this one."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--no-build-isolation",
        "-w",
        folder,
        ROOT,
    ]
    subprocess.run(build, check=True, timeout=300)
    venv.create(folder / "fresh", with_pip=False)
    packages = next((folder / "fresh/lib").glob("python3*/site-packages"))
    here = next(path for path in sys.path if path.endswith("site-packages"))
    (wheel,) = folder.glob("*.whl")
    install = [
        sys.executable,
        "-m",
        "pip",
        "--python",
        folder / "fresh/bin/python",
        "install",
        "--quiet",
        "--no-deps",
    ]
    subprocess.run([*install, wheel], check=True, timeout=120)
    (packages / "borrowed.pth").write_text(f"{here}\n")
    return folder / "fresh/bin/streamer"


def test_the_installed_relay_serves_the_page_and_its_codec(installed: Path, tmp_path: Path) -> None:
    with RelayProcess(tmp_path, "--no-tls", "--open", program=installed) as relay:
        assert relay.healthz()["status"] == "ok"
        for path in PAGE:
            with urllib.request.urlopen(f"{relay.origin}/{path}", timeout=5) as answer:
                assert answer.status == 200
                assert answer.read()


def test_the_installed_code_is_the_wheel_s_own(installed: Path) -> None:
    program = (
        "import json, streamer.websocket.mask as m, streamer.cli as c; "
        "print(json.dumps([m.__file__, c.__file__]))"
    )
    python = installed.with_name("python")
    printed = subprocess.run(
        [python, "-c", program], check=True, capture_output=True, text=True, cwd="/", timeout=60
    )
    assert all(path.startswith(str(installed.parents[1])) for path in json.loads(printed.stdout))


def test_the_ten_lines_of_the_document_talk_where_the_wheel_is_installed(
    installed: Path, tmp_path: Path
) -> None:
    program, heard = tmp_path / "ten_lines.py", tmp_path / "heard.wav"
    with RelayProcess(tmp_path / "relay", "--no-tls", "--open", program=installed) as relay:
        program.write_text(ten_lines(relay.link), encoding="utf-8")
        with StreamerProcess(tmp_path / "ada", "listen", relay.link, "--name", "Ada", "--output", heard):
            relay.wait_for_members(1)
            python = installed.with_name("python")
            done = subprocess.run(
                [python, program], check=True, capture_output=True, text=True, cwd="/", timeout=60
            )
    assert done.stdout == "Here are: ['Ada']\n"
    assert level_dbfs(wavfile.read(heard)[1] / np.float32(32_768)) > -30
