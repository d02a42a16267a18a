"""One measurement, with a bar that tells how far it is."""

from dataclasses import replace

from rich.console import Console
from rich.progress import Progress

from streamer.measure.acoustic_path import measure_acoustic, measure_loop
from streamer.measure.digital_path import measure_pair
from streamer.measure.measuring_client import MeasureOptions
from streamer.measure.result import Measurement


async def measure_with_progress(wish: MeasureOptions, device: str | None, *, acoustic: bool) -> Measurement:
    """`device` is None to measure without a sound card, and empty for the default one. Raises
    StreamerError."""
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("Chirping", total=1.0)
        told = replace(wish, on_progress=lambda done: progress.update(task, completed=done))
        if acoustic:
            return await measure_acoustic(told, device or None)
        if device is not None:
            return await measure_loop(told, device or None)
        return await measure_pair(told)
