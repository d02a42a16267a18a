"""Recordings judged by other people's programs: opusinfo, ffprobe, opusdec and ffmpeg."""

import json
import re
import subprocess
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

RATE = 48_000
PATIENCE_S = 120


def faults_of(path: Path) -> list[str]:
    """What opusinfo and ffprobe do not like about a file."""
    info = subprocess.run(["opusinfo", path], capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    said = (info.stdout + info.stderr).splitlines()
    faults = [line for line in said if re.search(r"warning|error|missing|invalid|fail|corrupt", line, re.I)]
    faults += [f"opusinfo ended with {info.returncode}"] * bool(info.returncode)
    probe = ["ffprobe", "-v", "warning", "-show_entries", "packet=pts", "-of", "csv", path]
    probed = subprocess.run(probe, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    return faults + probed.stderr.splitlines()


def decode(path: Path) -> NDArray[np.float32]:
    """Mono samples at 48 kHz, by libopus in opusdec."""
    to = path.with_suffix(".wav")
    command = [
        "opusdec",
        "--quiet",
        "--float",
        "--no-dither",
        "--force-stereo",
        "--rate",
        str(RATE),
        path,
        to,
    ]
    subprocess.run(command, capture_output=True, timeout=PATIENCE_S, check=True)
    wave = to.read_bytes()
    to.unlink()
    decoded = wave[wave.index(b"data") + 8 :]
    stereo = np.frombuffer(decoded[: len(decoded) // 8 * 8], dtype="<f4").reshape(-1, 2)
    mono: NDArray[np.float32] = stereo.mean(axis=1)
    return mono


def decode_by_ffmpeg(path: Path) -> NDArray[np.float32]:
    command = ["ffmpeg", "-v", "error", "-i", path, "-ac", "1", "-ar", str(RATE), "-f", "f32le", "-"]
    return np.frombuffer(
        subprocess.run(command, capture_output=True, timeout=PATIENCE_S, check=True).stdout, "<f4"
    )


def session_of(folder: Path) -> dict[str, object]:
    found: dict[str, object] = json.loads((folder / "session.json").read_text())
    return found
