import pytest
from rig import Rig


@pytest.fixture
def rig():
    with Rig(members=3) as rig:
        yield rig
