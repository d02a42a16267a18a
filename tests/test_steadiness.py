"""Whether a machine that stands still is noticed."""

import os
import signal
import time

from steadiness import EVERY_MS, LATE_MS, Steadiness


def test_what_stands_still_for_longer_than_the_rig_can_bridge_is_noticed() -> None:
    with Steadiness() as machine:
        os.kill(machine._process.pid, signal.SIGSTOP)
        time.sleep(3 * (EVERY_MS + LATE_MS) / 1000)
        os.kill(machine._process.pid, signal.SIGCONT)
        time.sleep(0.5)  # it has told by then
    assert machine.stood_still
    assert "the machine stood still" in str(machine)


def test_before_anything_was_late_the_machine_kept_time() -> None:
    machine = Steadiness()
    assert not machine.stood_still
    assert str(machine) == "the machine kept time"
