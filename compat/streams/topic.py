"""A followed stream in one process: its newest entries, shared reads and shared frames."""

import asyncio
import collections
import logging
import time

from . import epochs, stats, store
from .entries import FRAME_CHARACTERS, FRAME_ENTRIES, Frames, Segment, entries_frame, message_frames

logger = logging.getLogger(__name__)

# What is kept of the end of the stream; readers further behind read pages of the log.
TAIL_ENTRIES = 2000
TAIL_CHARACTERS = 1024 * 1024
# The same, while nobody is behind.
REST_ENTRIES = 200
REST_CHARACTERS = 64 * 1024
# Pages that readers who catch up have in common: enough for 10,000 entries, if these are short.
PAGES = 40
PAGES_CHARACTERS = 4 * 1024 * 1024
FRAMES = 8
LEAST_PAGE = 16


class Topic:
    """
    `head` is the highest sequence number known to be committed, `tail` the entries in memory
    that end the stream; tail.last < head only while a read of the log is under way. When the
    epoch changes all of that begins anew, with another `history`: what was asked before is void.
    """

    def __init__(self, hub, name, group):
        self.hub = hub
        self.name = name
        self.group = group
        # Everyone who entered, and those of them that want to be woken.
        self.followers = set()
        self.ready = set()
        self.head = 0
        self.epoch = None  # of a stream that nobody has published to
        self.history = 0
        self.tail = None
        self.early = []  # what was announced before the head was known
        self.pages = collections.deque()
        self.made = collections.OrderedDict()
        self.reading = {}
        self.filling = None
        self.waking = False
        self.committed = None  # when the first of the entries was that nobody was woken for
        self.head_reading = self.head_next = None
        self.average = 512.0
        self.opening = hub.loop.create_task(self._open())

    async def _open(self):
        # Join first, then look: what is committed in between is announced to us.
        await self.hub.join(self.group)
        found = await self.hub.database(epochs.known, self.name)
        self.epoch = found.epoch
        self.tail = Segment(found.seq + 1)
        self.seen(found.seq)
        early, self.early = self.early, []
        for told in early:
            self.notified(*told)

    async def opened(self):
        """Wait until the stream's head is known."""
        if self.tail is None:
            await asyncio.shield(self.opening)

    def close(self):
        """Cancel what is under way; returns the cancelled tasks."""
        tasks = [self.opening, self.filling, self.head_reading, self.head_next]
        tasks += self.reading.values()
        tasks = [task for task in tasks if task is not None and not task.done()]
        for task in tasks:
            task.cancel()
        return tasks

    def forget(self, follower):
        """Drop a follower, and frames that might hold on to its renderer."""
        self.followers.discard(follower)
        self.ready.discard(follower)
        if follower.render is not None:
            self.made.clear()

    def wake(self):
        """Wake every follower soon; what becomes ready until then goes in the same frame."""
        if not self.waking:
            self.waking = True
            self.hub.loop.call_soon(self._wake)

    def _wake(self):
        self.waking = False
        for follower in tuple(self.ready):
            follower.wake()
        if self.committed is not None:
            stats.lag.observe(max(0.0, time.time() - self.committed))
            self.committed = None

    def rest(self):
        """Free what only readers that are catching up need, when there is none."""
        if not any(follower.task for follower in self.ready):
            self.pages.clear()
            self.made.clear()
            if not self.waking:
                self.tail.trim(REST_ENTRIES, REST_CHARACTERS)

    # What is known about the head

    def notified(self, first, last, bodies, at=None, epoch=None):
        """
        Entries first … last were committed `at` that time; `bodies` are their JSON texts.

        `epoch` is that of the log then; None where a process of the version before says so.
        """
        if self.tail is None:
            self.early.append((first, last, None, None, epoch))
            return
        if epoch is not None and epoch != self.epoch:
            if self.epoch is not None or self.head or first != 1:
                # Of another history: the log says which of them is the later one.
                self.hub.poll_early.set()
                return
            self.epoch = epoch
        if at is not None and last > self.head and self.committed is None:
            self.committed = at
        tail = self.tail
        if bodies and first <= tail.last + 1 <= last:
            tail.extend(bodies[tail.last + 1 - first :])
            tail.trim(TAIL_ENTRIES, TAIL_CHARACTERS)
            self.head = max(self.head, tail.last)
            self.wake()
        self.seen(last)

    def seen(self, head):
        """The stream reaches to `head` at least; what is missing of it is read from the log."""
        self.head = max(self.head, head)
        if self.tail.last < self.head and self.filling is None:
            self.filling = self.hub.loop.create_task(self._fill())

    async def fresh_head(self):
        """The head as of now: of a read that started after this call, shared with other calls."""
        if self.head_next is None:
            self.head_next = self.hub.loop.create_task(self._read_head(self.head_reading))
        return await asyncio.shield(self.head_next)

    async def _read_head(self, running):
        if running is not None and not running.done():
            await asyncio.wait([running])
        self.head_reading, self.head_next = self.head_next, None
        before = self.known()
        self.learn(await self.hub.database(epochs.known, self.name), before)
        return self.head

    def known(self):
        """What is known now: learn() compares what is asked for with it."""
        return self.history, self.epoch, self.head

    def learn(self, found, before):
        """Take in a position in the log; returns whether the head went back in its epoch."""
        history, epoch, head = before
        if (history, epoch) != (self.history, self.epoch):
            return False  # what is known is newer
        back = found.seq < head
        if back and epoch is not None and epoch == found.epoch:
            self.hub.poll_early.set()
            return True
        if back or (epoch is not None and epoch != found.epoch):
            logger.warning("stream %s has another history, of %d entries", self.name, found.seq)
            self.turn(found)
        else:
            self.epoch = found.epoch
            self.seen(found.seq)
        return False

    def turn(self, found):
        """What was sent is not in the log any more, or may not be: another history begins."""
        self.history += 1
        self.epoch, self.head = found.epoch, found.seq
        self.tail = Segment(found.seq + 1)
        self.pages.clear()
        self.made.clear()
        self.committed = None
        for follower in tuple(self.ready):
            follower.turned()

    # Entries

    async def _fill(self):
        """Read from the log until the tail reaches the head."""
        try:
            while self.tail.last < self.head:
                history, since, upto = self.history, self.tail.last, self.head
                found = await self._read(since, upto)
                if history != self.history:
                    continue
                tail = self.tail
                if found.first > tail.last + 1:
                    # The entries in between were trimmed from the log.
                    self.tail = found
                else:
                    # Notifications may have brought a part of it in the meantime.
                    tail.extend(found.bodies[tail.last + 1 - found.first :])
                    tail.trim(TAIL_ENTRIES, TAIL_CHARACTERS)
                # What was committed meanwhile is there, too: its notification finds no more to do.
                self.head = max(self.head, self.tail.last)
                self.wake()
        finally:
            self.filling = None

    async def page(self, cursor):
        """
        A segment with entry cursor + 1, or one that begins later: the log begins there.

        Void if another history has begun meanwhile.
        """
        for (history, since, size), task in self.reading.items():
            if history == self.history and since <= cursor < since + size:
                return await asyncio.shield(task)
        # From a multiple of its length on, so that readers who begin elsewhere find the same pages.
        size = self._page_entries()
        since = cursor - cursor % size
        task = self.hub.loop.create_task(self._read_page(self.history, since, cursor, size))
        self.reading[self.history, since, size] = task
        return await asyncio.shield(task)

    async def _read_page(self, history, since, cursor, size):
        try:
            page = await self._read(since, self.head, size)
            if page.last <= cursor and page.first <= cursor and history == self.history:
                # A hole before the cursor, or a row too few: it is the cursor that counts.
                page = await self._read(cursor, self.head, size)
        finally:
            del self.reading[history, since, size]
        if page.bodies and history == self.history:
            self.pages.append(page)
            held = sum(one.size for one in self.pages)
            while len(self.pages) > PAGES or (held > PAGES_CHARACTERS and len(self.pages) > 1):
                held -= self.pages.popleft().size
        return page

    async def _read(self, since, upto, size=0):
        """The next entries after `since`, `size` at most; `upto` is known to be committed."""
        stats.log_reads.inc()
        history = self.history
        while True:
            asked = store.page, self.name, since, size or self._page_entries()
            epoch, rows = await self.hub.database(*asked)
            if epoch in (None, self.epoch) or history != self.history:
                break
            await self.fresh_head()
        if not rows:
            return Segment(upto + 1)
        # Only the beginning of a log is ever removed, but a hole must not shift the numbers.
        first = rows[0].seq
        bodies = [row.json_text for seq, row in enumerate(rows, first) if row.seq == seq]
        segment = Segment(first, bodies)
        self.average = 0.5 * self.average + 0.5 * segment.size / len(bodies)
        return segment

    def _page_entries(self):
        """A power of two: so many as make a frame, going by the size of the last ones."""
        fitting = min(FRAME_ENTRIES, int(FRAME_CHARACTERS / (self.average + 1)))
        return max(LEAST_PAGE, 1 << max(0, fitting.bit_length() - 1))

    def segment(self, seq):
        """The segment in memory that has entry `seq`, or None."""
        if self.tail.holds(seq):
            return self.tail
        for page in self.pages:
            if page.holds(seq):
                return page
        return None

    def frames(self, segment, cursor, render):
        """Frames of what follows `cursor`; made once for all at this place."""
        key = (cursor, segment.last, render)
        found = self.made.get(key)
        if found is None:
            bodies = segment.take(cursor + 1)
            if render is None:
                texts = [entries_frame(self.name, cursor + 1, bodies, self.epoch)]
            else:
                texts = message_frames(bodies, render)
            found = self.made[key] = Frames(texts, cursor + len(bodies))
            while len(self.made) > FRAMES:
                self.made.popitem(last=False)
        return found
