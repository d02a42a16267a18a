"""Whatever happens to a device, its network or its relay, it comes back, obeys, and is listed once."""

from pathlib import Path

from hard_life import live


async def test_a_device_survives_some_rounds_of_a_hard_life(tmp_path: Path) -> None:
    took = await live(tmp_path, rounds=3, seed=3)
    assert sorted(kind for kind, _ in took) == ["cut", "kill", "relay", "start"]
