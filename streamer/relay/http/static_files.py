"""The page, as the relay serves it: the files of `web/`, read once, compressed once."""

import gzip
import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from streamer.errors import SetupError

MANIFEST: Final = "/manifest.webmanifest"
CODEC: Final = "node_modules/libopus-wasm/dist"
NOISE: Final = "node_modules/@jitsi/rnnoise-wasm/dist/rnnoise-sync.js"
"""Loaded by those alone who switch strong noise suppression on."""

_MOST_COMPRESSED_BYTES: Final = 1024 * 1024
"""A larger file holds weights, which hardly get smaller; to try would hold up the start of the relay."""

_TYPES: Final = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".webmanifest": "application/manifest+json",
}
_SCRIPTS: Final = ("*.js", "*/*.js", "page/*/*.js", "ui/text/*.js", "worker/*/*.js")
_PATTERNS: Final = ("*.html", *_SCRIPTS, "*.webmanifest", "*/*.css", "*/*.svg", "*/*.png")
_PRIVATE: Final = {"package.json", "package-lock.json", "tsconfig.json"}
_LIBRARIES: Final = (f"{CODEC}/index.js", f"{CODEC}/generated/*.mjs", "node_modules/lean-qr/nano.mjs", NOISE)

_INDENTATION: Final = re.compile(rb"^[ \t]+", re.MULTILINE)
_COMMENTS: Final = re.compile(rb"^[ \t]*(?://[^\n]*|/\*(?:[^*]|\*(?!/))*\*/[ \t]*$)", re.MULTILINE)
_COMMENTS_BEHIND: Final = re.compile(rb"(?<=[;,{})\]]) // [^\n\"'`]*$", re.MULTILINE)
"""What has a quote in it may be the end of a string, and stays."""

_TYPES_IN_CODE: Final = re.compile(rb"/\*\* @type \{[^\n]*?\} \*/ ?")
_NEEDLESS_IN_STYLE: Final = re.compile(rb"\A\s+|;\s*(?=\})|(?<=[:,;{}>])\s+|\s+(?=[{}>])")


@dataclass(frozen=True)
class Asset:
    """One file of the page, ready to be sent."""

    body: bytes
    gzipped: bytes | None
    """None where the file goes as it is."""
    content_type: str
    etag: str

    @classmethod
    def read(cls, path: Path, *, is_ours: bool = True) -> "Asset":
        """What is ours goes without indentation and comments, a third of a script, and a style sheet without
        line ends, too; a library's hold its licence."""
        body = path.read_bytes()
        if is_ours and path.suffix == ".js":
            body = without_comments(body)
        elif is_ours and path.suffix == ".css":
            body = _NEEDLESS_IN_STYLE.sub(b"", without_comments(body))
        elif is_ours and path.suffix == ".html":
            body = _INDENTATION.sub(b"", body)
        return cls.of(body, _TYPES[path.suffix])

    @classmethod
    def of(cls, body: bytes, content_type: str) -> "Asset":
        digest = hashlib.sha256(body).hexdigest()[:32]
        gzipped = gzip.compress(body, 9, mtime=0) if len(body) <= _MOST_COMPRESSED_BYTES else None
        return cls(body, gzipped, content_type, f'"{digest}"')


def without_comments(text: bytes) -> bytes:
    """`text`, JavaScript or CSS, without indentation and without comments, but for some behind code.

    Its lines keep their numbers, so that errors still name them.
    """
    text = _COMMENTS.sub(lambda found: b"\n" * found[0].count(b"\n"), text)
    return _INDENTATION.sub(b"", _TYPES_IN_CODE.sub(b"", _COMMENTS_BEHIND.sub(b"", text)))


def read_page(directory: Path | None = None) -> Mapping[str, Asset]:
    """Every file of the page by its URL path; raises SetupError where the page or its codec is not
    installed."""
    directory = directory or _find_directory()
    if not (directory / CODEC / "index.js").exists():
        raise SetupError(
            f"the page's codec (npm libopus-wasm) is not installed in {directory}: run scripts/setup in the "
            "checkout"
        )
    names = {path: path.relative_to(directory) for path in _files(directory)}
    assets = {
        f"/{name.as_posix()}": Asset.read(path, is_ours="node_modules" not in name.parts)
        for path, name in names.items()
    }
    return {"/": assets["/index.html"], "/check": assets["/check.html"], **assets}


def at_path(page: Mapping[str, Asset], base: str) -> Mapping[str, Asset]:
    """`page` for a relay below `base`: browsers tell installed pages apart by an id, which is of the whole
    site."""
    if not base:
        return page
    manifest = json.loads(page[MANIFEST].body) | {"id": f"{base}/"}
    return {**page, MANIFEST: Asset.of(json.dumps(manifest, indent=1).encode(), page[MANIFEST].content_type)}


def _files(directory: Path) -> Iterable[Path]:
    for pattern in (*_PATTERNS, *_LIBRARIES):
        yield from (path for path in directory.glob(pattern) if path.name not in _PRIVATE)


def _find_directory() -> Path:
    """In a wheel the page lies inside the package; in a checkout beside it."""
    package = Path(__file__).parents[2]
    for directory in (package / "web", package.parent / "web"):
        if (directory / "index.html").exists():
            return directory
    raise SetupError(f"the page is missing beside {package}: install streamer again")
