"""Whether a machine that stands still is noticed, and described."""

import os
import select
import signal
import time

from machine_steadiness import EVERY_MS, LATE_MS, Steadiness

LONGEST_S = 30
"""Until a process that goes on has said so, on however busy a machine."""


def test_what_stands_still_for_longer_than_the_rig_can_bridge_is_noticed() -> None:
    with Steadiness() as machine:
        assert machine._process is not None
        os.kill(machine._process.pid, signal.SIGSTOP)
        time.sleep(3 * (EVERY_MS + LATE_MS) / 1000)  # at least so long: that is all this test needs
        os.kill(machine._process.pid, signal.SIGCONT)
        assert select.select([machine._process.stdout], [], [], LONGEST_S)[0]
    assert machine.stood_still
    assert f"over {LATE_MS} ms late" in str(machine)


def test_before_anything_was_late_the_machine_kept_time() -> None:
    machine = Steadiness()
    assert not machine.stood_still
    assert str(machine).startswith("the machine kept time; its ")


def test_the_description_names_load_and_what_the_host_took() -> None:
    with Steadiness() as machine:
        pass
    assert "stolen by the host" in str(machine)
    assert "load" in str(machine)
