# cython: language_level=3, boundscheck=False, wraparound=False
"""From one talker to many listeners: one serialized frame for all; a pointer each, no copy, no task."""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from cpython.list cimport PyList_GET_ITEM, PyList_GET_SIZE
from libc.stdint cimport int64_t

from streamer.hot.frames cimport BINARY, serialize
from streamer.hot.sink cimport TOGETHER_US, Flusher, Sink, monotonic_us
from streamer.hot.traffic cimport Traffic


cdef class Fanout:
    """The sinks of one room. The list is replaced, never changed: whoever goes through it sees who was there when he began."""

    def __cinit__(self):
        self._sinks = []

    def __len__(self):
        return len(self._sinks)

    def add(self, Sink sink not None):
        self._sinks = [*self._sinks, sink]

    def discard(self, Sink sink not None):
        self._sinks = [other for other in self._sinks if other is not sink]

    def send(self, bytes packet not None, Sink sender not None):
        """Give a packet, its talker_id stamped, to everybody but `sender`."""
        frame = serialize(BINARY, <const unsigned char*>PyBytes_AS_STRING(packet), PyBytes_GET_SIZE(packet), None)
        self.push(frame, sender, monotonic_us())

    cdef int push(self, bytes frame, Sink sender, int64_t now_us) except -1:
        """Give `frame` to everybody but `sender`. What goes wrong with one is reported, and the others get it."""
        cdef list sinks = self._sinks
        cdef Sink sink
        cdef Flusher flusher = sender.flusher
        cdef Traffic traffic = flusher.traffic
        cdef bint waits, is_busy = flusher.is_busy(now_us)
        cdef int written = 0
        cdef Py_ssize_t i
        for i in range(PyList_GET_SIZE(sinks)):
            sink = <Sink>PyList_GET_ITEM(sinks, i)
            if sink is sender:
                continue
            waits = is_busy and now_us - sink.wrote_us < TOGETHER_US
            try:
                if sink.is_clear and not waits and sink.write_at_once(frame, now_us):
                    written += 1
                else:
                    sink.push_voice(frame, now_us)
            except Exception as error:
                sink.flusher.report(error, sink)
        if written:
            traffic.writes += written
            traffic.deliveries += written
            traffic.bytes_out += written * PyBytes_GET_SIZE(frame)
            flusher._wrote_us = monotonic_us()
        return 0
