"""
Durable, resumable push: append to a log, and notify those who follow it.

Put ``compat.streams`` in INSTALLED_APPS, migrate, then from a view, command, task or thread::

    from compat.streams import publish, publish_many

    publish("deploy:web", {"text": "started"})      # -> 1, the entry's sequence number
    publish_many("deploy:web", lines)               # -> (2, 41), one transaction, one announcement

and in a channels consumer::

    class Log(StreamConsumerMixin, AsyncWebsocketConsumer):      # from compat.streams.consumer
        async def connect(self):
            await self.accept()
            await self.follow("deploy:web", since_from(self.scope) or 0)    # ?since=41

The page loads ``streams/streams.js`` and calls ``Streams.follow({url, onEntries})``. Every reader
gets every committed entry once and in order, whatever is restarted in between.
Settings: STREAMS_POLL_SECONDS (2), STREAMS_MAX_BODY (1048576 characters of JSON),
STREAMS_SLOW_SECONDS (30, how long a reader may stay stuck), STREAMS_SLOW_BYTES (1048576),
STREAMS_KEEP (how much of which stream is kept: see retention.py; default everything),
STREAMS_HEARTBEAT_SECONDS (15), STREAMS_KEY_SECONDS (86400, how long a key= counts),
STREAMS_ENCODER (Django's), STREAMS_GROUP_COMMIT (False).
"""

from typing import TYPE_CHECKING, Any, Callable, Iterable, List, Optional, Tuple

if TYPE_CHECKING:
    from .epochs import Position
    from .pages import Page
    from .roll import Presence
    from .store import Row

default_app_config = __name__ + ".apps.StreamsConfig"

__all__ = [
    "publish",
    "publish_many",
    "head",
    "oldest",
    "position",
    "read",
    "history",
    "presence",
    "apublish",
    "apublish_many",
    "ahead",
    "aread",
    "apresence",
]


def publish(stream: str, body: Any, key: Optional[str] = None) -> int:
    """
    Append one JSON-serialisable `body` to `stream`; returns its sequence number (from 1).

    As in Django's JsonResponse, it may hold dates, times, durations, Decimal, UUID and lazy texts;
    the setting STREAMS_ENCODER names another encoder.
    Inside transaction.atomic() it becomes visible, and is announced, when the outermost block
    commits. Raises TypeError for a body that is not JSON, ValueError for a bad name or size.

    A call with a `key` (any text) may be repeated, by a task that is tried again for example:
    within STREAMS_KEY_SECONDS (a day) the same key appends to a stream once, and returns the
    number that it returned then.
    """
    return publish_many(stream, (body,), key)[0]


def publish_many(stream: str, bodies: Iterable[Any], key: Optional[str] = None) -> Tuple[int, int]:
    """
    Append an iterable of bodies as one contiguous range in one transaction; returns (first, last).

    Raises as publish() does, and ValueError when there is no body; then nothing is written. One
    `key` is for all of them.
    """
    from .store import append

    return append(stream, bodies, key)


def head(stream: str) -> int:
    """Sequence number of the last committed entry of `stream`; 0 when there is none."""
    from . import store

    return store.head(stream)


def position(stream: str) -> "Position":
    """head() and the epoch it belongs to, as (seq, epoch): what a page hands to streams.js."""
    from . import epochs

    return epochs.position(stream)


def oldest(stream: str) -> int:
    """Sequence number of the oldest entry that is kept; head + 1 when there is none."""
    from . import store

    return store.oldest(stream)


def read(stream: str, since: int, limit: int = 500) -> "List[Row]":
    """Up to `limit` committed entries after `since`, in order: rows of (seq, json_text)."""
    from . import store

    return store.read(stream, since, limit)


def history(stream: str, before: Optional[int] = None, limit: int = 50) -> "Page":
    """
    The last `limit` entries (1 to 1000) before the number `before`; of the end, when it is None.

    Returns (rows, before): rows of (seq, json_text) in order, and what to ask for the page before
    that one, or None where there is none.
    """
    from . import pages

    return pages.history(stream, before, limit)


def presence(stream: Optional[str] = None) -> "Presence":
    """
    Who follows `stream` now, of those that have presence; without a name, any of them.

    Returns (count, people, guests, who): see docs/guide/streams.md. One query, of a row for each
    process with readers; as of up to STREAMS_PRESENCE_SECONDS ago.
    """
    from . import roll

    return roll.presence(stream)


async def apublish(stream: str, body: Any, key: Optional[str] = None) -> int:
    """publish() from async code, in a thread."""
    return await _in_thread(publish, stream, body, key)


async def apublish_many(
    stream: str, bodies: Iterable[Any], key: Optional[str] = None
) -> Tuple[int, int]:
    """publish_many() from async code, in a thread."""
    return await _in_thread(publish_many, stream, bodies, key)


async def ahead(stream: str) -> int:
    """head() from async code, in a thread."""
    return await _in_thread(head, stream)


async def aread(stream: str, since: int, limit: int = 500) -> "List[Row]":
    """read() from async code, in a thread."""
    return await _in_thread(read, stream, since, limit)


async def apresence(stream: Optional[str] = None) -> "Presence":
    """presence() from async code, in a thread."""
    return await _in_thread(presence, stream)


async def _in_thread(function: Callable[..., Any], *args: Any) -> Any:
    from channels.db import database_sync_to_async

    return await database_sync_to_async(function)(*args)
