"""Breaks the product in a copy, one way at a time, and tells which sound tests notice.

    scripts/bench mutate [--only NAME] [--busy loop|holds] [--whole]

Each line is one mutation, and which of the tests that should find it failed. A mutation that no test found is
marked MISSED, and the exit code is then 1. `--busy loop` occupies one core meanwhile, `--busy holds` holds
every core for 40 to 140 ms each second. `--whole` runs every test of the files, not only those that judge
what the mutation touches. The work tree stays as it is.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final, NamedTuple

HERE: Final = Path(__file__).parent
ROOT: Final = HERE.parents[1]
sys.path[:0] = [str(HERE.parent / "support")]

from busy import busy  # noqa: E402

LONGEST_S: Final = 400
COPIED: Final = ("streamer", "web", "tests", "scripts", "pyproject.toml", "README.md", "docs")
VOICES, BUTTON, MUSIC, GUARD, FILES = (
    f"tests/{name}.py"
    for name in (
        "sound/test_end_to_end_voices",
        "sound/test_end_to_end_button",
        "sound/test_end_to_end_music",
        "sound/test_end_to_end_guard",
        "unit/client/test_end_to_end_files",
    )
)


class Mutation(NamedTuple):
    """`old` in `file` becomes `new`; `tests` are the files that should notice, `only` what of them (as `-k`).

    `also` is a second change: of a relay's echo alone nothing is heard, since no client plays its own talker.
    """

    file: str
    old: str
    new: str
    tests: str
    only: str
    also: tuple[str, str, str] | None = None


SEND: Final = "for (const packet of packets) link.sendPacket(packet);"
CLEAR: Final = '  toPlayout({ type: "clear" });\n  for ('
LET_IN: Final = (
    '  toPlayout({ type: "clear" });\n  toPlayout({ type: "add", talkerId: welcome.talker_id });\n  for ('
)
MIXED: Final = "    this.#resamplers[0].process(this.#mix[0], needed, left);"
DELAYED: Final = """    this.mutant ??= [new Float32Array(14400), new Float32Array(14400)];
    for (const [i, plane] of this.mutant.entries()) {
      const mix = this.#mix[i];
      const late = plane.slice(0, needed);
      plane.copyWithin(0, needed);
      plane.set(mix.subarray(0, needed), 14400 - needed);
      mix.set(late);
    }
"""
PLAYED: Final = "np.frombuffer(block, dtype=np.float32)[:] = self._pop(n_samples, perf_counter()).ravel()"
LATE_DESKTOP: Final = """new = self._pop(n_samples, perf_counter()).ravel()
        line = getattr(self, "_mutant", np.zeros(14_400, np.float32))
        line = np.concatenate((line, new))
        np.frombuffer(block, dtype=np.float32)[:] = line[: len(new)]
        self._mutant = line[len(new) :]"""

MUTATIONS: Final = {
    "mute a talker (page)": Mutation(
        "web/worker/sending/sender.js", SEND, "packets.length = 0;", VOICES, "whole"
    ),
    "mute a talker (desktop)": Mutation(
        "streamer/client/audio/packetizer.py",
        "now = list(self._preroll) if self.talking else []",
        "now = []",
        VOICES,
        "whole",
    ),
    "swap channels (page)": Mutation(
        "web/worklets/playout.js",
        "separate(left, right);\n    return",
        "separate(right, left);\n    return",
        MUSIC,
        "music",
    ),
    "swap channels (desktop)": Mutation(
        "streamer/client/mixer.py", "(mid + side, mid - side)", "(mid - side, mid + side)", MUSIC, "terminal"
    ),
    "own voice back": Mutation(
        "streamer/websocket/fanout.pyx",
        "if sink is sender or (",
        "if (",
        VOICES,
        "himself",
        ("web/worker/worker.js", CLEAR, LET_IN),
    ),
    "drop every tenth packet (page)": Mutation(
        "web/worker/sending/sender.js",
        SEND,
        "for (const packet of packets) if (packet[5] % 10) link.sendPacket(packet);",
        VOICES,
        "missing",
    ),
    "drop every tenth packet (relay)": Mutation(
        "streamer/websocket/fanout.pyx",
        "        cdef bint waits, is_busy = flusher.is_busy(now_us)\n",
        "        cdef bint waits, is_busy = flusher.is_busy(now_us)\n"
        "        if (<const unsigned char*>PyBytes_AS_STRING(frame))[7] % 10 == 0:\n"
        "            return 0\n",
        VOICES,
        "missing",
    ),
    "drop every tenth packet (desktop)": Mutation(
        "streamer/client/audio/packetizer.py",
        "            for number, heard in enumerate(now)\n",
        "            for number, heard in enumerate(now)\n"
        "            if self.packet(self._encoded(heard), starts=False).seq % 10\n",
        f"{VOICES} {FILES}",
        "missing or says",
    ),
    "add 300 ms (page's output)": Mutation(
        "web/worklets/playout.js", MIXED, DELAYED + MIXED, VOICES, "takes_time or figure"
    ),
    "add 300 ms (desktop's output)": Mutation(
        "streamer/client/audio/speaker.py", PLAYED, LATE_DESKTOP, VOICES, "takes_time or figure"
    ),
    "add 300 ms (before the relay)": Mutation(
        "web/worker/sending/sender.js",
        SEND,
        "setTimeout(() => packets.forEach((packet) => link.sendPacket(packet)), 300);",
        VOICES,
        "takes_time",
    ),
    "add 300 ms to the figure (page)": Mutation(
        "web/worker/delay/mouth_to_ear.js",
        "(outputUs ?? 0) + LOOK_AHEAD_US",
        "(outputUs ?? 0) + LOOK_AHEAD_US + 300_000",
        VOICES,
        "figure",
    ),
    "never close the gate (page)": Mutation(
        "web/worker/sending/transmit_gate.js", "Math.max(0, this.#tail - 1);", "this.#tail;", BUTTON, "button"
    ),
    "no guard (page)": Mutation(
        "web/worker/feedback/feedback_guard.js",
        "    this.#sameRoom.process(levelOf(frame));\n",
        "    return;\n",
        GUARD,
        "guard or named",
    ),
}


class Result(NamedTuple):
    failed: list[str]
    passed: int
    seconds: float
    said: str


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", default="", help="what has this in its name")
    parser.add_argument("--busy", choices=("loop", "holds"))
    parser.add_argument("--whole", action="store_true")
    options = parser.parse_args()
    missed = 0
    with busy(loops=int(options.busy == "loop"), holds=options.busy == "holds"):
        for name, mutation in MUTATIONS.items():
            if options.only not in name:
                continue
            result = run(mutation, options.whole)
            missed += not result.failed
            print(
                f"{name:36} {result.seconds:4.0f} s  {', '.join(result.failed) or 'MISSED: ' + result.said}",
                flush=True,
            )
    sys.exit(bool(missed))


def run(mutation: Mutation, whole: bool) -> Result:
    """The sound tests on a copy that is broken this way."""
    with tempfile.TemporaryDirectory(prefix="streamer-mutant-") as name:
        copy = Path(name)
        copy_product(copy)
        break_(copy, mutation)
        began = time.monotonic()
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            "-rf",
            *mutation.tests.split(),
        ]
        command += [] if whole else ["-k", mutation.only]
        done = subprocess.run(
            command,
            cwd=copy,
            env=environment(copy),
            capture_output=True,
            text=True,
            timeout=LONGEST_S,
            check=False,
        )
    failed = re.findall(r"^FAILED \S+?::(\S+)", done.stdout, re.MULTILINE)
    passed = re.search(r"(\d+) passed", done.stdout)
    last = (done.stdout + done.stderr).strip().splitlines()[-1:]
    return Result(short(failed), int(passed[1]) if passed else 0, time.monotonic() - began, "".join(last))


def short(failed: list[str]) -> list[str]:
    """Each test once, with how many of its cases failed."""
    names = [name.partition("[")[0] for name in failed]
    return [
        f"{name} ×{names.count(name)}" if names.count(name) > 1 else name for name in dict.fromkeys(names)
    ]


def copy_product(copy: Path) -> None:
    ignored = shutil.ignore_patterns("__pycache__", "bench")
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, copy / name, ignore=ignored, symlinks=True)
        else:
            shutil.copy(source, copy / name)


def break_(copy: Path, mutation: Mutation) -> None:
    for file, old, new in filter(None, (mutation[:3], mutation.also)):
        text = (copy / file).read_text()
        assert text.count(old) == 1, f"{file} has no single {old!r}"
        (copy / file).write_text(text.replace(old, new))
    path = copy / mutation.file
    if path.suffix == ".pyx":
        for built in path.parent.glob(f"{path.stem}.cpython*"):
            built.unlink()
        path.with_suffix(".c").unlink(missing_ok=True)
        script = (
            "from Cython.Build import cythonize; from setuptools import setup; "
            "setup(ext_modules=cythonize(EXT))"
        )
        script = script.replace("EXT", repr([mutation.file]))
        (copy / "build_mutant.py").write_text(script)
        build = [sys.executable, "build_mutant.py", "-q", "build_ext", "--inplace"]
        subprocess.run(build, cwd=copy, check=True, capture_output=True, timeout=LONGEST_S)


def environment(copy: Path) -> dict[str, str]:
    """The copy goes before what is installed."""
    return {**os.environ, "PYTHONPATH": str(copy)}


if __name__ == "__main__":
    main()
