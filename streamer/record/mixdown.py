"""`streamer mixdown`: one file of a recording's tracks, decoded in step and added up, in blocks of a second.

Where all is to be kept apart, ffmpeg puts the tracks side by side into a Matroska file, without decoding
anything.
"""

import json
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from streamer.audio_format import SAMPLE_RATE
from streamer.client.audio.codec import Decoder, load_opus
from streamer.client.audio.limiter import Limiter
from streamer.client.audio.sound_files import EncodedWriter
from streamer.errors import AudioError, SetupError
from streamer.ogg.opus import OpusReader
from streamer.record.folder import is_plain, read_plain
from streamer.record.recording import SESSION
from streamer.terminal_text import one_line

KINDS: Final = {
    ".wav": ("WAV", "PCM_16"),
    ".flac": ("FLAC", "PCM_16"),
    ".opus": ("OGG", "OPUS"),
    ".ogg": ("OGG", "OPUS"),
}
"""What libsndfile writes, by the end of the file's name."""

MATROSKA: Final = (".mka", ".mkv")
BLOCK: Final = SAMPLE_RATE
MAX_SESSION_BYTES: Final = 16 << 20
"""Many times what a recorder writes in a day; whatever is larger is not ours, and is not read into memory."""

_Rows = NDArray[np.float32]


class Source:
    """One track, decoded as it is read: rows of left and right, from the beginning of the recording."""

    def __init__(self, path: Path, gain: float = 1.0) -> None:
        try:
            reader = OpusReader(read_plain(path))
        except OSError as error:
            raise AudioError(f"{path} can't be read: {error.strerror or error}") from None
        except AudioError as error:
            raise AudioError(f"{path} can't be read: {error}") from None
        self._gain = gain
        self._packets = reader.packets()
        self._decoder = Decoder()
        self._rest = np.zeros((0, 2), dtype=np.float32)
        self._skip = reader.head.pre_skip

    def read(self, n_rows: int) -> _Rows:
        """The next rows, fewer at the end alone."""
        parts, found = [self._rest], len(self._rest)
        while found < n_rows:
            rows = self._next()
            if rows is None:
                break
            parts.append(rows)
            found += len(rows)
        whole = np.concatenate(parts)
        self._rest = whole[n_rows:]
        return whole[:n_rows] * np.float32(self._gain)

    def _next(self) -> _Rows | None:
        packet = next(self._packets, None)
        if packet is None:
            return None
        payload, samples = packet
        mid = self._decoder.decode(payload)[:samples]
        side = self._decoder.side
        rows = np.stack([mid, mid] if side is None else [mid + side[:samples], mid - side[:samples]], axis=1)
        begin = min(self._skip, len(rows))
        self._skip -= begin
        return rows[begin:]


def mix(sources: list[Source]) -> Iterator[_Rows]:
    """Blocks of the sum, left and right, limited to full scale; as long as the longest source."""
    limiter = Limiter(SAMPLE_RATE)
    while True:
        blocks = [block for block in (source.read(BLOCK) for source in sources) if len(block)]
        if not blocks:
            return
        total = np.zeros((max(map(len, blocks)), 2), dtype=np.float32)
        for block in blocks:
            total[: len(block)] += block
        mid: _Rows = (total[:, 0] + total[:, 1]) / np.float32(2)
        side: _Rows = (total[:, 0] - total[:, 1]) / np.float32(2)
        limiter.process(mid, side)
        yield np.stack([mid + side, mid - side], axis=1).astype(np.float32)


def mixdown(folder: Path, output: Path, gains_db: Mapping[str, float]) -> Path:
    """Writes `output` of the recording in `folder`; gains are in dB, by name. Raises SetupError or
    AudioError."""
    tracks = tracks_of(folder)
    if output.exists():
        raise SetupError(f"{output} is there already: choose another file with --output")
    if output.suffix in MATROSKA:
        if gains_db:
            raise SetupError("a Matroska file keeps the tracks as they are: leave --gain out")
        _to_matroska(tracks, output)
        return output
    if output.suffix not in KINDS:
        raise SetupError(
            f"--output ends with {', '.join([*KINDS, *MATROSKA])}, not with {output.suffix or 'nothing'}"
        )
    _check_gains(gains_db, [name for name, _ in tracks])
    load_opus()
    sources = [Source(path, 10 ** (gains_db.get(name, 0.0) / 20)) for name, path in tracks]
    _write(output, sources, 2 if any(_has_stereo(path) for _, path in tracks) else 1)
    return output


def tracks_of(folder: Path) -> list[tuple[str, Path]]:
    """Names and files. A file outside of the folder, whatever session.json says, is none of the
    recording's."""
    try:
        told: Any = json.loads(read_plain(folder / SESSION, MAX_SESSION_BYTES))["tracks"]
        files = {Path(str(each["file"])).name: str(each["name"]) for each in told}
    except FileNotFoundError:
        raise SetupError(f"{folder} holds no recording: there is no {SESSION}") from None
    except (OSError, ValueError, TypeError, KeyError, RecursionError) as error:
        raise SetupError(f"{folder / SESSION} can't be read: {error}") from None
    found = [(name, folder / file) for file, name in files.items() if is_plain(folder / file)]
    if not found:
        raise SetupError(f"{folder} holds no sound: nobody talked")
    return found


def _check_gains(gains_db: Mapping[str, float], names: list[str]) -> None:
    unknown = sorted(gains_db.keys() - set(names))
    if unknown:
        raise SetupError(f"nobody in this recording is called {unknown[0]}; there are {', '.join(names)}")


def _has_stereo(path: Path) -> bool:
    return OpusReader(read_plain(path)).head.channels > 1


def _write(output: Path, sources: list[Source], channels: int) -> None:
    with _whole(output) as partial:
        writer = EncodedWriter(partial, channels, KINDS[output.suffix], name=output)
        try:
            for rows in mix(sources):
                writer.write(rows if channels > 1 else rows.mean(axis=1))
        finally:
            writer.close()


def _to_matroska(tracks: list[tuple[str, Path]], output: Path) -> None:
    ffmpeg = shutil.which("ffmpeg")
    if ffmpeg is None:
        raise SetupError(
            "ffmpeg, which writes Matroska files, is not installed (`sudo apt-get install ffmpeg`)"
        )
    command = [ffmpeg, "-nostdin", "-v", "error", "-xerror"]  # else it ends well although the disk is full
    for _, path in tracks:
        command += ["-i", f"file:{path}"]
    for number, (name, _) in enumerate(tracks):
        command += ["-map", str(number), f"-metadata:s:a:{number}", f"title={one_line(name)}"]
    with _whole(output) as partial:
        command += ["-c", "copy", "-f", "matroska", f"file:{partial}"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            said = done.stderr.replace(str(partial), str(output)).strip()[-300:]
            raise AudioError(f"ffmpeg could not write {output}: {said}")


@contextmanager
def _whole(output: Path) -> Iterator[Path]:
    """Where to write it: `output` is there only once the block has ended well. Raises AudioError."""
    partial = output.with_name(f".{output.name}.part")
    try:
        yield partial
        partial.replace(output)
    except OSError as error:
        raise AudioError(f"{output} can't be written: {error.strerror or error}") from None
    finally:
        with suppress(OSError):
            partial.unlink()
