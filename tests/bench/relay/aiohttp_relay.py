"""A relay on aiohttp's WebSocketResponse and uvloop: python aiohttp_relay.py PORT [CERT KEY]"""

import asyncio
import sys

import uvloop
from aiohttp import WSMsgType, web
from rooms import Rooms, stamp, tls_context

rooms: Rooms[web.WebSocketResponse] = Rooms()


async def serve(request: web.Request) -> web.WebSocketResponse:
    socket = web.WebSocketResponse(compress=False)
    await socket.prepare(request)
    room = request.query["room"]
    talker_id = rooms.join(room, socket)
    try:
        async for message in socket:
            if message.type is WSMsgType.BINARY:
                packet = stamp(message.data, talker_id)
                for other in list(rooms[room]):
                    if other is not socket:
                        await other.send_bytes(packet)
    finally:
        rooms.leave(room, socket)
    return socket


async def main(port: int, *identity: str) -> None:
    application = web.Application()
    application.router.add_get("/ws", serve)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port, ssl_context=tls_context(identity), backlog=1024).start()
    await asyncio.Event().wait()


uvloop.run(main(int(sys.argv[1]), *sys.argv[2:]))
