"""An address that can be typed: this computer's name under `.local`, told to the network by multicast DNS (RFC 6762).

An extra, never the only way: many phones don't ask for such names, and some routers don't pass the questions on.
"""

import socket
from collections.abc import Sequence
from typing import Final

from zeroconf import IPVersion, ServiceInfo
from zeroconf.asyncio import AsyncZeroconf

SERVICE: Final = "_https._tcp.local."


class Announcement:
    """Tells the network which addresses `name` has, until it is closed."""

    def __init__(self, name: str, port: int) -> None:
        self._name = name
        self._port = port
        self._zeroconf: AsyncZeroconf | None = None

    async def tell(self, addresses: Sequence[str]) -> None:
        """From now on it has these; raises OSError where there is no multicast here."""
        await self.close()
        zeroconf = AsyncZeroconf(interfaces=list(addresses), ip_version=IPVersion.V4Only)
        self._zeroconf = zeroconf
        instance = f"streamer on {self._name.removesuffix('.local')}"
        info = ServiceInfo(
            SERVICE,
            f"{instance}.{SERVICE}",
            addresses=[socket.inet_aton(address) for address in addresses],
            port=self._port,
            server=f"{self._name}.",
            properties={"path": "/"},
        )
        await zeroconf.async_register_service(info, allow_name_change=True)

    async def close(self) -> None:
        if self._zeroconf:
            zeroconf, self._zeroconf = self._zeroconf, None
            await zeroconf.async_close()
