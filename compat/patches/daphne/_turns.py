"""Whose bytes are parsed when: connections with more to do than one step take turns."""

import time
from collections import deque

STEP = 0.001  # seconds that one connection may take before it is another's turn
TURN = 0.005  # for all that wait for theirs, before the event loop does anything else


class Turns(object):
    """The backlogs of all connections that still have something to parse."""

    def __init__(self, logger):
        self.logger = logger
        self.waiting = deque()
        self.scheduled = False

    def add(self, backlog):
        """Give a backlog a turn, once."""
        if not backlog.waits:
            backlog.waits = True
            self.waiting.append(backlog)
            self.schedule()

    def schedule(self):
        if not self.scheduled:
            self.scheduled = True
            from twisted.internet import reactor

            reactor.callLater(0, self.run)

    def run(self):
        self.scheduled = False
        until = time.monotonic() + TURN
        while self.waiting and time.monotonic() < until:
            backlog = self.waiting.popleft()
            backlog.waits = False
            try:
                more = backlog.step()
            except Exception:
                # What Twisted does with an exception of dataReceived().
                self.logger.exception("A connection is dropped")
                backlog.fail()
                continue
            if more:
                self.add(backlog)
        if self.waiting:
            self.schedule()


class Backlog(object):
    """Bytes that a connection has sent and nobody has parsed yet."""

    waits = False

    def __init__(self):
        self.data, self.at = b"", 0

    def __len__(self):
        return len(self.data) - self.at

    def put(self, data):
        self.data, self.at = self.data[self.at :] + data, 0

    def push(self, data):
        """Put data before the rest."""
        self.data, self.at = data + self.data[self.at :], 0

    def take(self, size):
        piece = self.data[self.at : self.at + size]
        self.at += len(piece)
        if self.at >= len(self.data):
            self.clear()
        return piece

    def clear(self):
        self.data, self.at = b"", 0
