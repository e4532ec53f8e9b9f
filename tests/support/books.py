"""What a reader writes down of one stream, to be compared with the log."""

import time


class Book(object):
    """
    The entries of one stream, [(number, id)], as they came: those of the `epoch` of now, and in
    `before` those of the epochs that ended, [(epoch, entries)]. `faults` must never happen.
    """

    def __init__(self, uid):
        self.uid = uid
        self.epoch, self.last = "", 0
        self.entries, self.before = [], []
        self.faults, self.lags = [], []
        self.furthest = 0  # of all epochs: in another one what is older is told again

    @property
    def cursor(self):
        """Where it is, as the server writes it."""
        return "%s:%d" % (self.epoch, self.last) if self.epoch else str(self.last)

    def take(self, frame):
        """A frame of the stream."""
        kind = frame["type"]
        if kind == "reset":
            self.start_over(frame["epoch"])
        elif kind == "gap":
            self.faults.append("a gap up to %d" % frame["oldest"])
            self.last = frame["oldest"] - 1
        elif kind in ("entries", "live"):
            self.in_epoch(frame["epoch"])
        if kind == "entries":
            self.add(frame["first"], frame["bodies"])

    def start_over(self, epoch):
        """Another history of the stream begins, which must not be one of before."""
        if self.entries:
            self.before.append((self.epoch, self.entries))
        self.epoch, self.last, self.entries = "", 0, []
        self.in_epoch(epoch)

    def in_epoch(self, epoch):
        if epoch and epoch != self.epoch:
            if self.entries:
                self.faults.append("epoch %s after %s without a reset" % (epoch, self.epoch))
            if epoch in [one for one, _ in self.before]:
                self.faults.append("epoch %s came again" % epoch)
            self.epoch = epoch

    def add(self, first, bodies):
        now = time.time()
        for seq, body in enumerate(bodies, first):
            if seq != self.last + 1:
                self.faults.append("entry %d came after %d" % (seq, self.last))
            self.last = max(seq, self.last)
            self.entries.append((seq, body.get("id")))
            # The runner's entries have times of their own.
            if seq > self.furthest and "id" in body and "t" in body:
                self.lags.append((body["t"], now - body["t"]))
            self.furthest = max(seq, self.furthest)

    def came_with(self, cursor):
        """What a response says to come back with must be where this is."""
        if cursor != self.cursor:
            self.faults.append("told to come back with %s, not %s" % (cursor, self.cursor))

    def compare(self, log):
        """(missing, twice, wrong) of a log [(number, id), …]; wrong: a list of words."""
        missing = twice = 0
        wrong = list(self.faults)
        for epoch, entries in self.before + [(self.epoch, self.entries)]:
            # Nothing is ever taken out of the log: what was in an epoch of before is there still.
            whole = log if entries is self.entries else log[: max([seq for seq, _ in entries])]
            seen = {}
            for one in entries:
                seen[one] = seen.get(one, 0) + 1
            lost = sum(one not in seen for one in whole)
            more = sum(count - 1 for count in seen.values())
            missing, twice = missing + lost, twice + more
            if not lost and not more and entries != whole:
                wrong.append("other entries, or another order, in epoch %s" % epoch)
        return missing, twice, wrong
