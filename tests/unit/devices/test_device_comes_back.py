"""Whatever happens to a device, its network or its relay, it comes back, obeys, and is listed once."""

from pathlib import Path

from hard_life import live, live_behind_gateway


async def test_a_device_survives_some_rounds_of_a_hard_life(tmp_path: Path) -> None:
    took = await live(tmp_path, rounds=3, seed=3)
    assert sorted(kind for kind, _ in took) == ["cut", "kill", "relay", "start"]


async def test_fifty_devices_behind_a_gateway_survive_it_too(tmp_path: Path) -> None:
    took = await live_behind_gateway(tmp_path, rounds=3, seed=5)
    assert sorted(kind for kind, _ in took) == ["broker", "gateway", "relay", "start"]
