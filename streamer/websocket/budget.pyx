# cython: language_level=3, boundscheck=False, wraparound=False
"""A token bucket: a lasting rate, and a burst on top. Compiled, because it is asked for every packet."""

from libc.stdint cimport int64_t


cdef class Budget:
    """Refills by `per_s`, up to `burst`. It may be shared: by all connections of one address, say."""

    def __cinit__(self, double per_s, double burst):
        self._per_us = per_s / 1e6
        self._burst = self._left = burst
        self._then_us = 0

    def try_take(self, double amount, int64_t now_us):
        """True if `amount` was there at `now_us`, in µs of any clock that does not go back."""
        return self.take(amount, now_us)

    cdef bint take(self, double amount, int64_t now_us) noexcept:
        """The last one may go below nothing: so one thing larger than the whole burst passes too, and is paid later."""
        if now_us > self._then_us:
            self._left = min(self._burst, self._left + (now_us - self._then_us) * self._per_us)
            self._then_us = now_us
        if self._left <= 0:
            return False
        self._left -= amount
        return True
