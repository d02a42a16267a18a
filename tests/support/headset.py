"""A headset on the rig: a second way to a member's two wires, at a rate of its own, which comes and goes in
mid-call.

A page sees it by name and may choose it. When it goes, what it carried ends, as with one that is switched
off.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from audio_rig import Rig
from phone import Phone

NAME = "Headset"


def devices(rig: Rig, member: int) -> tuple[str, str]:
    return f"{rig.microphone(member).tap}.headset", f"{rig.speaker(member).feed}.headset"


@contextmanager
def headset(rig: Rig, member: int, rate: int) -> Iterator[None]:
    tap, feed = devices(rig, member)
    source = f"source_name={tap} source_properties=device.description={NAME} master=bus.monitor"
    sink = f"sink_name={feed} sink_properties=device.description={NAME} master=bus"
    modules = [
        load(rig, f"module-remap-source {source} {rig.microphone(member).mapping} rate={rate}"),
        load(rig, f"module-remap-sink {sink} {rig.speaker(member).mapping} rate={rate}"),
    ]
    yield
    rig.end_streams({tap, feed}, *(f"unload-module {module}" for module in modules))


def load(rig: Rig, module: str) -> str:
    return rig.pactl("load-module", *module.split()).strip()


def choose(phone: Phone) -> None:
    phone.open_settings()
    for device in ("Microphone", "Loudspeaker"):
        phone.page.locator(f"#settings select[name={device.lower()}]").select_option(NAME)
    phone.close_sheet()


def notice(phone: Phone) -> None:
    """Chromium looks here for devices that came only when a page asks; then it tells the page of them."""
    phone.page.evaluate("navigator.mediaDevices.enumerateDevices().then(() => null)")
