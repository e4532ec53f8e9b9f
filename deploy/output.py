"""From the bytes that a command writes to the entries of its service's stream."""

import codecs
import threading
import time

from django.db import transaction

from compat.streams import publish_many, read
from deploy import entries
from deploy.masking import Masker

MAX_PIECE = 16 * 1024  # bytes of UTF-8 in one entry
MAX_BATCH = 64 * 1024  # bytes of UTF-8 that are written at once; less waits for the interval
MAX_WAITING = 256 * 1024  # bytes that may wait for the log before the pipe is left alone
PAGE = 200  # entries that are read back at a time
INTERVAL = 0.05  # seconds between two transactions of a deployment, unless a full batch is ready


def split_text(text, limit=MAX_PIECE):
    """Return the pieces of a text, each at most limit bytes of UTF-8; at line ends if possible."""
    pieces = []
    start = 0
    while start < len(text):
        # limit // 4 characters always fit; more are tried first, since most text is ASCII.
        end = min(len(text), start + limit)
        while len(text[start:end].encode("utf-8")) > limit:
            end = start + max(limit // 4, (end - start) // 2)
        if end < len(text):
            newline = text.rfind("\n", start, end)
            if newline > start:
                end = newline + 1
        pieces.append(text[start:end])
        start = end
    return pieces


class Outbox(object):
    """Text on its way from the pipe's reader to the log's writer: bounded, in order.

    The reader calls has_room(), feed(), pause() and close(); the writer calls take().
    """

    def __init__(self, interval=INTERVAL):
        self._interval = interval
        self._masker = Masker(())
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._changed = threading.Condition()
        self._waiting = []  # (text, bytes)
        self._size = 0
        self._closed = False
        self._last_take = 0.0
        self._tail = ""  # the last character that was taken

    def hide(self, secrets):
        """Mask these texts in what is fed from now on."""
        self._masker = Masker(secrets)

    def has_room(self, timeout):
        """Wait up to timeout seconds for room; tell whether there is some."""
        with self._changed:
            if self._size >= MAX_WAITING:
                self._changed.wait(timeout)
            return self._size < MAX_WAITING

    def feed(self, data):
        """Append bytes as they came; a character that is cut in two waits for its other half."""
        with self._changed:
            self._append(self._decoder.decode(self._masker.feed(data)))

    def pause(self):
        """Nothing comes for the moment: append what only waited for more to come."""
        with self._changed:
            self._append(self._decoder.decode(self._masker.pause()))

    def note(self, text):
        """Append a line of our own about the deployment, on a line of its own."""
        with self._changed:
            self._append(self._decoder.decode(b"", True))
            last = self._waiting[-1][0] if self._waiting else self._tail
            start = "" if last.endswith("\n") or not last else "\n"
            self._append(f"{start}\x1b[0;2m── {text}\x1b[0m\n")

    def close(self):
        """Nothing more will come."""
        with self._changed:
            self._append(self._decoder.decode(self._masker.end(), True))
            self._closed = True
            self._changed.notify_all()

    def take(self):
        """Return the texts of the next batch (a list), waiting for it; None at the end.

        The first text after a pause goes at once, so that a line is seen when it is written; then
        what comes within the interval is taken together, or a full batch as soon as it is there.
        All that waits goes: a log that takes its time is given more at a time.
        """
        with self._changed:
            while not self._waiting and not self._closed:
                self._changed.wait()
            due = self._last_take + self._interval
            while self._size < MAX_BATCH and not self._closed:
                left = due - time.monotonic()
                if left <= 0:
                    break
                self._changed.wait(left)
            if not self._waiting:
                return None
            text = self._collect()
            self._last_take = time.monotonic()
            self._changed.notify_all()
        return split_text(text)

    def _append(self, text):
        if text:
            self._waiting.append((text, len(text.encode("utf-8"))))
            self._size += self._waiting[-1][1]
            self._changed.notify_all()

    def _collect(self):
        text = "".join(text for text, _ in self._waiting)
        self._waiting, self._size = [], 0
        self._tail = text[-1]
        return text


class Output(object):
    """Appends a deployment's output to its stream, each batch once."""

    def __init__(self, deployment):
        self._deployment = deployment
        self._stream = deployment.service.stream
        self._last = deployment.since  # our last entry is there, or before
        self._in_doubt = False

    def write(self, bodies):
        """Append the bodies; when it raises, call it again with the same ones."""
        if self._in_doubt:
            last = self._write_unless_there(bodies)
        else:
            self._in_doubt = True
            last = publish_many(self._stream, bodies)[1]
        self._last, self._in_doubt = last, False

    def _write_unless_there(self, bodies):
        """Append after a failure: a connection that broke may have committed all the same.

        The append comes first, since it waits for whatever still holds the stream's row.
        """
        with transaction.atomic():
            first, last = publish_many(self._stream, bodies)
            written = self._last_before(first)
            if written is None:
                return last
            transaction.set_rollback(True)
        return written

    def _last_before(self, end):
        """Return the last entry of ours that we do not know of; None: there is none."""
        found, since = None, self._last
        while since < end - 1:
            for row in read(self._stream, since, PAGE):
                since, body = row.seq, row.body
                ours = entries.text_of(body, self._deployment.pk) is not None
                if ours and since < end:
                    found = since
        return found
