"""A relay on picows and uvloop, written as its examples are: python picows_relay.py PORT [CERT KEY]"""

import sys

import uvloop
from picows import WSFrame, WSListener, WSMsgType, WSTransport, WSUpgradeRequest, ws_create_server
from rooms import Rooms, room_of, stamp, tls_context

rooms: Rooms[WSTransport] = Rooms()


class Member(WSListener):
    def __init__(self, room: str) -> None:
        self.room = room

    def on_ws_connected(self, transport: WSTransport) -> None:
        self.talker_id = rooms.join(self.room, transport)

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type == WSMsgType.BINARY:
            packet = stamp(frame.get_payload_as_bytes(), self.talker_id)
            for other in rooms[self.room]:
                if other is not transport:
                    other.send(WSMsgType.BINARY, packet)
        elif frame.msg_type == WSMsgType.CLOSE:
            transport.disconnect()

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        rooms.leave(self.room, transport)


def let_in(request: WSUpgradeRequest) -> WSListener:
    return Member(room_of(request.path.decode()))


async def main(port: int, *identity: str) -> None:
    server = await ws_create_server(let_in, "127.0.0.1", port, ssl=tls_context(identity), backlog=1024)
    await server.serve_forever()


uvloop.run(main(int(sys.argv[1]), *sys.argv[2:]))
