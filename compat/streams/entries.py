"""Consecutive entries in memory and the frames made of them."""

import json
import logging
from typing import Optional

logger = logging.getLogger(__name__)

FRAME_ENTRIES = 500
FRAME_CHARACTERS = 256 * 1024


class Segment:
    """JSON texts of the entries first, first + 1, …; `bodies` may be empty."""

    __slots__ = ("first", "bodies", "size")

    def __init__(self, first, bodies=()):
        self.first = first
        self.bodies = []
        self.size = 0
        self.extend(bodies)

    @property
    def last(self):
        """Sequence number of the last entry; first - 1 when there is none."""
        return self.first + len(self.bodies) - 1

    def extend(self, bodies):
        """Append the entries that follow the last one."""
        self.bodies.extend(bodies)
        self.size += sum(map(len, bodies))

    def trim(self, entries, characters):
        """Forget old entries, half of what is kept at a time, so that trimming stays cheap."""
        if len(self.bodies) <= entries and self.size <= characters:
            return
        size = self.size
        cut = 0
        while cut < len(self.bodies) - 1 and (
            len(self.bodies) - cut > entries // 2 or size > characters // 2
        ):
            size -= len(self.bodies[cut])
            cut += 1
        del self.bodies[:cut]
        self.first += cut
        self.size = size

    def holds(self, seq):
        """Whether entry `seq` is here."""
        return self.first <= seq <= self.last

    def take(self, seq):
        """The bodies from entry `seq` on that fit one frame, at least one."""
        start = seq - self.first
        bodies = self.bodies[start : start + FRAME_ENTRIES]
        size = 0
        for count, body in enumerate(bodies):
            size += len(body) + 1
            if size > FRAME_CHARACTERS and count:
                return bodies[:count]
        return bodies


class Text(str):
    """The text of a frame: its `kind`, and the cursor of a reader who has it, or None."""

    kind: Optional[str] = None
    cursor: Optional[str] = None

    @classmethod
    def of(cls, text, kind, cursor):
        """The frame `text` of that kind."""
        made = cls(text)
        made.kind, made.cursor = kind, cursor
        return made


def cursor_at(epoch, seq):
    """Where a reader is, as one text: "epoch:number"; the number alone where there is no epoch."""
    return str(seq) if epoch is None else f"{epoch}:{seq}"


class Frames:
    """Frames that many readers share: `texts`, and the cursor of a reader who has them."""

    __slots__ = ("texts", "cursor", "prepared", "events")

    def __init__(self, texts, cursor):
        self.texts = texts
        self.cursor = cursor
        # The same, ready for the connection; made by the first Wire of a WebSocket, and by the
        # first of an event stream.
        self.prepared = None
        self.events = None


def entries_frame(stream, first, bodies, epoch):
    """The frame of consecutive entries; the bodies are JSON already."""
    text = '{"type":"entries","stream":%s,"epoch":%s,"first":%d,"bodies":[%s]}' % (
        json.dumps(stream),
        json.dumps(epoch),
        first,
        ",".join(bodies),
    )
    return Text.of(text, "entries", cursor_at(epoch, first + len(bodies) - 1))


def frame(kind, at=None, **fields):
    """Any other frame; `at`: the cursor of a reader who has it."""
    return Text.of(json.dumps(dict(type=kind, **fields), separators=(",", ":")), kind, at)


def message_frames(bodies, render):
    """One {"message": text} frame an entry; `render(body)` returns the text, or None to skip."""
    texts = []
    for body in bodies:
        try:
            text = render(json.loads(body))
        except Exception:
            logger.exception("an entry could not be rendered and was skipped")
            continue
        if text is not None:
            texts.append(json.dumps({"message": text}))
    return texts
