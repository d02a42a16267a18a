"""The page as it is served: what a phone has to load of it."""

import fnmatch
import posixpath
import re
from collections.abc import Iterator, Mapping

from streamer.relay.http.static_files import Asset, read_page

MOST_BYTES = 350 * 1024
LOADS = re.compile(
    r"""(?:src=|href=|from|import|import\(|new URL\()\s*["'`]([^"'`]+\.(?:js|mjs|css|svg|webmanifest))["'`]"""
)
COMMENT = re.compile(r"^\s*/?\*.*|@type.*", re.MULTILINE)


def loaded_by(page: Mapping[str, Asset], path: str) -> Iterator[str]:
    """What a file asks for; where a part of a name is put in later, whatever fits."""
    text = COMMENT.sub("", page[path].body.decode())
    for name in LOADS.findall(text):
        pattern = posixpath.normpath(posixpath.join(posixpath.dirname(path), re.sub(r"\$\{.*?\}", "*", name)))
        yield from fnmatch.filter(page, pattern)


def test_the_page_its_codec_included_is_light() -> None:
    page = read_page()
    waiting, loaded = ["/index.html"], set()
    while waiting:
        path = waiting.pop()
        if path not in loaded:
            loaded.add(path)
            waiting += loaded_by(page, path)
    weight = sum(len(page[path].gzipped) for path in loaded)
    print(f"{len(loaded)} files of {weight / 1024:.0f} KiB, compressed")
    assert {"/worker/worker.js", "/worklets/playout.js", "/ui/text/es.js"} <= loaded
    assert any(path.endswith("libopus.generated.mjs") for path in loaded)
    assert weight <= MOST_BYTES
