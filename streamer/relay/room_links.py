"""Where people, programs and browsers reach a relay, and the links by which they come into its rooms.

A method that takes `port` is given the one that the relay listens on: where the option was 0, the system has
chosen it.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress

from streamer.relay.access.invites import InviteStore
from streamer.relay.banner import best_there_is, describe_addresses, invitation, room_link
from streamer.relay.http.origins import Origins
from streamer.relay.network.addresses import LOOPBACK, lan_addresses, site
from streamer.relay.network.places import Place
from streamer.relay.screen.qr_code import CodeStyle
from streamer.relay.tls.authority import Authority
from streamer.relay.tls.live_certificate import LiveCertificate


class RoomLinks:
    """Those of one relay. `addresses` are this computer's; whoever sees them change sets them anew.

    Without a `certificate` the relay speaks plain HTTP. With an `authority` of its own it has a join page,
    where devices learn to trust that; `join_port` is the page's, if it has a port of its own.
    """

    def __init__(
        self,
        place: Place,
        addresses: list[str],
        origins: Origins,
        admission: InviteStore,
        certificate: LiveCertificate | None,
        authority: Authority | None,
        join_port: int | None,
    ) -> None:
        self.addresses = addresses
        self._place = place
        self._origins = origins
        self._admission = admission
        self._certificate = certificate
        self._authority = authority
        self._join_port = join_port

    @property
    def shown(self) -> str:
        """The host in the links: one that the certificate covers, if there is any."""
        named = [host for host in self._certified if not host.startswith("*.")]
        hosts = [*named, *filter(None, [self._place.name]), *self.addresses[:1]]
        covered = [host for host in hosts if self._certificate is None or self._certificate.covers(host)]
        return (covered or hosts)[0]

    def origin(self, port: int) -> str:
        """The start of all links."""
        return self._origins.url or site(self._scheme, self.shown, port)

    def link(self, room: str, port: int) -> str:
        """The link that the code for `room` holds."""
        return room_link(self._join_origin(port) or self.origin(port), room, self._admission.key(room))

    def own_link(self, room: str, token: str, port: int) -> str:
        """The link by which a program on this computer comes into `room`."""
        return room_link(self._origin_here(port), room, token=token)

    def update_origins(self, port: int) -> None:
        """After a change of the addresses or the certificate: tells which pages are the relay's own."""
        self._origins.own(
            self._scheme, [LOOPBACK, *self._place.names, *self.addresses, *self._certified], port
        )
        self._origins.join_origin = self._join_origin(port) or ""

    def hand_out(self, rooms: Sequence[str], code_style: CodeStyle, port: int) -> Iterator[str]:
        """What the host hands out to others, as text: each line or block by itself."""
        if self._place.is_everywhere:
            with suppress(OSError):
                found = lan_addresses()
                yield "Addresses of this computer (→ in the code, ✗ phones cannot use it):"
                yield describe_addresses(found, self.addresses[0])
                yield from best_there_is(found, self.addresses[0])
        origin = self.origin(port)
        join_origin = self._join_origin(port)
        for room in rooms:
            yield invitation(room, self._admission.key(room), origin, join_origin, code_style)
            yield "For people who only listen, until you let them talk:"
            listening_key = self._admission.listening_key(room)
            yield f"\n{room_link(join_origin or origin, room, listening_key, listen=True)}\n"
        yield "Your own link, with the host's rights in every room. Keep it to yourself:"
        yield f"\n{room_link(origin, rooms[0], self._admission.host_key)}\n"

    @property
    def _scheme(self) -> str:
        return "https" if self._certificate else "http"

    @property
    def _certified(self) -> list[str]:
        """The hosts that a certificate of the host's own covers."""
        return self._certificate.hosts if self._certificate and not self._authority else []

    def _origin_here(self, port: int) -> str:
        """For programs on this computer; a certificate of the host's own may not cover loopback."""
        host = LOOPBACK if self._place.is_everywhere else self._place.bind
        if self._certificate and not self._certificate.covers(host):
            host = self.shown
        return site(self._scheme, host, port)

    def _join_origin(self, port: int) -> str | None:
        """The origin of the page where a device learns to trust this relay; None if there is no such page."""
        is_by_join_page = self._authority and not self._origins.url
        return site("http", self.shown, self._join_port or port) if is_by_join_page else None
