"""
Group commit: what several threads publish at once goes into the database in one transaction.

A commit waits for the disk, and writers of one stream (on SQLite, of one database) wait for each
other's. So one thread at a time commits, and takes along what the others have ready meanwhile; each
gets its own numbers back, after the commit. Nobody waits for more to come. If anything is wrong
with such a transaction it is void, and each thread goes on by itself, as if it had been alone: an
error is then that of whoever made it.
"""

import collections
import os
import threading
from typing import Any, Callable, Deque, Dict, List, Optional, Sequence, Tuple

from django.db import Error, transaction

from .. import _greenlets
from ._settings import GROUP_COMMIT
from .busy import is_busy
from .notification import INLINE_CHARACTERS

# At most so many entries go together, and so many characters that one notification carries them.
MOST_ENTRIES = 200
# With another engine, one for tenants for example, connections of threads may lead to other tables.
ENGINES = ("django.db.backends.", "django.contrib.gis.db.backends.")

Range = Tuple[int, int]
# (cursor, stream, texts) -> (first, last, epoch): append in the transaction that is under way.
Put = Callable[[Any, str, Sequence[str]], Tuple[int, int, str]]


class Group:
    """What waits while one thread, the leader, commits."""

    def __init__(self) -> None:
        self.waiting: Deque[Request] = collections.deque()


class Request:
    """Entries of one call, and what became of them."""

    __slots__ = ("name", "texts", "size", "woken", "leads", "range", "error")

    def __init__(self, name: str, texts: Sequence[str]) -> None:
        self.name = name
        self.texts = texts
        self.size = sum(map(len, texts))
        self.woken = threading.Lock()
        self.woken.acquire()
        self.leads = False
        self.range: Optional[Range] = None
        self.error: Optional[BaseException] = None


_lock = threading.Lock()
_groups: Dict[Any, Group] = {}
_pid = os.getpid()


def is_possible(connection: Any, texts: Sequence[str]) -> bool:
    """Whether these entries may go together with those of other threads."""
    if len(texts) > MOST_ENTRIES or not GROUP_COMMIT() or _greenlets.share_this_thread():
        return False
    if connection.vendor == "sqlite" and connection.is_in_memory_db():
        return False  # each thread has one of its own
    return type(connection).__module__.startswith(ENGINES)


def append(
    connection: Any,
    name: str,
    texts: Sequence[str],
    put: Put,
    alone: Callable[[], Range],
    announce: Callable[[str, int, Sequence[str], str], None],
) -> Range:
    """Append in a transaction of this thread, `alone()`, or in one with those of others."""
    # A transaction of one stream holds one row and waits for none; of several, it could wait
    # for somebody who waits for it. SQLite has one lock for all.
    key = connection.alias, None if connection.vendor == "sqlite" else name
    request = Request(name, texts)
    if not _enter(key, request):
        _wait(key, request)
    if not request.leads:
        if request.range is not None:
            return request.range
        if request.error is not None:
            raise request.error
        return alone()
    try:
        batch = _take(key, request)
        if len(batch) == 1:
            return alone()
        try:
            _commit(connection, batch, put, announce)
        finally:
            for other in batch[1:]:
                other.woken.release()
    finally:
        _hand_over(key)
    return alone() if request.range is None else request.range


def _enter(key: Any, request: Request) -> bool:
    """Whether the request leads; else it waits now."""
    global _lock, _groups, _pid
    if _pid != os.getpid():
        # Those threads are the parent's, and one may have held the lock.
        _lock, _groups, _pid = threading.Lock(), {}, os.getpid()
    with _lock:
        group = _groups.get(key)
        if group is None:
            _groups[key] = Group()
            request.leads = True
        else:
            group.waiting.append(request)
    return request.leads


def _wait(key: Any, request: Request) -> None:
    try:
        request.woken.acquire()
    except BaseException:
        # Interrupted, by a time limit for example.
        with _lock:
            group = _groups.get(key)
            if group is not None and request in group.waiting:
                group.waiting.remove(request)
        if request.leads:
            _hand_over(key)
        raise


def _take(key: Any, request: Request) -> List[Request]:
    """The request and those that go along with it."""
    batch, count, size = [request], len(request.texts), request.size
    with _lock:
        waiting = _groups[key].waiting
        while waiting:
            count += len(waiting[0].texts)
            size += waiting[0].size
            if count > MOST_ENTRIES or size > INLINE_CHARACTERS:
                break
            batch.append(waiting.popleft())
    return batch


def _hand_over(key: Any) -> None:
    """The next that waits leads; none: the group ends."""
    with _lock:
        waiting = _groups[key].waiting
        if not waiting:
            del _groups[key]
            return
        following = waiting.popleft()
        following.leads = True
    following.woken.release()


def _commit(connection: Any, batch: List[Request], put: Put, announce: Any) -> None:
    """
    Append all in one transaction. Each request then has its range; or an error, where nobody can
    know whether it was committed; or neither, if it was not.
    """
    streams: Dict[str, List[Request]] = {}
    for request in batch:
        streams.setdefault(request.name, []).append(request)
    done, committing = [], False
    try:
        with transaction.atomic(using=connection.alias, savepoint=False):
            with connection.cursor() as cursor:
                for name, requests in streams.items():
                    texts = [text for request in requests for text in request.texts]
                    first, _, epoch = put(cursor, name, texts)
                    done.append((requests, first, texts, epoch))
            committing = True
        for requests, first, _, _ in done:
            for request in requests:
                request.range = first, first + len(request.texts) - 1
                first += len(request.texts)
    except BaseException as error:
        if committing and is_in_doubt(error):
            for request in batch:
                request.error = again(error)
            raise
        if isinstance(error, Exception):
            return
        raise
    for requests, first, texts, epoch in done:
        announce(requests[0].name, first, texts, epoch)


def is_in_doubt(error: BaseException) -> bool:
    """Whether a commit may have come off although it failed so."""
    if not isinstance(error, Error):
        return True
    code = getattr(error.__cause__, "pgcode", None)
    if code is not None:
        return code[:2] in ("08", "57")  # a lost connection, or one that PostgreSQL has ended
    return not is_busy(error)


def again(error: BaseException) -> BaseException:
    """The error for another thread."""
    if not isinstance(error, Exception):
        return InterruptedError("whoever committed the entry was interrupted: %r" % (error,))
    copy = type(error)(*error.args)
    copy.__cause__ = error.__cause__
    return copy
