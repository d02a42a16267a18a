"""The hot path alone, as a relay: rooms, the takeover and nothing else.   python ours.py PORT [CERT KEY]"""

import asyncio
import socket
import ssl
import sys
from collections import defaultdict

import uvloop
from aiohttp import web

from streamer.hot.connection import Connection, Limits
from streamer.hot.fanout import Fanout, Flusher
from streamer.relay.upgrade import upgrade


class Member(Connection, asyncio.BufferedProtocol):
    __slots__ = ()

    def on_close(self, code, reason):
        self.fanout.discard(self)


async def main():
    flusher = Flusher(asyncio.get_running_loop())
    limits = Limits(messages_per_s=1_000_000)
    rooms = defaultdict(Fanout)

    async def handle(request):
        member = Member(flusher, limits)
        member.talker_id = 7
        member.fanout = rooms[request.query["room"]]
        member.fanout.add(member)
        return upgrade(request, member, subprotocol="streamer.v1")

    app = web.Application()
    app.router.add_get("/ws", handle)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    if len(sys.argv) > 2:
        import aiofastnet
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*sys.argv[2:])
        await aiofastnet.create_server(asyncio.get_running_loop(), runner.server, "127.0.0.1", int(sys.argv[1]), ssl=context, backlog=4096)
    else:
        sock = socket.create_server(("127.0.0.1", int(sys.argv[1])), backlog=4096)
        await web.SockSite(runner, sock, backlog=4096).start()
    await asyncio.Event().wait()

uvloop.run(main())
