"""Which worker a name belongs to: rendezvous hashing (Thaler and Ravishankar, 1998).

Each worker has a weight for each name, and the heaviest has it. So all processes find the same one without a
word, and where one comes or goes, only its names move: each to its next one, which differs from name to name.
"""

from collections.abc import Iterable
from hashlib import blake2b


def ranked(name: str, workers: Iterable[int]) -> list[int]:
    """The numbers of the workers, the one that has `name` first."""
    return sorted(workers, key=lambda worker: blake2b(f"{worker} {name}".encode(), digest_size=8).digest())
