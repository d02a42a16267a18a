"""A first start that is killed, and two at once. `scripts/bench starts` does it more often."""

from pathlib import Path

import pytest
from starts import after_a_killed_first_start, moments, two_first_starts


@pytest.mark.parametrize("moment", moments(6, seed=7))
def test_after_a_first_start_that_was_killed_the_next_one_serves(tmp_path: Path, moment: float) -> None:
    assert after_a_killed_first_start(tmp_path, moment) == ""


@pytest.mark.parametrize("number", range(5))
def test_two_first_starts_at_once_share_one_authority_and_the_same_invites(
    tmp_path: Path, number: int
) -> None:
    assert two_first_starts(tmp_path) == ""
