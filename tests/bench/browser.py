"""What a phone's browser has to do while six talk: streamer and plain WebRTC, in one run.

    scripts/bench browser [--talkers 6] [--seconds 20] [--rounds 2]

CPU time of all the processes of one Chromium that hears everybody and talks itself, with echo cancelling, over what
passes meanwhile. Who talks runs elsewhere and is not counted.
"""

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

import numpy as np
import psutil

HERE: Final = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from phone import Phone, Phones  # noqa: E402
from processes import RelayProcess, StreamerProcess  # noqa: E402
from rig import Rig  # noqa: E402
from sound import speech  # noqa: E402

from streamer.client.wavefile import WavWriter  # noqa: E402

PEER: Final = (HERE / "latency/webrtc.js").read_text()
MANY: Final = (HERE / "browser/many.js").read_text()
FLAGS: Final = ("--allow-loopback-in-peer-connection", "--autoplay-policy=no-user-gesture-required")
SETTLE_S: Final = 5
WORDS: Final = np.tile(speech(), 30)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--talkers", type=int, default=6)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--rounds", type=int, default=2)
    options = parser.parse_args()
    busy: dict[str, list[float]] = {"streamer": [], "WebRTC": []}
    for _ in range(options.rounds):
        for name, service in (("streamer", streamer), ("WebRTC", webrtc)):
            with tempfile.TemporaryDirectory() as folder, service(Path(folder), options.talkers) as phone:
                busy[name].append(share_of_a_core(phone, options.seconds))
    medians = {name: statistics.median(shares) for name, shares in busy.items()}
    for name, shares in busy.items():
        print(f"{name:10} {100 * medians[name]:5.1f} % of a core   ({', '.join(f'{100 * s:.1f}' for s in shares)})")
    print(f"streamer ÷ WebRTC: {medians['streamer'] / medians['WebRTC']:.2f}")


def share_of_a_core(phone: Phone, seconds: float) -> float:
    time.sleep(SETTLE_S)
    before = cpu_s(phone)
    time.sleep(seconds)
    return (cpu_s(phone) - before) / seconds


def cpu_s(phone: Phone) -> float:
    browser = psutil.Process(phone.pid)
    times = [process.cpu_times() for process in (browser, *browser.children(recursive=True))]
    return sum(each.user + each.system for each in times)


@contextmanager
def streamer(folder: Path, talkers: int) -> Iterator[Phone]:
    with ExitStack() as stack:
        rig = stack.enter_context(Rig(members=1))
        relay = stack.enter_context(RelayProcess(folder / "relay"))
        words = words_file(folder)
        for number in range(talkers):
            arguments = ("talk", relay.link, "--ca", relay.authority, "--input", words, "--name", f"Talker {number}")
            stack.enter_context(StreamerProcess(folder / f"talker-{number}", *arguments))
        phones = stack.enter_context(Phones(folder))
        phone = phones.start(rig, 0, relay.authority, flags=FLAGS).open(relay.link).join()
        relay.wait_for_members(talkers + 1)
        rig.play(rig.microphone(0), WORDS)
        yield phone


@contextmanager
def webrtc(folder: Path, talkers: int) -> Iterator[Phone]:
    with Rig(members=2) as rig, RelayProcess(folder / "relay") as relay, Phones(folder) as phones:
        talker, listener = (phones.start(rig, member, relay.authority, flags=FLAGS) for member in (1, 0))
        for phone in (talker, listener):
            phone.open(f"{relay.origin}/healthz").page.evaluate(f"{PEER}\n{MANY}")
        offers = talker.page.evaluate("(count) => many.offers(count)", talkers)
        talker.page.evaluate(
            "(answers) => many.accept(answers)", listener.page.evaluate("(o) => many.answers(o)", offers)
        )
        for member in (0, 1):
            rig.play(rig.microphone(member), WORDS)
        yield listener


def words_file(folder: Path) -> Path:
    path = folder / "words.wav"
    writer = WavWriter(path)
    writer.write(WORDS)
    writer.close()
    return path


if __name__ == "__main__":
    main()
