# cython: language_level=3, boundscheck=False, wraparound=False
"""From one talker to many listeners: one serialized frame for all; a pointer each, no copy, no task.

No room takes the event loop from the others. A room makes at most WINDOW_WRITES at a stretch, and in the long
run `deliveries_per_s`. What comes faster waits here, is given out a slice at a time between the packets of
other rooms, and is shed when it is older than the deadline. A room below its rate never gets there: its
packets are handed on at once.

Where many talk at once, packets for those who take bundles are held for a window of at most WINDOW_US, and
leave as one message. They are given out before anything that must not overtake them: whoever tells the room
something, or changes who is in it, comes after what was said before.

Observers are no members: each gets every packet when it arrives, as PROTOCOL.md describes it, without a
WebSocket frame around it.
"""

from collections import deque

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from cpython.list cimport PyList_GET_ITEM, PyList_GET_SIZE
from libc.stdint cimport int64_t

from streamer.websocket.bundle cimport LATE_US, REST_US, SHORTEST_DEADLINE_US, TIMER_MS, WINDOW_US
from streamer.websocket.bundle cimport Bundle, TalkersAtOnce
from streamer.websocket.frames cimport BINARY, payload_at, payload_of, serialize
from streamer.websocket.loudest cimport LoudestTalkers
from streamer.websocket.sink cimport TOGETHER_US, Flusher, Sink, monotonic_us
from streamer.websocket.counters cimport Traffic


cdef class Fanout:
    """The sinks of one room. The list is replaced, never changed, so a loop over it sees the sinks it began
    with."""

    def __cinit__(self, double deliveries_per_s=1e9, int loudest=0):
        self._sinks = []
        self._waiting = deque()
        self._per_us = deliveries_per_s / 1e6
        self._left = BURST_DELIVERIES
        self._loudest = LoudestTalkers(loudest) if loudest else None
        self._talkers = TalkersAtOnce()
        self._held = Bundle()

    def __len__(self):
        return len(self._sinks)

    def add(self, Sink sink not None):
        self._give_held(monotonic_us())
        self._sinks = [*self._sinks, sink]
        self._note_takers()

    def discard(self, Sink sink not None):
        self._give_held(monotonic_us())
        self._sinks = [other for other in self._sinks if other is not sink]
        self._talkers.discard(sink)
        self._note_takers()
        if self._loudest is not None:
            self._loudest.discard(sink)

    def pin(self, Sink sink not None, bint is_pinned):
        """A pinned talker is heard however many talk, and however loud."""
        if self._loudest is not None:
            self._loudest.pin(sink, is_pinned)

    def add_observer(self, observer not None):
        """Call `observer.push(packet, now_us)` from now on for each packet, in the order in which they
        arrive.

        `packet` is stamped, `now_us` the time of this computer's monotonic clock. What it raises is reported,
        and stops nobody.
        """
        self._observers = [*(self._observers or ()), observer]

    def discard_observer(self, observer not None):
        self._observers = [other for other in self._observers or () if other is not observer] or None

    def send(self, bytes packet not None, Sink sender not None):
        """Give a packet, its talker_id stamped, to everybody but `sender`."""
        frame = serialize(
            BINARY, <const unsigned char*>PyBytes_AS_STRING(packet), PyBytes_GET_SIZE(packet), None
        )
        self.push(frame, sender, monotonic_us())

    cdef bint is_crowded(self) noexcept:
        """True if so much waits here that some of it will be late: the room sends more than it may, or than
        goes."""
        return len(self._waiting) >= CROWDED

    cdef int push(self, bytes frame, Sink sender, int64_t now_us) except -1:
        """Give `frame` to everybody but `sender`. What goes wrong with one is reported, and the others get
        it."""
        if self._observers is not None:
            self._show(frame, sender, now_us)
        cdef Py_ssize_t others = PyList_GET_SIZE(self._sinks) + self.elsewhere - 1
        if self._loudest is not None and others > self._loudest.places:
            if not self._is_loud(frame, sender, now_us):
                sender.flusher.traffic.shed_quiet += 1
                return 0
        if self._is_scheduled:
            return self._wait(frame, sender, now_us)
        self._refill(now_us)
        if now_us - self._window_us > WINDOW_US:
            self._window_us = now_us
            self._window_used = 0
        if self._left <= 0 or self._window_used >= WINDOW_WRITES:
            return self._wait(frame, sender, now_us)
        self._window_used += self._deliver(frame, sender, now_us, now_us)
        return 0

    cdef bint _is_loud(self, bytes frame, Sink sender, int64_t now_us) except -1:
        """Byte 1 of a packet is its level (PROTOCOL.md)."""
        cdef int level = <unsigned char>PyBytes_AS_STRING(frame)[payload_at(frame) + 1]
        return self._loudest.admits_packet(sender, level & 0x7F, level & 0x80, now_us)

    cdef int _show(self, bytes frame, Sink sender, int64_t now_us) except -1:
        packet = payload_of(frame)
        for observer in self._observers:
            try:
                observer.push(packet, now_us)
            except Exception as error:
                sender.flusher.report(error, sender)
        return 0

    cdef int _wait(self, bytes frame, Sink sender, int64_t now_us) except -1:
        if sender.waiting >= WAITING_EACH:
            sender.flusher.traffic.shed_crowded += 1
            return 0
        sender.waiting += 1
        self._waiting.append((frame, sender, now_us))
        self._flusher = sender.flusher
        return self._schedule()

    cdef int _schedule(self) except -1:
        """The next slice: in the loop's next turn, or once the room may send again."""
        if not self._is_scheduled:
            self._is_scheduled = True
            if self._left > 0:
                self._flusher._loop.call_soon(self._give_out)
            else:
                self._flusher._loop.call_later(PACE_MS / 1000, self._give_out)
        return 0

    def _give_out(self):
        cdef int64_t now_us = monotonic_us(), oldest_us
        cdef int used = 0
        cdef Sink sender
        self._is_scheduled = False
        if not self._waiting:
            return
        oldest_us = now_us - self._flusher.deadline_us
        self._flusher.note_alive(now_us)
        self._refill(now_us)
        while self._waiting and self._left > 0 and used < SLICE_WRITES:
            frame, sender, arrived_us = self._waiting.popleft()
            sender.waiting -= 1
            if arrived_us < oldest_us:
                self._flusher.traffic.shed_crowded += 1
                continue
            used += self._deliver(frame, sender, now_us, arrived_us)
        if self._waiting:
            self._schedule()

    cdef void _refill(self, int64_t now_us) noexcept:
        if now_us > self._then_us:
            self._left = min(<double>BURST_DELIVERIES, self._left + (now_us - self._then_us) * self._per_us)
            self._then_us = now_us

    cdef int _deliver(self, bytes frame, Sink sender, int64_t now_us, int64_t arrived_us) except -1:
        """How much work that was, in writes."""
        cdef Sink sink
        cdef Flusher flusher = sender.flusher
        cdef Traffic traffic = flusher.traffic
        cdef bint waits, is_busy = flusher.is_busy(now_us)
        cdef bint is_held = self._takers and self._is_held(sender, now_us)
        cdef int written = 0
        cdef list sinks = self._sinks
        cdef Py_ssize_t i
        self._left -= PyList_GET_SIZE(sinks)
        for i in range(PyList_GET_SIZE(sinks)):
            sink = <Sink>PyList_GET_ITEM(sinks, i)
            if sink is sender or (sink.is_recorder and sender.is_left_out):
                continue
            if is_held and sink.takes_bundles:
                continue
            waits = is_busy and now_us - sink.wrote_us < TOGETHER_US
            try:
                if sink.is_clear and not waits and sink.write_at_once(frame, now_us):
                    written += 1
                else:
                    sink.push_voice(frame, arrived_us)
            except Exception as error:
                sink.flusher.report(error, sink)
        if written:
            traffic.writes += written
            traffic.deliveries += written
            traffic.bytes_out += written * PyBytes_GET_SIZE(frame)
            flusher._wrote_us = monotonic_us()
        if is_held:
            self._hold(frame, sender, now_us, arrived_us)
        return written + <int>(PyList_GET_SIZE(sinks) - written) // QUEUED_PER_WRITE

    # packets that leave together

    @property
    def held(self):
        """How many packets wait for others now."""
        return self._held.count

    def give_held(self):
        """Whatever is sent from now on comes behind the packets that came before."""
        if self._held.count:
            self._give_held(monotonic_us())

    cdef int _note_takers(self) except -1:
        cdef int takers = 0
        cdef Sink sink
        for sink in self._sinks:
            takers += sink.takes_bundles
        self._takers = takers
        return 0

    cdef bint _is_held(self, Sink sender, int64_t now_us) noexcept:
        """Whether this packet is to wait for others. What comes behind one that waits must wait as well."""
        cdef bint are_many = self._talkers.on_packet(sender, now_us)
        if self._held.count:
            return True
        if not are_many or now_us < self._rests_until_us:
            return False
        return sender.flusher.deadline_us >= SHORTEST_DEADLINE_US and sender.flusher._loop is not None

    cdef int _hold(self, bytes frame, Sink sender, int64_t now_us, int64_t arrived_us) except -1:
        if not self._held.has_room_for(frame):
            self._give_held(now_us)
        self._flusher = sender.flusher
        self._held.add(frame, sender, arrived_us, now_us)
        if now_us - self._held.begun_us >= WINDOW_US:  # the loop was too busy for its timers
            return self._give_held(now_us)
        return self._open_window()

    cdef int _open_window(self) except -1:
        if not self._is_window_open:
            self._flusher._loop.call_later(TIMER_MS / 1000, self._end_window)
            self._is_window_open = True
        return 0

    def _end_window(self):
        cdef int64_t now_us = monotonic_us()
        self._is_window_open = False
        if self._held.count:
            self._flusher.note_alive(now_us)
            self._give_held(now_us)

    cdef int _give_held(self, int64_t now_us) except -1:
        """A sink may lead back to here when it is written to: it finds another bundle, which is empty."""
        cdef Bundle bundle = self._held
        cdef Traffic traffic
        if not bundle.count:
            return 0
        if now_us - bundle.begun_us > LATE_US:  # where a loop gets no processor in time, waiting costs more
            self._rests_until_us = now_us + REST_US
        self._held, self._spare = (Bundle() if self._spare is None else self._spare), None
        try:
            traffic = self._flusher.traffic
            traffic.shed_held_up += bundle.shed(now_us - self._flusher.deadline_us)
            traffic.held += bundle.count
            traffic.held_us += bundle.waited_us(now_us)
            self._deliver_bundle(bundle, now_us)
        finally:
            bundle.clear()
            self._spare = bundle
        return 0

    cdef int _deliver_bundle(self, Bundle bundle, int64_t now_us) except -1:
        cdef Sink sink
        cdef Traffic traffic = self._flusher.traffic
        cdef int count, written = 0
        cdef list sinks = self._sinks
        cdef bytes frame
        cdef Py_ssize_t i
        for i in range(PyList_GET_SIZE(sinks)):
            sink = <Sink>PyList_GET_ITEM(sinks, i)
            count = bundle.count_for(sink) if sink.takes_bundles else 0
            if not count:
                continue
            try:
                frame = bundle.frame_for(sink, count)
                if sink.is_clear and sink.write_at_once(frame, now_us):
                    written += 1
                    traffic.deliveries += count
                    traffic.bundles += count > 1
                    traffic.bytes_out += PyBytes_GET_SIZE(frame)
                else:
                    bundle.push_each(sink)
            except Exception as error:
                sink.flusher.report(error, sink)
        if written:
            traffic.writes += written
            self._window_used += written
            self._flusher._wrote_us = monotonic_us()
        return 0
