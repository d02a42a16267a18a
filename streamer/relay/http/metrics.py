"""What `/metrics` tells, for Prometheus. Counting is done where things happen; here it is only read."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from streamer.websocket.counters import Traffic

CONTENT_TYPE: Final = CONTENT_TYPE_LATEST
LAG_EVERY_S: Final = 0.1
"""Ten samples a second find a stall of 100 ms or more, and cost 10 µs each."""

LAG_BUCKETS_S: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0)

COUNTERS: Final = {
    "messages_in": "Messages received",
    "packets_in": "Packets of voice received",
    "deliveries": "Packets written to a listener",
    "writes": "Writes to peers; less than deliveries where several packets left together",
    "bundles": "Messages that held packets of several talkers",
    "bytes_in": "Bytes received by WebSockets",
    "bytes_out": "Bytes written by WebSockets",
}

SHED: Final = ("late", "closed", "held_up", "crowded", "not_allowed", "quiet")
"""Why a packet was dropped; the last two: its member may not talk, or too many who are louder do."""

EVENTS: Final = {
    "fallback": "What happened to connections over plain HTTP",
    "cluster": "What happened between this relay and the others",
}


class Metrics(Collector):
    """`gauges` gives what is counted now, by name; `refusals` counts those who were not let in, by code.

    `events` counts what happened: of legs over HTTP (`fallback`), and between relays (`cluster`).
    """

    def __init__(
        self,
        traffic: Traffic,
        gauges: Callable[[], Mapping[str, float]],
        refusals: Mapping[str, int],
        events: Mapping[str, Mapping[str, int]],
    ) -> None:
        self._traffic = traffic
        self._gauges = gauges
        self._refusals = refusals
        self._events = events
        self._registry = CollectorRegistry()
        self._registry.register(self)
        self._lag = Histogram(
            "streamer_event_loop_lag_seconds",
            "How much later than asked the event loop woke up",
            buckets=LAG_BUCKETS_S,
            registry=self._registry,
        )

    def collect(self) -> Iterator[Metric]:
        for name, value in self._gauges().items():
            yield GaugeMetricFamily(f"streamer_{name}", name.capitalize().replace("_", " "), value)
        for name, text in COUNTERS.items():
            yield CounterMetricFamily(f"streamer_{name}", text, getattr(self._traffic, name))
        shed = {cause: getattr(self._traffic, f"shed_{cause}") for cause in SHED}
        yield _by("cause", "shed", "Packets not delivered", shed)
        yield _by("cause", "parse_failures", "Connections that broke RFC 6455", self._traffic.failures)
        yield _by("code", "refusals", "Requests that were refused", self._refusals)
        for name, counts in self._events.items():
            yield _by("event", name, EVENTS[name], counts)

    def text(self) -> bytes:
        return generate_latest(self._registry)

    async def watch_lag(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + LAG_EVERY_S
            await asyncio.sleep(LAG_EVERY_S)
            self._lag.observe(max(0.0, loop.time() - due))


def _by(label: str, name: str, text: str, counts: Mapping[str, int]) -> CounterMetricFamily:
    family = CounterMetricFamily(f"streamer_{name}", text, labels=[label])
    for value, count in counts.items():
        family.add_metric([value], count)
    return family
