"""What the jitter buffer does with half and with double of each threshold of its policy.

    scripts/bench thresholds [--seconds 120] [--seeds 2] [--only NAME ...]

Each threshold is changed in a copy of the page's jitter buffer, which decides as the compiled one does. The
networks are those of `scripts/bench jitter`. The first lines are the buffer as it is.
"""

import argparse
import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

HERE: Final = Path(__file__).parent
WEB: Final = HERE.parents[1] / "web"
sys.path[:0] = [str(HERE.parent / "support")]

from network_traces import TRACES  # noqa: E402

POLICY: Final = "worklets/playout_policy.js"
CHANGED: Final = {
    "LATE_BAND_MS": POLICY,
    "SPARE_MS": POLICY,
    "OVERSHOOT_MS": POLICY,
    "SKIP_MS": POLICY,
    "KEEP_MS": POLICY,
    "OVERDUE_SHARE": POLICY,
    "ALIKE": POLICY,
    "ALIKE_ENOUGH": POLICY,
    "HURRY_MS": POLICY,
    "LONGEST_GAP_SAMPLES": POLICY,
    "REST_PER_CUT": "worklets/jitter_buffer.js",
    "REST_PER_REPEAT": "worklets/jitter_buffer.js",
}
MOST: Final = {"ALIKE": 0.95, "ALIKE_ENOUGH": 0.95, "KEEP_MS": 255}
"""Where double is beyond what makes sense: a similarity is at most 1, and no more may be kept than is skipped
at."""

ROW: Final = "{:20} {:>6} {:8} {:>8} {:>8} {:>10} {:>8} {:>9}"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--only", nargs="*", choices=CHANGED, default=list(CHANGED))
    options = parser.parse_args()
    traces = {
        name: [list(make(seed, options.seconds * 1000).arrival_ms) for seed in range(options.seeds)]
        for name, make in TRACES.items()
    }
    print(ROW.format("threshold", "value", "network", "mean ms", "p95 ms", "concealed", "cut", "repeated"))
    show("as it is", "", run(None, 0, traces))
    for name in options.only:
        value = value_of(name)
        for changed in (value / 2, min(2 * value, MOST.get(name, 2 * value))):
            show(name, f"{changed:g}", run(name, changed, traces))


def value_of(name: str) -> float:
    found = re.search(rf"^const {name} = ([\d.]+);$", (WEB / CHANGED[name]).read_text(), re.MULTILINE)
    assert found, name
    return float(found[1])


def run(name: str | None, value: float, traces: dict[str, list[list[float]]]) -> dict[str, dict[str, float]]:
    with tempfile.TemporaryDirectory() as folder:
        for part in ("worklets", "shared"):
            shutil.copytree(WEB / part, Path(folder) / part)
        (Path(folder) / "package.json").write_text('{"type": "module"}')
        if name:
            path = Path(folder) / CHANGED[name]
            path.write_text(
                re.sub(rf"^const {name} = .*$", f"const {name} = {value:g};", path.read_text(), flags=re.M)
            )
        everything = [trace for each in traces.values() for trace in each]
        command = ["node", str(HERE / "jitter/thresholds.mjs"), folder]
        done = subprocess.run(
            command, input=json.dumps(everything), capture_output=True, text=True, check=True
        )
    played = iter(json.loads(done.stdout))
    return {network: mean([next(played) for _ in each]) for network, each in traces.items()}


def mean(results: list[dict[str, Any]]) -> dict[str, float]:
    return {figure: sum(result[figure] for result in results) / len(results) for figure in results[0]}


def show(name: str, value: str, results: dict[str, dict[str, float]]) -> None:
    for network, each in results.items():
        shares = (f"{each[figure]:.2%}" for figure in ("concealed", "cut", "repeated"))
        print(
            ROW.format(name, value, network, f"{each['mean']:.1f}", f"{each['p95']:.1f}", *shares), flush=True
        )


if __name__ == "__main__":
    main()
