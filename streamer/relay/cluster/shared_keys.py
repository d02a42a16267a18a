"""What opens rooms, the same on all relays: the host's own key, the invitations, and tokens (of which only
digests).

The first relay of a service stores its own; whoever comes later takes what is stored, and keeps it on its
disk, so that links stay good while NATS is away. An invitation that a host renews is stored by the relay
where that was done.
"""

from typing import Any, Final

from streamer.errors import ControlError, SetupError
from streamer.relay.access.invites import Invite, InviteStore
from streamer.relay.access.invites_file import KEY
from streamer.relay.access.tokens import MAX_TOKENS, Token, TokenStore
from streamer.relay.background import report_failure
from streamer.relay.cluster.bus import Bucket, Bus
from streamer.relay.cluster.messages import VALUES, Host, Invited, Tokens, key_of, parse_bytes, room_of
from streamer.relay.cluster.puts import Puts
from streamer.wire.control import serialize

HOST_KEY: Final = "host"
MAX_ROOMS: Final = 10_000
"""Rooms with invitations that are taken from others; a host makes them by hand."""

MAX_SOURCES: Final = 256
"""Relays whose tokens are good here, those that are gone included."""


class SharedKeys:
    """`renews`: the invitations of `rooms` were made anew at this start, and count. `source` names our own
    tokens."""

    def __init__(
        self, admission: InviteStore, tokens: TokenStore, source: str, *, renews: tuple[str, ...]
    ) -> None:
        self._admission = admission
        self._tokens = tokens
        self._source = source
        self._renews = set(renews)
        self._seen: set[str] = set()
        self._is_taking = False
        self._others: dict[str, list[Token]] = {}

    def attach(self, bucket: Bucket, puts: Puts) -> None:
        self._bucket = bucket
        self._puts = puts
        self._admission.on_changed = self._on_changed
        self._tokens.on_changed = self._tell_tokens

    def forget(self) -> None:
        """Before all that is stored is told anew: what a server lost is stored again."""
        self._seen.clear()

    async def begin(self, bus: Bus) -> None:
        """All that is stored was told."""
        own: Host = {"type": "host", "key": self._admission.host_key}
        data = serialize(own).encode()
        if not await bus.put_if(self._bucket, HOST_KEY, data, 0):
            found = await bus.get(self._bucket, HOST_KEY)
            try:
                self.take(HOST_KEY, parse_bytes(found[0], VALUES) if found else None)
            except (ControlError, TypeError, KeyError):  # no relay of ours stored that
                await bus.put(self._bucket, HOST_KEY, data)
        for room in self._admission.rooms:
            if room not in self._seen or room in self._renews:
                self._on_changed(room)
        self._renews.clear()
        self._tell_tokens()

    def take(self, key: str, value: Any) -> None:
        """What is stored. Raises ControlError, or what reading a damaged file of tokens does."""
        if key == HOST_KEY:
            self._take_host(value)
        elif key.startswith("i."):
            self._take_invite(room_of(key.removeprefix("i.")), value)
        elif key.startswith("t."):
            self._take_tokens(key.removeprefix("t."), value)

    def _take_host(self, value: Host | None) -> None:
        if value is None or value["type"] != "host" or not KEY.fullmatch(value["key"]):
            raise ControlError("the stored host's key is not a key", code="bad-field")
        if value["key"] != self._admission.host_key:
            self._adopt({}, value["key"])

    def _take_invite(self, room: str, value: Invited | None) -> None:
        if value is None or value["type"] != "invite" or not KEY.fullmatch(value["key"]):
            raise ControlError("a stored invitation is not one", code="bad-field")
        self._seen.add(room)
        if room in self._renews or self._puts.is_waiting(self._bucket, _key(room)):
            return
        if room not in self._admission.rooms and len(self._admission.rooms) >= MAX_ROOMS:
            return
        uses = None if value["uses_left"] < 0 else value["uses_left"]
        invite = Invite(value["key"], value["ends_s"] or None, uses, value["lasts_s"] or None)
        if invite != _rounded(self._admission.invite(room)):
            self._adopt({room: invite}, self._admission.host_key)

    def _adopt(self, invites: dict[str, Invite], host_key: str) -> None:
        self._is_taking = True
        try:
            self._admission.adopt(invites, host_key)
        except SetupError as error:
            report_failure("keeping the invitations of the other relays", error)
        finally:
            self._is_taking = False

    def _on_changed(self, room: str) -> None:
        """By what somebody did here."""
        invite = _rounded(self._admission.invite(room))
        if self._is_taking or invite is None:
            return
        value: Invited = {
            "type": "invite",
            "room": room,
            "key": invite.key,
            "ends_s": int(invite.ends or 0),
            "uses_left": -1 if invite.uses_left is None else invite.uses_left,
            "lasts_s": int(invite.lasts_s or 0),
        }
        self._puts.put(self._bucket, _key(room), value)

    def _tell_tokens(self) -> None:
        value: Tokens = {"type": "tokens", "tokens": [token.fields for token in self._tokens.valid_here]}
        self._puts.put(self._bucket, f"t.{self._source}", value)

    def _take_tokens(self, source: str, value: Tokens | None) -> None:
        if source == self._source:
            return
        self._others.pop(source[:64], None)
        if value is not None and len(self._others) < MAX_SOURCES:
            self._others[source[:64]] = [Token.parse(each) for each in value["tokens"][:MAX_TOKENS]]
        self._tokens.share([token for tokens in self._others.values() for token in tokens])


def _rounded(invite: Invite | None) -> Invite | None:
    """In whole seconds, as it is stored."""
    if invite is None:
        return None
    ends = int(invite.ends) if invite.ends else None
    return Invite(invite.key, ends, invite.uses_left, int(invite.lasts_s) if invite.lasts_s else None)


def _key(room: str) -> str:
    return f"i.{key_of(room)}"
