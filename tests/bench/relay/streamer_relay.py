"""This relay, as `streamer serve` runs it, without the limits that a load from one address would meet.

python streamer_relay.py [--loudest K] PORT [CERT KEY]
"""

import argparse
import asyncio
from dataclasses import replace

import uvloop
from rooms import tls_context

from streamer.relay.access.invites import InviteStore
from streamer.relay.access.limits import RelayLimits
from streamer.relay.http.app import Relay
from streamer.relay.running import listening


async def main(options: argparse.Namespace) -> None:
    limits = RelayLimits.none()
    if options.loudest:
        limits = replace(limits, loudest=options.loudest)
    relay = Relay(InviteStore({}, is_open=True), {}, limits)
    async with listening(relay, "127.0.0.1", options.port, tls_context(options.identity)):
        await asyncio.Event().wait()


parser = argparse.ArgumentParser()
parser.add_argument("--loudest", type=int, default=0)
parser.add_argument("port", type=int)
parser.add_argument("identity", nargs="*")
uvloop.run(main(parser.parse_args()))
