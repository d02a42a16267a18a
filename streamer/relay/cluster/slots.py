"""Which part of the talker_ids is whose: a key for each slot, taken by compare-and-set, so that no two relays
have one.

A slot of a relay that is gone is taken only where no other is left: its members may come back with their ids.
"""

from collections.abc import Mapping, Set

from streamer.errors import ControlError
from streamer.relay.cluster.bus import Bucket, Bus, BusError
from streamer.relay.cluster.cluster_room import SLOTS
from streamer.relay.cluster.messages import VALUES, Slot, parse_bytes
from streamer.wire.control import serialize


async def take_slot(
    bus: Bus, bucket: Bucket, own_id: str, own: int, known: Mapping[str, tuple[str, int]], taken: Set[int]
) -> int:
    """Our own one, kept for another while, or a new one. `known` are their owners and revisions, by key."""
    slot: Slot = {"type": "slot", "relay": own_id}
    value = serialize(slot).encode()
    if own and await _keep(bus, bucket, own_id, own, value):
        return own
    free = [number for number in range(1, SLOTS) if number not in taken]
    for number in sorted(free, key=lambda number: known.get(_key(number), ("", 0))[1]):
        if await bus.put_if(bucket, _key(number), value, known.get(_key(number), ("", 0))[1]):
            return number
    raise BusError(f"there are {SLOTS - 1} relays in this service already")


async def _keep(bus: Bus, bucket: Bucket, own_id: str, own: int, value: bytes) -> bool:
    found = await bus.get(bucket, _key(own))
    if found is None:
        return bool(await bus.put_if(bucket, _key(own), value, 0))
    try:
        is_ours = parse_bytes(found[0], VALUES).get("relay") == own_id
    except ControlError:
        return False
    return is_ours and bool(await bus.put_if(bucket, _key(own), value, found[1]))


def _key(number: int) -> str:
    return f"slot.{number}"
