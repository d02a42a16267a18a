"""An address that can be typed: this computer's name under `.local`, told to the network by multicast DNS
(RFC 6762).

An extra, never the only way: many phones don't ask for such names, and some routers don't pass the questions
on. So whatever goes wrong here, whatever the library raises for it, ends as AnnouncementError and does the
relay no harm.
"""

import asyncio
import ipaddress
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from zeroconf import InterfaceChoice, IPVersion, ServiceInfo
from zeroconf.asyncio import AsyncZeroconf

SERVICE: Final = "_https._tcp.local."
CLOSE_S: Final = 1.0
"""For saying goodbye; the network forgets the name in 2 min anyway."""
_MAX_INSTANCE_CHARACTERS: Final = 63
"""One part of a name (RFC 1035, section 2.3.4)."""


class AnnouncementError(Exception):
    """The name can't be told to this network; the text says why."""


class Announcement:
    """Tells the network which addresses `name` has, until it is closed. The name is one of letters, digits
    and `-`."""

    def __init__(self, name: str, port: int) -> None:
        self._name = name
        self._port = port
        self._zeroconf: AsyncZeroconf | None = None

    async def tell(self, addresses: Sequence[str]) -> None:
        """From now on it has these; raises AnnouncementError if the network can't be told."""
        try:
            await self.close()
            self._zeroconf = _open(addresses)
            await self._zeroconf.async_register_service(self._info(addresses), allow_name_change=True)
        except Exception as error:
            words = " ".join(str(error).split()) or type(error).__name__
            raise AnnouncementError(
                f"{self._name} can't be announced on this network by mDNS: {words}"
            ) from error

    async def close(self) -> None:
        zeroconf, self._zeroconf = self._zeroconf, None
        if zeroconf:
            with suppress(Exception):
                async with asyncio.timeout(CLOSE_S):
                    await zeroconf.async_close()

    def _info(self, addresses: Sequence[str]) -> ServiceInfo:
        instance = f"streamer on {self._name.removesuffix('.local')}"[:_MAX_INSTANCE_CHARACTERS]
        return ServiceInfo(
            SERVICE,
            f"{instance}.{SERVICE}",
            addresses=[ipaddress.ip_address(address).packed for address in addresses],
            port=self._port,
            server=f"{self._name}.",
            properties={"path": "/"},
        )


def _open(addresses: Sequence[str]) -> AsyncZeroconf:
    by_ipv4 = [address for address in addresses if ":" not in address]
    if by_ipv4:
        return AsyncZeroconf(interfaces=by_ipv4, ip_version=IPVersion.V4Only)
    return AsyncZeroconf(interfaces=InterfaceChoice.All, ip_version=IPVersion.V6Only)
