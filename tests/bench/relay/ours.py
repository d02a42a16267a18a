"""This relay, as `streamer serve` runs it, without the limits that a load from one address would meet.

python ours.py PORT [CERT KEY]
"""

import asyncio
import sys
from pathlib import Path

import uvloop

from streamer.relay.admission import Admission
from streamer.relay.app import Relay, listening
from streamer.relay.limits import RelayLimits, raise_file_limit
from streamer.relay.tls import Identity


async def main(port: int, *identity: str) -> None:
    tls = Identity(*map(Path, identity)).server_context() if identity else None
    async with listening(Relay(Admission.open_to_all(), {}, RelayLimits.none()), "127.0.0.1", port, tls):
        await asyncio.Event().wait()


raise_file_limit()
uvloop.run(main(int(sys.argv[1]), *sys.argv[2:]))
