"""One worker: a relay of a cluster, whose connections its parent hands over, beside those on its own port."""

import asyncio
import socket
from contextlib import suppress
from functools import partial
from typing import Final

from streamer.relay.background import keep_running, until_ended
from streamer.relay.cluster.cluster import Cluster
from streamer.relay.http.app import Relay
from streamer.relay.network.arrivals import HandedOver
from streamer.relay.network.inherited import Inherited
from streamer.relay.screen.qr_code import CodeStyle
from streamer.relay.serve import Server, keep_what_is_loaded, relay_of
from streamer.relay.workers.channel import WorkerEnd
from streamer.relay.workers.homes import Homes
from streamer.relay.workers.recordings import have_recorded
from streamer.relay.workers.together import until_one_ends
from streamer.relay.workers.told import Told
from streamer.sounds import Studio
from streamer.wire.relay_address import RelayAddress

FOLLOW_S: Final = 2.0
"""From one look to the next whether this computer has another address."""

TOGETHER_S: Final = 0.3
"""After SIGTERM: whoever ends the whole service (systemd does) ends the parent, too, which says so by
then."""


async def work(told: Told, end: socket.socket, studio: Studio | None) -> None:
    """Serve until the parent ends it. Raises SetupError if this computer can't provide what it is told."""
    options = told.worker_options
    parent = WorkerEnd(end)
    server = Server(options, lambda words: None, CodeStyle.BLOCKS)  # its parent tells all that
    relay, join_page = relay_of(options, told.limits, server, studio, f"-{told.number}")
    cluster = relay.cluster
    assert isinstance(cluster, Cluster)
    cluster.tells_own_events_only = True
    join_page.secure_port = told.port
    try:
        async with server.listening(
            relay, join_page, Inherited(), HandedOver(parent.relay, parent.join_page)
        ) as own_port:
            server.url = _own_address(server, told, own_port)
            homes = Homes(told.number, relay, lambda: cluster.gauges["cluster_up"] > 0, cluster.counts)
            parent.on_workers = homes.follow
            await cluster.ready()
            parent.listen()
            if options.record is not None:
                have_recorded(relay.lobby, parent)
            parent.tell_ready(server.url, own_port)
            going_on = _go_on(server, told, own_port, parent, homes)
            keep_what_is_loaded()
            await until_ended(going_on, None, partial(_drain, relay, parent, homes))
    finally:
        await server.close()
        parent.close()


async def _go_on(server: Server, told: Told, own_port: int, parent: WorkerEnd, homes: Homes) -> None:
    """Until the parent ends it, or is gone."""
    follow = partial(_follow, server, told, own_port, parent)
    await until_one_ends(
        server.keep(told.port),
        keep_running("the moves to the homes of rooms", homes.run),
        keep_running("the watch of the own address", follow),
        parent.ended.wait(),
    )


async def _follow(server: Server, told: Told, own_port: int, parent: WorkerEnd) -> None:
    while True:
        await asyncio.sleep(FOLLOW_S)
        address = _own_address(server, told, own_port)
        if address != server.url:
            server.url = address
            parent.tell_ready(address, own_port)


async def _drain(relay: Relay, parent: WorkerEnd, homes: Homes) -> None:
    """Members go to the other workers where this one ends alone, or else to other relays, if any."""
    if not parent.ended.is_set():
        parent.tell_leaving()
        with suppress(TimeoutError):
            async with asyncio.timeout(TOGETHER_S):
                await parent.ended.wait()
    if parent.ended.is_set():
        homes.forget()
    await relay.drain()


def _own_address(server: Server, told: Told, own_port: int) -> str:
    """Where people reach this worker; empty where that can't be known."""
    if not told.has_address:
        return ""
    shown = RelayAddress.parse(server.links.origin(own_port))
    return str(shown._replace(port=own_port)) if shown else ""
