import numpy as np
from numpy.typing import NDArray

class SyncBuffer:
    similarity: float
    free: bool
    dropped: int

def stretch(
    samples: NDArray[np.float32], share: float, least_similarity: float = 0.5
) -> NDArray[np.float32]: ...
