"""Two relays of one service, in this process or each in its own: they know the same invitations, and each
other."""

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path

from free_port import free_port
from processes import RelayProcess
from relay_fixture import HOST_KEY, KEY, PATIENCE_S, House

from streamer.relay.access.invites import Invite, InviteStore
from streamer.relay.access.limits import RelayLimits


@asynccontextmanager
async def relay_pair(drain_s: float = PATIENCE_S) -> AsyncIterator[tuple[House, House]]:
    """Each as a `House`; `drain_s` is how long members have to move."""
    limits = RelayLimits(deadline_ms=PATIENCE_S * 1000, drain_s=drain_s)
    async with AsyncExitStack() as stack:
        houses = [
            await stack.enter_async_context(House.open(InviteStore({"home": Invite(KEY)}, HOST_KEY), limits))
            for _ in range(2)
        ]
        for house, other in zip(houses, reversed(houses), strict=True):
            house.relay.other_relays.find([other.url])
        yield houses[0], houses[1]


def link_to(house: House) -> str:
    return f"{house.url}/#room=home&key={KEY}"


class SecondRelay(RelayProcess):
    """Of the same service as `first`: it has the same invitations and the same certificate authority."""

    def __init__(self, home: Path, first: RelayProcess, *options: str, exit_code: int | None = 0) -> None:
        super().__init__(home, "--data-dir", str(first.home / "streamer"), *options, exit_code=exit_code)
        self._first = first

    @property
    def authority(self) -> Path:
        return self._first.authority


@contextmanager
def pair_of_processes(
    folder: Path, *options: str, tls: bool = False
) -> Iterator[tuple[RelayProcess, SecondRelay]]:
    """Two relays that know each other. The first one may end in any way."""
    ports = free_port(), free_port()
    scheme = "https" if tls else "http"

    def options_of(own: int, other: int) -> list[str]:
        more = ["--port", str(own), "--other-relay", f"{scheme}://127.0.0.1:{other}", "--plain", *options]
        return more if tls else ["--no-tls", *more]

    with (
        RelayProcess(folder / "first", *options_of(*ports), exit_code=None) as first,
        SecondRelay(folder / "second", first, *options_of(ports[1], ports[0])) as second,
    ):
        yield first, second
