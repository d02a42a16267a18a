"""The wait before another attempt: doubled after each failure, half of it by chance."""


def doubled_s(failures: int, chance: float, first_s: float, longest_s: float) -> float:
    """Returns the wait in s after so many failures in a row, between `first_s` and `longest_s`; `chance` is 0
    to 1."""
    doubled: float = first_s * 2 ** min(failures - 1, 10)
    return min(doubled, longest_s) * (0.5 + chance / 2)
