"""Waiting for a peer to say something, without reading it: whoever reads it later finds all of it."""

import asyncio
import socket


async def until_readable(peer: socket.socket) -> None:
    """Or until it has hung up."""
    loop = asyncio.get_running_loop()
    came = asyncio.Event()
    loop.add_reader(peer, came.set)
    try:
        await came.wait()
    finally:
        loop.remove_reader(peer)
