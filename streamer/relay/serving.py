"""`streamer serve`: a relay, and what keeps its certificate, its names and its links true while it runs."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from streamer.errors import CertificateError, SetupError
from streamer.relay.addresses import LOOPBACK, lan_addresses, local_names, mdns_name, usable_addresses, with_loopback
from streamer.relay.admission import Admission, end_after
from streamer.relay.app import Relay
from streamer.relay.certificate import LiveCertificate, OwnAuthority, OwnFiles
from streamer.relay.decisions import Decisions
from streamer.relay.join import describe_addresses, invitation, room_link
from streamer.relay.limits import RelayLimits
from streamer.relay.listening import listening
from streamer.relay.mdns import Announcement
from streamer.relay.origins import Origins
from streamer.relay.page import read_page
from streamer.relay.tls import Authority, fingerprint
from streamer.relay.trust import JoinPage

EVERYWHERE: Final = "0.0.0.0"
FOLLOW_S: Final = 2.0

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Wish:
    """What the options of `streamer serve` ask for; `directory` is where keys and invites are kept."""

    directory: Path
    rooms: tuple[str, ...]
    host: str | None = None
    port: int = 0
    no_tls: bool = False
    cert: Path | None = None
    key: Path | None = None
    url: str | None = None
    is_open: bool = False
    renew: bool = False
    invite_hours: float | None = None
    invite_uses: int | None = None
    allow_origins: tuple[str, ...] = ()
    mdns: bool = True

    @property
    def listens_at(self) -> str:
        return self.host or (LOOPBACK if self.no_tls else EVERYWHERE)

    @property
    def names(self) -> list[str]:
        return local_names() if self.listens_at == EVERYWHERE else ["localhost"]

    @property
    def addresses(self) -> list[str]:
        """Where phones find this relay now, the best first."""
        return usable_addresses() if self.listens_at == EVERYWHERE else [self.listens_at]


async def serve(wish: Wish, limits: RelayLimits, say: Say) -> None:
    """Serve until cancelled; raises SetupError where something of `wish` can't be had here."""
    keeper = Keeper(wish, say)
    page = read_page()
    decisions = Decisions.from_file(wish.directory / "rooms.json")
    relay = Relay(keeper.admission, page, limits, keeper.origins, decisions)
    certificate = keeper.certificate
    plain = JoinPage(page, keeper.authority).application() if certificate else None
    tls = certificate.context if certificate else None
    async with listening(relay, wish.listens_at, wish.port, tls, plain) as port:
        try:
            await keeper.keep(port)
        finally:
            await keeper.close()


class Keeper:
    """Looks every FOLLOW_S whether addresses or certificate have changed, and tells the host what to hand out now."""

    def __init__(self, wish: Wish, say: Say) -> None:
        self.admission = _admission(wish)
        self.origins = Origins(wish.allow_origins, wish.url)
        self.authority: Path | None = None
        self.certificate = None if wish.no_tls else self._certificate(wish)
        self._wish = wish
        self._say = say
        self._addresses = wish.addresses
        self._announcement: Announcement | None = None

    def _certificate(self, wish: Wish) -> LiveCertificate:
        everywhere = with_loopback(wish.addresses)
        if wish.cert and wish.key:
            return LiveCertificate(OwnFiles(wish.cert, wish.key), wish.names, everywhere)
        if wish.cert or wish.key:
            raise SetupError("--cert and --key go together")
        authority = Authority(wish.directory)
        self.authority = authority.certificate_path
        return LiveCertificate(OwnAuthority(authority), wish.names, everywhere)

    async def keep(self, port: int) -> None:
        name = mdns_name()
        if self._wish.mdns and self._wish.listens_at == EVERYWHERE and name:
            self._announcement = Announcement(name, port)
        self._begin(port)
        await self._announce()
        while True:
            await asyncio.sleep(FOLLOW_S)
            await self._follow(port)

    async def close(self) -> None:
        if self._announcement:
            await self._announcement.close()

    def _begin(self, port: int) -> None:
        self._own_origins(port)
        if self.authority:
            self._say(f"Certificate authority: {self.authority}")
            self._say(f"Its SHA-256 fingerprint: {fingerprint(self.authority)}")
        self._hand_out(port)
        if self.admission.is_open:
            self._say("OPEN: everyone on this network may enter and listen.")
        self._say("Alone? The room echo says what it hears one second later. Stop with Ctrl-C.")

    async def _follow(self, port: int) -> None:
        addresses = self._wish.addresses
        moved, self._addresses = addresses != self._addresses, addresses
        try:
            renewed = self._renew_certificate()
        except CertificateError as error:
            self._say(f"The certificate of before goes on serving: {error}")
            return
        if moved or renewed:
            self._own_origins(port)
        if moved:
            self._say(
                "\nThe addresses of this computer have changed. Who talks on, talks on; who comes now needs this:"
            )
            self._hand_out(port)
            await self._announce()
        elif renewed:
            self._say("The certificate was renewed.")

    def _renew_certificate(self) -> bool:
        if self.certificate is None:
            return False
        return self.certificate.follow(self._wish.names, with_loopback(self._addresses))

    async def _announce(self) -> None:
        if self._announcement:
            with suppress(OSError):  # no multicast on this network; it is an extra
                await self._announcement.tell(self._addresses)

    def _own_origins(self, port: int) -> None:
        scheme = "https" if self.certificate else "http"
        self.origins.own(scheme, [LOOPBACK, *self._wish.names, *self._addresses, *self._certified], port)

    @property
    def _certified(self) -> list[str]:
        """What a certificate of the host's own is for."""
        return self.certificate.hosts if self.certificate and not self.authority else []

    def _hand_out(self, port: int) -> None:
        if self._wish.listens_at == EVERYWHERE:
            self._say("Addresses of this computer (→ in the code, ✗ not for phones):")
            self._say(describe_addresses(lan_addresses(), self._addresses[0]))
        origin = self._origin(port)
        join_origin = f"http://{self._addresses[0]}:{port}" if self.authority and not self.origins.url else None
        for room in self._wish.rooms:
            self._say(invitation(room, self.admission.key(room), origin, join_origin))
        self._say("Your own link, with the host's rights in every room; keep it to yourself:")
        self._say(f"\n{room_link(origin, self._wish.rooms[0], self.admission.host_key)}\n")

    def _origin(self, port: int) -> str:
        """What the links begin with."""
        if self.origins.url:
            return self.origins.url
        if self.certificate is None:
            return f"http://{self._addresses[0]}:{port}"
        named = [host for host in self._certified if not host.startswith("*.")]
        return f"https://{(named or self._addresses)[0]}:{port}"


def _admission(wish: Wish) -> Admission:
    admission = Admission.from_file(wish.directory / "admission.json", wish.rooms, is_open=wish.is_open)
    ends = end_after(wish.invite_hours)
    if wish.renew or ends or wish.invite_uses:
        for room in wish.rooms:
            admission.renew(room, ends, wish.invite_uses)
    return admission
