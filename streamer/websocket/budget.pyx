# cython: language_level=3, boundscheck=False, wraparound=False
"""How much one source may send: what is asked for every packet, so that it is compiled."""

from libc.stdint cimport int64_t


cdef class Limits:
    """What a peer may do, in bytes and seconds (see `Connection`); relay and client have the same."""

    def __init__(self, *, max_message_bytes, messages_per_s, ping_s, idle_s,
                 backlog_bytes=262_144, bytes_per_s=1e12, close_s=2):
        self.max_message_bytes = max_message_bytes
        self.backlog_bytes = backlog_bytes
        self.message_us = int(1e6 / messages_per_s)
        self.byte_us = 1e6 / bytes_per_s
        self.ping_us, self.idle_us, self.close_us = int(ping_s * 1e6), int(idle_s * 1e6), int(close_s * 1e6)


cdef class Budget:
    """A token bucket: refills by `per_s`, up to `burst`. All connections of one address may share one."""

    def __cinit__(self, double per_s, double burst):
        self._per_us = per_s / 1e6
        self._burst = self._left = burst
        self._then_us = 0

    def try_take(self, double amount, int64_t now_us):
        """True if `amount` was there at `now_us`, in µs of any clock that does not go back."""
        return self.take(amount, now_us)

    cdef bint take(self, double amount, int64_t now_us) noexcept:
        """The last one may go below nothing: so one thing larger than the whole burst passes too, and is paid
        later."""
        if now_us > self._then_us:
            self._left = min(self._burst, self._left + (now_us - self._then_us) * self._per_us)
            self._then_us = now_us
        if self._left <= 0:
            return False
        self._left -= amount
        return True
