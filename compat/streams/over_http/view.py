"""
Long polling as a plain Django view, for readers who reach uWSGI and no daphne::

    url(r"^news/entries/$", LongPollView.as_view(stream="news")),

A waiting reader occupies a worker of uWSGI, for STREAMS_LONG_POLL_SECONDS at most, and asks the
database for the head of its stream twice a second. So only STREAMS_LONG_POLL_WORKERS may wait at
once; with entries to send everybody is answered, and at once.
"""

import logging
import random
import time
from typing import Any, List, Optional, Tuple

from django.db import router, transaction
from django.http import HttpRequest, HttpResponse
from django.utils.decorators import method_decorator
from django.views.generic import View

from ... import close_codes
from ..._throttle import Throttle
from .. import epochs, store
from .._settings import LONG_POLL_SECONDS, LONG_POLL_WORKERS
from ..consumer import parse_cursor
from ..entries import (
    FRAME_CHARACTERS,
    FRAME_ENTRIES,
    Segment,
    Text,
    cursor_at,
    entries_frame,
    frame,
)
from ..epochs import Since
from ..follower import LATEST
from ..models import Stream
from ..names import check_storable
from .answers import closing, page, status_of

logger = logging.getLogger(__name__)
_throttle = Throttle()

LOOK_SECONDS = 0.5
# Entries of any size are read by so many at a time.
FEW = 16


@method_decorator(transaction.non_atomic_requests, name="dispatch")
class LongPollView(View):
    """
    The entries of a stream after ?since=, in the answer that long polling has at a socket's own.

    Override get_stream() where its name depends on the address, and may_follow(), which by default
    lets in whoever is logged in.
    """

    stream = ""

    def get_stream(self) -> str:
        """The stream that this request is about; may raise Http404."""
        return self.stream

    def may_follow(self, stream: str) -> bool:
        """Whether who asks may read that stream."""
        return bool(self.request.user.is_authenticated)

    def head(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self.answer(0)

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self.answer(LONG_POLL_SECONDS())

    def answer(self, seconds: float) -> HttpResponse:
        """The answer, after `seconds` at most."""
        stream = self.get_stream()
        if not self.may_follow(stream):
            return respond(403, [])
        try:
            check_storable(stream)
        except ValueError as error:
            return goodbye("bad-name", error, close_codes.NOT_FOUND)
        try:
            reader = Reader(stream, *cursor_of(self.request))
        except ValueError as error:
            return goodbye("bad-since", error, close_codes.BAD_SINCE)
        if not reader.look() and seconds and may_wait():
            return self._wait(reader, seconds)
        return respond(200, reader.frames)

    def _wait(self, reader: "Reader", seconds: float) -> HttpResponse:
        from .slots import slot

        try:
            with slot(most_waiting()) as taken:
                if not taken:
                    return respond(503, [])
                deadline = time.monotonic() + seconds
                while time.monotonic() < deadline:
                    time.sleep(LOOK_SECONDS)
                    if reader.look():
                        break
        except OSError as error:
            _throttle.log(logger.error, "no reader can wait: %s", error)
        return respond(200, reader.frames)


def most_waiting() -> int:
    """How many may wait at once: never more than half of uWSGI's workers."""
    wanted: int = LONG_POLL_WORKERS()
    try:
        import uwsgi
    except ImportError:  # in no other server
        return wanted
    return min(wanted, uwsgi.numproc * max(1, getattr(uwsgi, "cores", 1)) // 2)


def may_wait() -> bool:
    """Whether what is committed later can be seen: not within a transaction of the view."""
    return not transaction.get_connection(router.db_for_write(Stream)).in_atomic_block


def cursor_of(request: HttpRequest) -> Tuple[int, Optional[str]]:
    """(number or LATEST, epoch) of Last-Event-ID or the query; raises ValueError."""
    last = request.META.get("HTTP_LAST_EVENT_ID")
    if last:
        return parse_cursor(last)
    return parse_cursor(Since.of(request.GET.get("since", "0"), request.GET.get("epoch")))


class Reader:
    """Where one reader is in a stream, and the frames of what follows."""

    def __init__(self, stream: str, since: int, epoch: Optional[str]) -> None:
        self.stream = stream
        self.since = since
        self.epoch = epoch
        self.frames: List[Text] = []

    def look(self) -> bool:
        """Whether there is something to tell; `frames` are that, or where the stream is now."""
        found = epochs.known(self.stream)
        self.frames = []
        asks_where = self.since == LATEST
        if asks_where:
            self.since, self.epoch = found.seq, found.epoch
        elif self.since and (self.since > found.seq or self.epoch not in (None, "", found.epoch)):
            self.since = 0
            at = cursor_at(found.epoch, 0)
            self.frames.append(frame("reset", at, stream=self.stream, epoch=found.epoch))
        self.epoch = found.epoch
        if self.since < found.seq:
            self._read(found)
        news = asks_where or bool(self.frames)
        if self.since >= found.seq:
            at = cursor_at(found.epoch, self.since)
            live = dict(stream=self.stream, epoch=found.epoch, seq=self.since)
            self.frames.append(frame("live", at, **live))
        return news

    def _read(self, found: epochs.Position) -> None:
        """As many entries as make a frame."""
        segment = Segment(found.seq + 1)
        while segment.size < FRAME_CHARACTERS and len(segment.bodies) < FRAME_ENTRIES:
            epoch, rows = store.page(self.stream, self.since + len(segment.bodies), FEW)
            if epoch not in (None, found.epoch):
                return  # another history has begun meanwhile, which the next look tells
            if rows and not segment.bodies:
                if rows[0].seq > self.since + 1:
                    self.since = rows[0].seq - 1
                    self._tell_gap(found)
                segment.first = rows[0].seq
            for row in rows:
                if row.seq == segment.last + 1:
                    segment.extend([row.json_text])
            if len(rows) < FEW:
                break
        if not segment.bodies:
            self.since = found.seq  # all of it was trimmed
            self._tell_gap(found)
            return
        bodies = segment.take(segment.first)
        self.frames.append(entries_frame(self.stream, segment.first, bodies, found.epoch))
        self.since += len(bodies)

    def _tell_gap(self, found: epochs.Position) -> None:
        at = cursor_at(found.epoch, self.since)
        self.frames.append(frame("gap", at, stream=self.stream, oldest=self.since + 1))


def goodbye(code: str, error: Exception, number: int) -> HttpResponse:
    """What cannot be answered, in the words of the socket."""
    return respond(
        status_of(number), [frame("error", code=code, detail=str(error)), closing(number)]
    )


def respond(status: int, frames: List[Text]) -> HttpResponse:
    response = HttpResponse(page(frames), content_type="application/json", status=status)
    response["Cache-Control"] = "no-store, no-transform"
    response["X-Content-Type-Options"] = "nosniff"
    if status == 503:
        response["Retry-After"] = str(random.randint(2, 6))  # noqa: S311
    return response
