"""`streamer serve`: a relay, and what keeps its certificate, names and links up to date while it runs."""

import asyncio
import datetime
import gc
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Final

from streamer.errors import SetupError
from streamer.relay.access import names
from streamer.relay.access.invites import InviteStore
from streamer.relay.access.limits import RelayLimits
from streamer.relay.access.sanitize import check_room_name
from streamer.relay.access.tokens import TOKENS_FILE, TokenStore
from streamer.relay.background import keep_running, report_failure, until_ended
from streamer.relay.banner import not_covered
from streamer.relay.captioner import caption
from streamer.relay.hooks.hooks import Hooks
from streamer.relay.http.app import Relay
from streamer.relay.http.join_app import JoinPage
from streamer.relay.http.origins import Origins, other_relays
from streamer.relay.http.static_files import at_path, read_page
from streamer.relay.network.addresses import (
    mdns_name,
    to_be_typed,
    uncertified,
    with_loopback,
)
from streamer.relay.network.arrivals import HandedOver
from streamer.relay.network.inherited import Inherited, inherited
from streamer.relay.network.mdns import Announcement, AnnouncementError
from streamer.relay.network.places import Place, place, place_of
from streamer.relay.network.proxies import ProxyProtocol, TrustedProxies
from streamer.relay.options import ServeOptions
from streamer.relay.recorder import recorders
from streamer.relay.room_links import RoomLinks
from streamer.relay.rooms.decisions import Decisions
from streamer.relay.rooms.glance import Glance
from streamer.relay.rooms.leg import server_us
from streamer.relay.rooms.lobby import Lobby
from streamer.relay.running import listening
from streamer.relay.screen.qr_code import CodeStyle
from streamer.relay.tls.authority import Authority, fingerprint_of
from streamer.relay.tls.live_certificate import LiveCertificate, OwnAuthority, OwnFiles
from streamer.sounds import Studio, warm_up

if TYPE_CHECKING:
    from streamer.relay.screen.screen import Screen  # and rich with it, which only a terminal needs

FOLLOW_S: Final = 2.0
"""Seconds between two checks for a new address or certificate; each costs some system calls and reads small
files."""

Say = Callable[[str], None]


async def serve(
    options: ServeOptions,
    limits: RelayLimits,
    say: Say,
    code_style: CodeStyle = CodeStyle.BLOCKS,
    screen: "Screen | None" = None,
    studio: Studio | None = None,
) -> None:
    """Serve until cancelled, or ended at the `screen`; raises SetupError if this computer can't provide
    `options`.

    `studio` reads sounds for announcements; None where there is no codec.
    `say` prints for the host; it raises OSError or ValueError where nothing can be printed.
    """
    passed_on = inherited()
    server = Server(options, say, code_style, passed_on)
    relay, join_page = relay_of(options, limits, server, studio)
    try:
        async with server.listening(relay, join_page, passed_on) as port:
            join_page.secure_port = port
            server.url = server.links.origin(port)
            if relay.cluster:
                await relay.cluster.ready()
            house = FromInside(server, relay.lobby, port)
            own_link = partial(server.own_link, port=port)
            async with recorders(options.record, options.directory, relay.lobby, server.tokens, own_link):
                drain = partial(server.drain, relay)
                keep_what_is_loaded()
                await until_ended(server.keep(port), screen.run(house) if screen else None, drain)
    finally:
        await server.close()


def keep_what_is_loaded() -> None:
    """No garbage collection looks through it again: a full one took up to 40 ms, while voice waited."""
    names.load()
    gc.collect()
    gc.freeze()


def relay_of(
    options: ServeOptions, limits: RelayLimits, server: "Server", studio: Studio | None, process: str = ""
) -> tuple[Relay, JoinPage]:
    """The relay, and the page at its side; `process` names it among those that share its directory."""
    page = at_path(read_page(), server.origins.path)
    proxies = TrustedProxies(options.trust_proxies, ProxyProtocol(options.proxy_protocol))
    _load(studio, server.tokens)
    kept = server.decisions, server.tokens
    hooks = Hooks(options.directory)
    relay = Relay(server.admission, page, limits, server.origins, *kept, studio, hooks, proxies)
    if options.cluster:
        from streamer.relay.cluster.start import cluster_of

        relay.cluster = cluster_of(options, server, server.decisions, process)
    authority = server.authority.certificate_path if server.authority else None
    return relay, JoinPage(page, authority)


class Server:
    """Keeps certificate, names and links up to date: checks every FOLLOW_S, and shows the host what has
    changed."""

    def __init__(
        self, options: ServeOptions, say: Say, code_style: CodeStyle, passed_on: Inherited | None = None
    ) -> None:
        passed_on = passed_on or Inherited()
        self.place: Place = (
            place_of(passed_on.relay) if passed_on.relay else place(options.host, no_tls=options.no_tls)
        )
        join_port: int | None = (
            passed_on.join_page.getsockname()[1] if passed_on.join_page else options.http_port
        )
        if options.no_tls and join_port:
            raise SetupError(
                "--http-port is for the join page of a relay with TLS; with --no-tls, use --port"
            )
        scheme = "http" if options.no_tls else "https"
        others = other_relays(options.other_relays, options.url or scheme)
        self.origins = Origins(options.allow_origins, options.url, others)
        self.authority: Authority | None = None
        self._options = options = replace(options, rooms=tuple(map(check_room_name, options.rooms)))
        self._say = say
        self._code_style = code_style
        addresses = self.place.first_addresses()
        self.certificate = None if options.no_tls else self._certificate(options, addresses)
        self.admission = _admission(options)
        self.links = RoomLinks(
            self.place, addresses, self.origins, self.admission, self.certificate, self.authority, join_port
        )
        self.tokens = TokenStore(options.directory / TOKENS_FILE)
        self.decisions = Decisions.from_file(options.directory / "rooms.json")
        self._announcement: Announcement | None = None
        self._moved = asyncio.Event()
        self._refusal = ""
        self.url = ""  # where people reach this relay, once that is known
        self.trouble_elsewhere: Callable[[], str] = str
        self.troubles: list[str] = []
        """What the host should know now, in words."""

    def _certificate(self, options: ServeOptions, addresses: list[str]) -> LiveCertificate:
        everywhere = with_loopback(addresses)
        if options.cert and options.key:
            return LiveCertificate(OwnFiles(options.cert, options.key), self.place.names, everywhere)
        if options.cert or options.key:
            raise SetupError("--cert and --key go together")
        self.authority = Authority(options.directory)
        return LiveCertificate(OwnAuthority(self.authority), self.place.names, everywhere)

    def listening(
        self, relay: Relay, join_page: JoinPage, passed_on: Inherited, handed_over: HandedOver | None = None
    ) -> AbstractAsyncContextManager[int]:
        """The relay and its join page on their ports, or on the sockets that were `passed_on`."""
        tls = self.certificate.context if self.certificate else None
        plain = join_page.application() if tls else None
        place, options = self.place.bind, self._options
        return listening(
            relay, place, options.port, tls, plain,
            http_port=options.http_port, inherited=passed_on, handed_over=handed_over,
        )  # fmt: skip

    async def keep(self, port: int) -> None:
        name = mdns_name()
        if self._options.mdns and self.place.is_everywhere and name:
            self._announcement = Announcement(name, port)
        self._begin(port)
        self._moved.set()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(
                keep_running("the watch of addresses and certificate", lambda: self._watch(port))
            )
            tasks.create_task(keep_running("the name under .local", self._announce))
            if self._options.captions:
                tasks.create_task(keep_running("captions", lambda: self._caption(port)))

    async def drain(self, relay: Relay) -> None:
        """Returns when the members have moved to another relay, if there is one; to be cancelled to end at
        once."""
        if relay.other_relays:
            self._tell(
                "Stopping: members are asked to move to another relay. Press Ctrl-C again to stop at once."
            )
        await relay.drain()

    async def close(self) -> None:
        self.admission.withdraw_renewal()
        if self._announcement:
            await self._announcement.close()

    def _begin(self, port: int) -> None:
        """New invitations take effect only when the host has seen them."""
        self.links.update_origins(port)
        try:
            for line in self._greeting(port):
                self._say(line)
        except (OSError, ValueError) as error:
            if self._options.renews:
                words = f"the new invitations can't be shown, so the previous ones stay valid: {error}"
                raise SetupError(words) from None
            report_failure("showing the links", error)
        self.admission.confirm_renewal()
        self._tell_troubles()

    def _greeting(self, port: int) -> Iterator[str]:
        if self.authority:
            yield f"Certificate authority: {self.authority.certificate_path}"
            yield f"Its SHA-256 fingerprint: {fingerprint_of(self.authority.certificate)}"
        yield from self._hand_out(port)
        if self.admission.is_open:
            yield "OPEN: anyone on this network can join any room and listen."
        yield "Alone? The room echo repeats what it hears one second later. Stop with Ctrl-C."

    def _hand_out(self, port: int) -> Iterator[str]:
        return self.links.hand_out(self._options.rooms, self._code_style, port)

    async def _watch(self, port: int) -> None:
        while True:
            await asyncio.sleep(FOLLOW_S)
            self._follow(port)
            self.admission.follow_clock()
            self.admission.keep_again()
            self.decisions.keep_again()
            self._tell_troubles()

    def _follow(self, port: int) -> None:
        before, now = self.links.addresses, self.place.addresses
        self.links.addresses = now
        moved = before != now
        is_news = to_be_typed(before) != to_be_typed(now)
        renewed = self._renew_certificate()
        if moved or renewed:
            self.links.update_origins(port)
        if moved:
            self._moved.set()
        if is_news:
            self._tell(
                "\nThe addresses of this computer have changed. Members stay connected; newcomers need this:"
            )
            for line in self._hand_out(port):
                self._tell(line)
        elif renewed:
            self._tell("The certificate was renewed.")

    def _renew_certificate(self) -> bool:
        if self.certificate is None:
            return False
        try:
            renewed = self.certificate.follow(self.place.names, with_loopback(self.links.addresses))
        except SetupError as error:
            self._refusal = f"The previous certificate stays in use: {error}"
            return False
        self._refusal = ""
        return renewed

    def _tell(self, words: str) -> None:
        """The relay continues even if nothing can be printed."""
        with suppress(OSError, ValueError):
            self._say(words)

    def _tell_troubles(self) -> None:
        """Shows each trouble once, and again if it comes back."""
        found = list(dict.fromkeys(self._troubles()))
        known, self.troubles = self.troubles, found
        for words in found:
            if words not in known:
                self._tell(words)

    def _troubles(self) -> Iterator[str]:
        if self._refusal:
            yield self._refusal
        if self.certificate:
            yield from map(str, self.certificate.troubles(datetime.datetime.now(datetime.UTC)))
            if not self.origins.url and not self.certificate.covers(self.links.shown):
                yield not_covered(self.links.shown)
            elif not self.origins.url and self.authority and self.place.is_everywhere:
                yield from self._uncertified(self.authority)
        yield from self.admission.troubles
        yield from filter(None, [self.decisions.trouble, self.tokens.trouble, self.trouble_elsewhere()])

    def _uncertified(self, authority: Authority) -> Iterator[str]:
        """Of the addresses beside the one in the links."""
        with suppress(OSError):
            found = uncertified(authority)
            if found:
                what, remedy = found
                yield f"{what}: {remedy}"

    async def _caption(self, port: int) -> None:
        def links(token: str) -> str:
            return "".join(f"{self.own_link(room, token, port)}\n" for room in self.rooms)

        await caption(self.tokens, links, self._options.directory, self._tell)

    def own_link(self, room: str, token: str, port: int) -> str:
        """The link by which a program on this computer comes into `room`."""
        return self.links.own_link(room, token, port)

    @property
    def rooms(self) -> tuple[str, ...]:
        return self._options.rooms

    async def _announce(self) -> None:
        while self._announcement:
            await self._moved.wait()
            self._moved.clear()
            try:
                await self._announcement.tell(self.links.addresses)
            except AnnouncementError as error:
                self._tell(f"{error}. The links above work without it.")



class FromInside:
    """What the screen of a relay shows and does: see House."""

    def __init__(self, server: Server, lobby: Lobby, port: int) -> None:
        self._server = server
        self._lobby = lobby
        self._port = port

    @property
    def rooms(self) -> list[str]:
        """Those that were asked for, and those that the host has made since, while somebody is there."""
        return list(dict.fromkeys([*self._server.rooms, *self._lobby.rooms_with_people]))

    @property
    def troubles(self) -> list[str]:
        return self._server.troubles

    def link(self, room: str) -> str:
        return self._server.links.link(room, self._port)

    def glance(self, room: str) -> Glance:
        return self._lobby.glance(room, server_us())

    def lock(self, room: str, *, locked: bool) -> None:
        self._lobby.lock(room, locked=locked)


def _admission(options: ServeOptions) -> InviteStore:
    admission = InviteStore.from_file(
        options.directory / "admission.json", options.rooms, is_open=options.is_open
    )
    if options.renews:
        admission.prepare_renewal(options.rooms, options.invite_hours, options.invite_uses)
    return admission


def _load(studio: Studio | None, tokens: TokenStore) -> None:
    """While nobody talks yet, and only where somebody may have the relay say something."""
    if studio and any("speak" in token.scopes for token in tokens.all):
        warm_up(studio)
