"""This relay, as `streamer serve` runs it, without the limits that a load from one address would meet.

python ours.py PORT [CERT KEY]
"""

import asyncio
import sys

import uvloop
from rooms import tls_context

from streamer.relay.access.invites import InviteStore
from streamer.relay.access.limits import RelayLimits
from streamer.relay.http.app import Relay
from streamer.relay.running import listening


async def main(port: int, *identity: str) -> None:
    async with listening(
        Relay(InviteStore({}, is_open=True), {}, RelayLimits.none()), "127.0.0.1", port, tls_context(identity)
    ):
        await asyncio.Event().wait()


uvloop.run(main(int(sys.argv[1]), *sys.argv[2:]))
