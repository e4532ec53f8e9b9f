"""
The one connection of a process on which PostgreSQL tells it of notifications, and its thread.

A thread, because looking up the server's name cannot be done without waiting, and an event loop
must not wait. The connection never blocks: a server that is silent is asked for a sign of life,
and one that gives none is left for a new connection.
"""

import json
import logging
import os
import random
import selectors
import socket
import threading
import time
from typing import Any, Dict, List, Optional, Set, Tuple

from django.db import connections

from .._throttle import Throttle
from . import postgresql
from ._settings import DATABASE

logger = logging.getLogger(__name__)

NAME = "django_bridge.listen"  # in pg_stat_activity
CONNECT_SECONDS = 10.0
BEAT_SECONDS = 15.0
ANSWER_SECONDS = 5.0
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 5.0
GOODBYE_SECONDS = 1.0
# So many entries were found by polling, and the connection has told of none: somebody is told.
DEAF_AFTER = 3
# select() ends at the 1024th open file, and a server has more.
Selector = getattr(selectors, "PollSelector", selectors.SelectSelector)
READ, WRITE = selectors.EVENT_READ, selectors.EVENT_WRITE


class Stopped(Exception):
    """Nobody listens any more."""


class Listening:
    """
    Hands messages to subscribers; exists from the first one to the last one.

    Of a subscriber it calls, in its own thread: came(messages) with dicts, up() when the server
    tells us everything from now on, and down() when it does not; one that returns False is gone.
    """

    def __init__(self) -> None:
        self.alias = DATABASE() or postgresql.alias()
        self.subscribers: Set[Any] = set()
        self.groups: Dict[str, Tuple[Any, ...]] = {}
        self.lock = threading.Lock()
        self.is_up: Optional[bool] = None  # not known yet
        self.heard = self.stopping = False
        self.misses = 0
        self.throttle, self.deaf_throttle = Throttle(), Throttle(600.0)
        self.waking, self.wakes = socket.socketpair()
        self.thread = threading.Thread(target=self._run, name="listening", daemon=True)

    # For subscribers, on any thread

    def join(self, group: str, subscriber: Any) -> None:
        """Have the group's messages handed to it."""
        with self.lock:
            others = self.groups.get(group, ())
            if subscriber not in others:
                self.groups[group] = others + (subscriber,)

    def leave(self, group: str, subscriber: Any) -> None:
        """Undo join()."""
        with self.lock:
            others = tuple(one for one in self.groups.get(group, ()) if one is not subscriber)
            if others:
                self.groups[group] = others
            else:
                self.groups.pop(group, None)

    def add(self, subscriber: Any) -> None:
        with self.lock:
            self.subscribers.add(subscriber)
            if self.is_up is not None:
                (subscriber.up if self.is_up else subscriber.down)()

    def remove(self, subscriber: Any) -> None:
        """Forget a subscriber; the connection ends with the last one."""
        for group in list(self.groups):
            self.leave(group, subscriber)
        with self.lock:
            self.subscribers.discard(subscriber)
            if not self.subscribers:
                self.stop()

    def missed(self) -> None:
        """An entry was found by polling."""
        self.misses += 1
        if self.is_up and not self.heard and self.misses >= DEAF_AFTER:
            self.deaf_throttle.log(
                logger.warning,
                "entries are found by polling, and PostgreSQL has told of none: listening needs a "
                "connection that no pooler shares (as pgbouncer in transaction mode does), which "
                "STREAMS_NOTIFICATIONS_DATABASE may name, and the same SECRET_KEY and "
                "STREAMS_NOTIFICATIONS in all processes",
            )

    def stop(self) -> None:
        """Have the thread end, soon."""
        self.stopping = True
        try:
            self.waking.send(b"x")
        except OSError:
            pass  # it has ended

    # The thread

    def _run(self) -> None:
        pause = FIRST_PAUSE
        try:
            while not self.stopping:
                began = time.monotonic()
                try:
                    self._listen()
                except Stopped:
                    return
                except Exception as error:
                    self.throttle.log(
                        logger.warning,
                        "PostgreSQL does not notify us: %s: %s; changes are found by polling "
                        "meanwhile",
                        type(error).__name__,
                        " ".join(str(error).split()),
                    )
                self._tell(False)
                if time.monotonic() - began > 2 * LONGEST_PAUSE:
                    pause = FIRST_PAUSE
                self._wait(pause * random.uniform(0.5, 1.5))  # noqa: S311
                pause = min(pause * 2, LONGEST_PAUSE)
        except Stopped:
            pass
        finally:
            self.waking.close()
            self.wakes.close()

    def _listen(self) -> None:
        """Connect, and hand on what comes; raises what ends it."""
        site = connections[self.alias]  # of this thread; it is never opened
        options = dict(site.get_connection_params())
        options["async"] = True
        connection = site.Database.connect(**options)
        try:
            extensions = site.Database.extensions
            self._finish(connection, extensions, CONNECT_SECONDS)
            self._ask(
                connection,
                extensions,
                "SET application_name TO '%s'; LISTEN \"%s\"" % (NAME, postgresql.channel()),
            )
            self._tell(True)
            while True:
                self._hand_on(connection.notifies)
                if self._wait(BEAT_SECONDS, connection, READ):
                    connection.poll()
                else:
                    self._ask(connection, extensions, "SELECT 1")
        finally:
            connection.close()

    def _ask(self, connection: Any, extensions: Any, query: str) -> None:
        cursor = connection.cursor()  # the connection does not keep it
        cursor.execute(query)
        self._finish(connection, extensions, ANSWER_SECONDS)

    def _finish(self, connection: Any, extensions: Any, seconds: float) -> None:
        """Wait until what the connection is at is done."""
        deadline = time.monotonic() + seconds
        while True:
            state = connection.poll()
            if state == extensions.POLL_OK:
                return
            left = deadline - time.monotonic()
            events = READ if state == extensions.POLL_READ else WRITE
            if left <= 0 or not self._wait(left, connection, events):
                raise TimeoutError("no answer within %g s" % seconds)

    def _wait(self, seconds: float, connection: Any = None, events: int = READ) -> bool:
        """Whether the connection is ready in that time; raises Stopped."""
        with Selector() as selector:
            selector.register(self.wakes, READ)
            if connection is not None:
                selector.register(connection, events)
            ready = [key.fileobj for key, _ in selector.select(seconds)]
        if self.wakes in ready:
            raise Stopped()
        return bool(ready)

    def _tell(self, is_up: bool) -> None:
        with self.lock:
            if is_up:
                self.heard, self.misses = False, 0
            self.is_up = is_up
            told = [(one, one.up() if is_up else one.down()) for one in self.subscribers]
        self._forget([one for one, is_there in told if not is_there])

    def _forget(self, gone: List[Any]) -> None:
        for subscriber in gone:
            leave(self, subscriber)

    def _hand_on(self, notifies: List[Any]) -> None:
        found: Dict[Any, List[Dict[str, Any]]] = {}
        for one in notifies:
            self.heard = True
            known = postgresql.parts(one.payload)
            wanted = self.groups.get(known[0], ()) if known else ()
            if known and wanted:
                try:
                    message = dict(json.loads(known[1]))
                except (TypeError, ValueError):
                    continue  # nobody of ours said that
                for subscriber in wanted:
                    found.setdefault(subscriber, []).append(message)
        del notifies[:]
        told = [(one, one.came(messages)) for one, messages in found.items()]
        self._forget([one for one, is_there in told if not is_there])


_lock = threading.Lock()
_current: Optional[Listening] = None
_pid = os.getpid()


def enter(subscriber: Any) -> Listening:
    """The process' Listening, which the subscriber belongs to from now on."""
    global _current, _lock, _pid
    if _pid != os.getpid():
        # Those are the parent's, and one of its threads may have held the lock.
        _current, _lock, _pid = None, threading.Lock(), os.getpid()
    with _lock:
        if _current is None or _current.stopping:
            _current = Listening()
            _current.add(subscriber)
            _current.thread.start()
        else:
            _current.add(subscriber)
        return _current


def leave(listening: Listening, subscriber: Any) -> None:
    """Undo enter()."""
    with _lock:
        listening.remove(subscriber)


def goodbye(listening: Listening) -> None:
    """At the end of the process: close the connection, and wait for that."""
    listening.stop()
    listening.thread.join(GOODBYE_SECONDS)
