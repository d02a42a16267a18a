# cython: language_level=3
"""What passed through the connections of one event loop, counted."""

from streamer.websocket.violations import FAILURES


cdef class Traffic:
    @property
    def failures(self):
        """How often peers broke RFC 6455, by cause."""
        return {kind.cause: self.failed[i] for i, kind in enumerate(FAILURES) if i}
