"""A relay on websockets' asyncio server and `broadcast`: python websockets_relay.py PORT [CERT KEY]"""

import asyncio
import sys

from rooms import Rooms, room_of, stamp, tls_context
from websockets.asyncio.server import ServerConnection, broadcast, serve

rooms: Rooms[ServerConnection] = Rooms()


async def relay(socket: ServerConnection) -> None:
    assert socket.request is not None
    room = room_of(socket.request.path)
    talker_id = rooms.join(room, socket)
    try:
        async for message in socket:
            if isinstance(message, bytes):
                broadcast([other for other in rooms[room] if other is not socket], stamp(message, talker_id))
    finally:
        rooms.leave(room, socket)


async def main(port: int, *identity: str) -> None:
    async with serve(
        relay, "127.0.0.1", port, ssl=tls_context(identity), compression=None, backlog=1024
    ) as server:
        await server.serve_forever()


asyncio.run(main(int(sys.argv[1]), *sys.argv[2:]))
