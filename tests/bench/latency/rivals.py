"""Plain WebRTC between the same two browsers, and both services between two ends of one AudioContext."""

from pathlib import Path
from typing import Any, Final

import numpy as np
from pairs import LISTENER, TALKER, Heard, Measure, Round, Scene, hear_chirps
from phone import CHROMIUM, Phone, Phones

from streamer.measure.chirps import delays, find_chirps

HERE: Final = Path(__file__).parent
PEER: Final = (HERE / "webrtc.js").read_text()
FLAGS: Final = ("--allow-loopback-in-peer-connection", "--autoplay-policy=no-user-gesture-required")
PAGE: Final = '<!doctype html><script type="module" src="one_context.js"></script>'


def webrtc(echo_cancelling: bool) -> Measure:
    def measure(scene: Scene, count: int) -> Round:
        with Phones(scene.folder) as phones:
            peers = [start(phones, scene, member) for member in (TALKER, LISTENER)]
            for peer in peers:
                peer.open(f"{scene.relay.origin}/healthz").page.evaluate(PEER)
            offer = peers[0].page.evaluate("(echo) => peer.offer(echo)", echo_cancelling)
            answer = peers[1].page.evaluate(
                "([offer, echo]) => peer.answer(offer, echo)", [offer, echo_cancelling]
            )
            peers[0].page.evaluate("(answer) => peer.accept(answer)", answer)
            for member in (TALKER, LISTENER):
                scene.rig.wait_attached(member)
            return hear_chirps(
                scene.rig, count, lambda: Heard(None, peers[1].page.evaluate("peer.concealedMs()"))
            )

    return measure


def one_context(service: str) -> Measure:
    def measure(scene: Scene, count: int) -> Round:
        with Phones(scene.folder) as phones:
            phone = start(phones, scene, TALKER)
            script = f"{PEER}\n{(HERE / 'one_context.js').read_text()}"
            for name, kind, body in (("html", "text/html", PAGE), ("js", "text/javascript", script)):
                phone.page.route(f"**/one_context.{name}", fulfilling(kind, body))
            phone.open(
                f"{scene.relay.origin}/one_context.html{scene.relay.link[scene.relay.link.index('#') :]}"
            )
            phone.page.wait_for_function("'measure' in globalThis")
            sent, heard = phone.page.evaluate(
                "([service, count]) => measure(service, count)", [service, count]
            )
        places = [round(found.position) for found in find_chirps(samples(sent))]
        late = [delay for delay in delays(places, find_chirps(samples(heard))) if delay is not None]
        return Round([delay / 48 for delay in late], len(places) - len(late), None, 0)

    return measure


def start(phones: Phones, scene: Scene, member: int) -> Phone:
    browser = scene.browser.get(member, CHROMIUM)
    return phones.start(scene.rig, member, scene.relay.authority, flags=FLAGS, browser=browser)


def fulfilling(content_type: str, body: str) -> Any:
    return lambda route: route.fulfill(content_type=content_type, body=body)


def samples(wire: list[int]) -> Any:
    """16 bits each."""
    return np.asarray(wire, np.float32) / 32_768
