"""What relays share is the same on all in the end, whatever was done on both sides of a cut, and in whichever
order."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from random import Random
from typing import Any, Final

import pytest
import virtual_time
from relay_fixture import KEY
from simulated_site import Person, Server, SimulatedRelay, simulate
from virtual_time import run_virtually

from streamer.errors import RefusedError
from streamer.relay.cluster.peers import DEAD_S

STILL_S: Final = 8.0
"""Of the simulation's time: longer than a relay is taken for dead, and as long as it takes to be back after
that."""

STEPS: Final = 40
PAUSES_S: Final = (0.0, 0.003, 0.02, 0.1, 0.5, 3.0)
"""Between two steps: in one moment, on the way of what came before, behind it, and after a relay was taken
for dead."""

FAILED_ONCE: Final = (54, 439, 456, 477, 647, 738, 1900, 3088)
"""Lives after which relays disagreed. A connection was lost before all that is stored was told; a member left
as one began; turns were told before the decision that came before them, ended elsewhere only, or were taken
from a host; and nobody was told of a wish to be left out of recordings."""


class Life:
    """Of two or three relays and those who use them."""

    def __init__(self, seed: int, relays: int = 2) -> None:
        self.chance = Random(seed)
        self.server = Server(self.chance)
        self.relays = [SimulatedRelay(number) for number in range(relays)]
        self.hosts = [Person("Host", is_host=True), Person("Chair", is_host=True)]
        self.people = [*self.hosts, *(Person(name) for name in ("Ada", "Bob", "Eve"))]
        self.host, self.chair, self.ada, self.bob, self.eve = self.people
        """In turn on the first and the second relay."""
        self._victims = 0
        self.done: list[str] = []

    async def __aenter__(self) -> "Life":
        self._runs = [asyncio.create_task(relay.run()) for relay in self.relays]
        await asyncio.sleep(1.0)
        for number, person in enumerate(self.people):
            person.come(self.relays[number % len(self.relays)])
        await asyncio.sleep(0.5)
        return self

    async def __aexit__(self, *_: object) -> None:
        for run in self._runs:
            run.cancel()
        await asyncio.gather(*self._runs, return_exceptions=True)

    async def one_at_a_time(self) -> None:
        self.host.say(type="one_at_a_time", on=True)
        await asyncio.sleep(0.5)

    async def after_a_cut(self, *doing: Callable[[], object]) -> dict[str, Any]:
        """What all have after each relay was taken for dead by the other, and that was done then."""
        self.cut(self.relays[1])
        await asyncio.sleep(DEAD_S + 1)
        for do in doing:
            do()
            await asyncio.sleep(0.1)
        self.mend()
        return await self.agree()

    def remove(self, host: Person, name: str) -> None:
        victim = Person(name)
        assert host.relay
        victim.come(host.relay)
        host.say(type="remove", talker_id=victim.talker_id)

    def cut(self, *relays: SimulatedRelay) -> None:
        for relay in relays or self.relays:
            self.server.cut(relay.cluster.id)

    def mend(self) -> None:
        for relay in self.relays:
            self.server.mend(relay.cluster.id)
        self.server.start()

    async def agree(self) -> dict[str, Any]:
        """What all have in the end."""
        await asyncio.sleep(STILL_S)
        first, *others = [relay.state() for relay in self.relays]
        for other in others:
            assert other == first, self.done
        for relay in self.relays:  # of whom each counts all for its loudest
            assert len(relay.room.fanout) + relay.room.fanout.elsewhere == len(first["members"])
        return first

    # by chance

    async def step(self) -> None:
        chance = self.chance
        acts: list[tuple[int, Callable[[], Any]]] = [
            (6, self._floor), (2, self._modes), (2, self._turn), (3, self._own_state), (2, self._move),
            (1, self._lose),
            (1, self._remove), (1, self._invite), (1, self._cut), (2, self._mend), (1, self._restart),
            (2, self._disconnect),
        ]  # fmt: skip
        [act] = chance.choices([act for _, act in acts], [weight for weight, _ in acts])
        with suppress(RefusedError):
            self.done.append(f"{asyncio.get_running_loop().time():.3f} {act.__name__} {act()}")
        await asyncio.sleep(chance.choice(PAUSES_S))

    def _floor(self) -> str:
        person, wants = self.chance.choice(self.people), self.chance.random() < 0.6
        person.say(type="floor", wants=wants)
        return f"{person.name} {wants}"

    def _modes(self) -> str:
        host, on = self.chance.choice(self.hosts), self.chance.random() < 0.7
        kind = self.chance.choice(["one_at_a_time", "one_at_a_time", "only_hosts", "keep_captions", "lock"])
        host.say(**({"type": kind, "locked": on} if kind == "lock" else {"type": kind, "on": on}))
        return f"{host.name} {kind} {on}"

    def _turn(self) -> str:
        host, other = self.chance.choice(self.hosts), self.chance.choice(self.people)
        host.say(type="turn", talker_id=other.talker_id)
        return f"{host.name} to {other.name}"

    def _own_state(self) -> str:
        person = self.chance.choice(self.people)
        changed = {name: self.chance.random() < 0.5 for name in ("muted", "away", "hand", "listening")}
        person.show(**changed)
        if self.chance.random() < 0.3:
            person.say(type="leave-me-out", on=self.chance.random() < 0.5)
        return f"{person.name} {changed}"

    def _move(self) -> str:
        person, relay = self.chance.choice(self.people), self.chance.choice(self.relays)
        person.come(relay, self.chance.choice((0.0, 0.005, 0.3)))
        return f"{person.name} to {relay.number}"

    def _lose(self) -> str:
        person = self.chance.choice(self.people)
        person.lose()
        return person.name

    def _remove(self) -> str:
        host = self.chance.choice(self.hosts)
        self._victims += 1
        self.remove(host, f"Victim{self._victims}")
        return f"Victim{self._victims} by {host.name}"

    def _invite(self) -> str:
        host = self.chance.choice(self.hosts)
        host.say(type="invite", hours=0, uses=0)
        return host.name

    def _cut(self) -> int:
        relay = self.chance.choice(self.relays)
        self.cut(relay)
        return relay.number

    def _disconnect(self) -> str:
        """Often enough, one of these is lost before it was told all that is stored."""
        relay = self.chance.choice(self.relays)
        for seconds in (0.0, self.chance.uniform(0.3, 0.6)):
            asyncio.get_running_loop().call_later(seconds, self.server.disconnect, relay.cluster.id)
        return str(relay.number)

    def _mend(self) -> str:
        self.mend()
        return ""

    def _restart(self) -> str:
        self.server.stop()
        return ""


@pytest.fixture
def live(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[Life], Awaitable[None]]], None]:
    """Runs a test in its own time."""
    monkeypatch.setattr(virtual_time, "ON_ITS_WAY_S", 0.0)

    def run(test: Callable[[Life], Awaitable[None]], seed: int = 1, relays: int = 2) -> None:
        async def main() -> None:
            life = Life(seed, relays)
            simulate(life.server, monkeypatch)
            async with life:
                await test(life)

        run_virtually(main())

    return run


@pytest.mark.parametrize("seed", [*range(20), *FAILED_ONCE])
def test_whatever_is_done_in_whichever_order_all_relays_agree_in_the_end(live: Any, seed: int) -> None:
    async def test(life: Life) -> None:
        await life.one_at_a_time()
        for _ in range(STEPS):
            await life.step()
        life.mend()
        await life.agree()

    live(test, seed=seed, relays=2 + seed % 2)


# ---- the floor


@pytest.mark.parametrize("seed", range(12))
def test_of_two_who_took_the_floor_while_nats_was_away_one_has_it_on_all_relays(live: Any, seed: int) -> None:
    async def test(life: Life) -> None:
        await life.one_at_a_time()
        life.server.stop()
        await asyncio.sleep(DEAD_S + 1)
        for person in (life.ada, life.bob):
            person.say(type="floor", wants=True)
        life.mend()
        agreed = await life.agree()
        assert agreed["floor"][1] in (life.ada.talker_id, life.bob.talker_id)

    live(test, seed=seed)


@pytest.mark.parametrize("seed", range(6))
def test_of_two_who_ask_in_one_moment_one_has_it_whatever_follows(live: Any, seed: int) -> None:
    async def test(life: Life) -> None:
        await life.one_at_a_time()
        for wants in (True, False, True):
            for person in (life.ada, life.bob):
                person.say(type="floor", wants=wants)
                await asyncio.sleep(life.chance.uniform(0, 0.05))
        agreed = await life.agree()
        assert agreed["floor"][1] in (life.ada.talker_id, life.bob.talker_id)

    live(test, seed=seed)


def test_of_two_who_took_the_floor_on_both_sides_of_a_cut_one_has_it_afterwards(live: Any) -> None:
    async def test(life: Life) -> None:
        await life.one_at_a_time()
        asks = [lambda person=person: person.say(type="floor", wants=True) for person in (life.bob, life.ada)]
        agreed = await life.after_a_cut(*asks)
        assert agreed["floor"][1] == life.ada.talker_id  # NATS was told of it first

    live(test)


def test_who_has_the_floor_keeps_it_while_nats_restarts(live: Any) -> None:
    async def test(life: Life) -> None:
        await life.one_at_a_time()
        life.bob.say(type="floor", wants=True)
        await asyncio.sleep(0.5)
        for away_s in (0.3, DEAD_S + 1):
            life.server.stop()
            await asyncio.sleep(away_s)
            life.mend()
            assert (await life.agree())["floor"] == (True, life.bob.talker_id)

    live(test)


def test_who_gave_the_floor_back_on_one_side_of_a_cut_no_longer_has_it(live: Any) -> None:
    async def test(life: Life) -> None:
        await life.one_at_a_time()
        life.bob.say(type="floor", wants=True)
        await asyncio.sleep(0.5)
        agreed = await life.after_a_cut(lambda: life.bob.say(type="floor", wants=False))
        assert agreed["floor"] == (True, 0)

    live(test)


def test_who_took_the_floor_after_somebody_beside_them_gave_it_back_during_a_cut_has_it(live: Any) -> None:
    async def test(life: Life) -> None:
        await life.one_at_a_time()
        life.bob.say(type="floor", wants=True)
        await asyncio.sleep(0.5)
        agreed = await life.after_a_cut(life.bob.lose, lambda: life.chair.say(type="floor", wants=True))
        assert agreed["floor"] == (True, life.chair.talker_id)

    live(test)


def test_who_comes_back_after_its_relay_was_cut_off_has_the_floor_nowhere(live: Any) -> None:
    async def test(life: Life) -> None:
        await life.one_at_a_time()
        life.bob.say(type="floor", wants=True)
        await asyncio.sleep(0.5)
        agreed = await life.after_a_cut(lambda: life.bob.come(life.relays[0]))
        assert agreed["floor"] == (True, 0)

    live(test)


def test_who_moves_to_another_relay_takes_the_floor_along(live: Any) -> None:
    async def test(life: Life) -> None:
        await life.one_at_a_time()
        life.bob.say(type="floor", wants=True)
        await asyncio.sleep(0.5)
        for number in (0, 1, 1):
            life.bob.come(life.relays[number])
            assert (await life.agree())["floor"] == (True, life.bob.talker_id)

    live(test)


def test_who_may_no_longer_talk_does_not_have_the_floor_that_was_taken_in_the_same_moment(live: Any) -> None:
    async def test(life: Life) -> None:
        await life.one_at_a_time()
        life.host.say(type="only_hosts", on=True)
        life.bob.say(type="floor", wants=True)
        agreed = await life.agree()
        assert agreed["floor"] == (True, 0)
        assert agreed["members"]["Bob"]["role"] == "listen"

    live(test)


def test_a_mode_that_was_switched_off_and_on_leaves_the_floor_to_nobody(live: Any) -> None:
    async def test(life: Life) -> None:
        await life.one_at_a_time()
        life.bob.say(type="floor", wants=True)
        assert (await life.agree())["floor"][1]
        for on in (False, True):
            life.host.say(type="one_at_a_time", on=on)
        assert (await life.agree())["floor"] == (True, 0)

    live(test)


# ---- what hosts decide


def test_what_hosts_decide_on_both_sides_of_a_cut_holds(live: Any) -> None:
    async def test(life: Life) -> None:
        agreed = await life.after_a_cut(
            lambda: life.host.say(type="lock", locked=True),
            lambda: life.chair.say(type="one_at_a_time", on=True),
            lambda: life.host.say(type="keep_captions", on=True),
            lambda: life.chair.say(type="only_hosts", on=True),
        )
        assert agreed["locked"] is agreed["one_at_a_time"] is agreed["keep_captions"] is True
        assert agreed["only_hosts"] == (True, True)
        assert agreed["floor"] == (True, 0)
        assert agreed["members"]["Ada"]["role"] == agreed["members"]["Bob"]["role"] == "listen"

    live(test)


def test_who_was_removed_on_either_side_of_a_cut_stays_out(live: Any) -> None:
    async def test(life: Life) -> None:
        life.remove(life.host, "Mallory")
        await asyncio.sleep(0.5)
        agreed = await life.after_a_cut(
            lambda: life.remove(life.host, "Trudy"),
            lambda: life.chair.say(type="unbar", id=1),
            lambda: life.remove(life.chair, "Oscar"),
            lambda: life.host.say(type="lock", locked=True),
        )
        assert sorted(name for _, name in agreed["barred"]) == ["Oscar", "Trudy"]
        assert len({number for number, _ in agreed["barred"]}) == 2
        assert agreed["locked"]

    live(test)


@pytest.mark.parametrize("seed", range(4))
def test_what_two_hosts_decide_in_one_moment_holds(live: Any, seed: int) -> None:
    async def test(life: Life) -> None:
        life.host.say(type="one_at_a_time", on=True)
        life.chair.say(type="keep_captions", on=True)
        await asyncio.sleep(life.chance.uniform(0, 0.05))
        life.remove(life.host, "Trudy")
        life.remove(life.chair, "Oscar")
        agreed = await life.agree()
        assert agreed["one_at_a_time"] is agreed["keep_captions"] is True
        assert sorted(name for _, name in agreed["barred"]) == ["Oscar", "Trudy"]

    live(test, seed=seed)


def test_what_was_decided_last_holds_however_fast_it_was_decided(live: Any) -> None:
    async def test(life: Life) -> None:
        for pause_s in (0.0, 0.005, 0.02, 0.05):
            for locked in (True, False, True, False):
                life.host.say(type="lock", locked=locked)
                life.chair.say(type="keep_captions", on=locked)
                await asyncio.sleep(pause_s)
        agreed = await life.agree()
        assert agreed["locked"] is agreed["keep_captions"] is False

    live(test)


# ---- members


def test_what_members_did_on_both_sides_of_a_cut_is_seen_on_both(live: Any) -> None:
    async def test(life: Life) -> None:
        agreed = await life.after_a_cut(
            lambda: life.ada.show(hand=True),
            lambda: life.bob.show(muted=True, away=True),
            lambda: life.bob.say(type="leave-me-out", on=True),
            lambda: life.host.say(type="turn", talker_id=life.eve.talker_id),
            lambda: life.chair.say(type="captioning", on=True),
        )
        members = agreed["members"]
        assert len(members) == len(life.people)
        assert members["Ada"]["hand"]
        assert members["Bob"]["muted"]
        assert members["Bob"]["away"]
        assert members["Bob"]["left_out"]
        assert members["Eve"]["turn"]
        assert agreed["captions"]

    live(test)


def test_who_left_for_good_on_one_side_of_a_cut_does_not_come_back_by_the_other(live: Any) -> None:
    async def test(life: Life) -> None:
        await life.after_a_cut(lambda: life.bob.come(life.relays[0]), lambda: life.bob.say(type="leave"))
        for relay in life.relays:
            with pytest.raises(RefusedError):
                relay.enter("Bob", "", life.bob.resume, 9)

    live(test)


def test_hosts_are_told_that_a_knock_was_answered_during_a_cut(
    live: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def test(life: Life) -> None:
        here, there = life.relays
        knock = there.relay.lobby.knock({"room": "home", "key": KEY, "name": "Trudy"}, "127.0.0.2")
        await asyncio.sleep(0.5)
        told: list[Any] = []
        monkeypatch.setattr(here.room, "tell_hosts", told.append)
        life.cut(here)  # for less than it takes to be taken for dead
        there.relay.lobby.knocks.answer("home", knock.number, 0.0, admit=False)
        there.relay.lobby.tell_knocks("home")
        await asyncio.sleep(0.2)
        life.mend()
        assert not (await life.agree())["knocks"]
        assert told[-1] == {"type": "knocks", "knocks": []}

    live(test)
