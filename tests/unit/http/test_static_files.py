"""The page as it is served: what a phone has to load of it."""

import fnmatch
import json
import posixpath
import re
import subprocess
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path

from processes import RelayProcess

from streamer.relay.http.static_files import NOISE, Asset, read_page

MOST_BYTES = 350 * 1024
BY_WISH_ALONE = "/worker/sending/noise_suppressor.js"
"""What strong noise suppression loads, once somebody has switched it on."""
LOADS = re.compile(
    r"""(?:src=|href=|from|import|import\(|new URL\()\s*["'`]([^"'`]+\.(?:js|mjs|css|svg|webmanifest))["'`]"""
)
COMMENT = re.compile(r"^\s*/?\*.*|@type.*", re.MULTILINE)

WEB = Path(__file__).parents[3] / "web"
SAME = """
const ts = require("./node_modules/typescript");
const options = { compilerOptions: { removeComments: true, target: "esnext", module: "esnext" } };
const bare = (text) => ts.transpileModule(text, options).outputText;
const scripts = JSON.parse(require("node:fs").readFileSync(0, "utf-8"));
const changed = scripts.filter(([, ours, served]) => bare(ours) !== bare(served));
console.log(JSON.stringify(changed.map(([name]) => name)));
"""


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
        if path not in loaded and path != BY_WISH_ALONE:
            loaded.add(path)
            waiting += loaded_by(page, path)
    weight = sum(len(page[path].gzipped or page[path].body) for path in loaded)
    print(f"{len(loaded)} files of {weight / 1024:.0f} KiB, compressed")
    assert {"/worker/worker.js", "/worklets/playout.js", "/ui/text/es.js"} <= loaded
    assert any(path.endswith("libopus.generated.mjs") for path in loaded)
    assert BY_WISH_ALONE in loaded_by(page, "/worker/worker.js")
    assert f"/{NOISE}" in loaded_by(page, BY_WISH_ALONE)
    assert weight <= MOST_BYTES


def test_a_file_of_weights_comes_whole_in_pieces_and_as_it_is(tmp_path: Path) -> None:
    with RelayProcess(tmp_path, "--no-tls", "--open") as relay:
        asked = urllib.request.Request(f"{relay.origin}/{NOISE}", headers={"Accept-Encoding": "gzip"})
        with urllib.request.urlopen(asked, timeout=60) as answer:
            assert answer.headers["Content-Encoding"] is None
            assert answer.read() == (WEB / NOISE).read_bytes()


def test_a_script_as_it_is_served_lacks_its_comments_and_nothing_else() -> None:
    page = read_page()
    ours = [name for name in page if name.endswith(".js") and "node_modules" not in name]
    scripts = [
        (name, (WEB / name[1:]).read_text(encoding="utf-8"), page[name].body.decode()) for name in ours
    ]
    assert len(scripts) > 100
    asked = json.dumps(scripts)
    answer = subprocess.run(
        ["node", "-e", SAME], input=asked, capture_output=True, check=True, text=True, cwd=WEB
    )
    assert json.loads(answer.stdout) == []
    assert all(kept.count("\n") == served.count("\n") for _, kept, served in scripts)
    assert sum(len(served) for *_, served in scripts) < 0.9 * sum(len(kept) for _, kept, _ in scripts)


def test_a_style_sheet_as_it_is_served_lacks_its_comments_and_nothing_else() -> None:
    page = read_page()
    ours = [name for name in page if name.endswith(".css") and "node_modules" not in name]
    sheets = [((WEB / name[1:]).read_text(encoding="utf-8"), page[name].body.decode()) for name in ours]
    assert len(sheets) > 10
    for kept, served in sheets:
        assert bare_css(served) == bare_css(kept)
        assert not re.search(r"^\s*/\*", served, re.MULTILINE)


def bare_css(sheet: str) -> list[str]:
    """Its words, without comments and without the spaces and the semicolons that mean nothing."""
    sheet = re.sub(r"/\*.*?\*/", " ", sheet, flags=re.DOTALL)
    strings = re.findall(r""""[^"\n]*"|'[^'\n]*'""", sheet)
    assert not re.search(r"[:,;{}>]\s|\s[{}>]", "\n".join(strings)), "spaces mean something there"
    return re.sub(r"\s*([:,;{}>])\s*", r" \1 ", re.sub(r";\s*}", "}", sheet)).split()
