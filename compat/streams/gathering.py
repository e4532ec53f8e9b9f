"""
Gathering: what is announced in a quick succession goes to other processes together.

To send an announcement costs a publisher more than to append, and each reader's process the same
again. So the first few go at once, as those of a view do; what follows in the same moment is held,
and sent by a thread that ends when nobody announces any more. One message is held for a stream: it
has the bodies as long as they are few and one follows another, else their numbers alone, and the
readers' processes look into the log. The thread is no daemon: a process that ends waits for it.
"""

import collections
import os
import sys
import threading
from time import monotonic, sleep
from typing import Any, Callable, Deque, Dict, Optional

from .. import _greenlets
from ..channel_layer.notify import Message, has_a_sender_for_any_thread
from ._settings import GATHER_SECONDS

# So many go at once, in as many times GATHER_SECONDS.
AT_ONCE = 4
# Bodies travel along up to this many characters; readers fetch longer ones from the log.
INLINE_CHARACTERS = 32 * 1024

_lock = threading.Lock()
_pid = os.getpid()
_recent: Deque[float] = collections.deque(maxlen=AT_ONCE)
_held: Dict[str, Message] = {}
_thread: Optional[threading.Thread] = None


def hold(name: str, message: Message, send: Callable[[Message], None]) -> bool:
    """Keep the announcement of a stream, to be sent within GATHER_SECONDS; else False."""
    global _thread
    seconds = GATHER_SECONDS()
    if not seconds or not is_possible():
        return False
    if _pid != os.getpid():
        _start_over()
    with _lock:
        if _thread is None or not _thread.is_alive():  # something may have ended it
            now = monotonic()
            if len(_recent) < AT_ONCE or now - _recent[0] >= AT_ONCE * seconds:
                _recent.append(now)
                return False
            thread = threading.Thread(target=_send, args=(send, seconds), name="announcements")
            thread.daemon = False  # whatever the thread that publishes is
            try:
                thread.start()
            except RuntimeError:  # there are too many, or the interpreter ends
                return False
            _thread = thread
        held = _held.get(name)
        if held is None or held["epoch"] != message["epoch"]:
            _held[name] = dict(message)  # listeners here have the other one
        else:
            join(held, message)
    return True


def is_possible() -> bool:
    """Whether a thread could send it: not in uWSGI without threads, which would never run it."""
    uwsgi = sys.modules.get("uwsgi")
    if uwsgi is not None and not threads_run(getattr(uwsgi, "opt", {})):
        return False
    return not _greenlets.share_this_thread() and has_a_sender_for_any_thread()


def threads_run(options: Dict[Any, Any]) -> bool:
    """Whether uWSGI, started with these options, lets threads run beside requests."""
    names = {one.decode() if isinstance(one, bytes) else one for one in options}
    return not names.isdisjoint(("threads", "enable-threads"))


def join(held: Message, message: Message) -> None:
    """Make one announcement of two of a stream; one thread may have been faster than another."""
    follows = message["first"] == held["last"] + 1 and "bodies" in held and "bodies" in message
    if follows:
        held["bodies"] = held["bodies"] + message["bodies"]
    if not follows or sum(map(len, held["bodies"])) > INLINE_CHARACTERS:
        held.pop("bodies", None)
    held["first"] = min(held["first"], message["first"])
    held["last"] = max(held["last"], message["last"])


def _send(send: Callable[[Message], None], seconds: float) -> None:
    """What the thread does: again and again, until nothing has come."""
    global _thread
    while True:
        sleep(seconds)
        with _lock:
            messages = list(_held.values())
            _held.clear()
            if not messages:
                _thread = None
                return
        for message in messages:
            send(message)


def _start_over() -> None:
    """After a fork: the thread, and what it holds, are the parent's, and it may hold the lock."""
    global _lock, _pid, _thread, _held
    _lock, _pid, _thread, _held = threading.Lock(), os.getpid(), None, {}
