"""
Whether the people behind many sockets are still signed in, with few queries for all of them.

All of it touches the database, and is called in a thread.
"""

import logging
from importlib import import_module
from typing import Any, Callable, Dict, Iterable, List, Optional, Set

from django.conf import settings
from django.db import DataError, Error, close_old_connections
from django.utils.crypto import constant_time_compare

from .. import close_codes
from .._throttle import Throttle

logger = logging.getLogger(__name__)
_throttle = Throttle()

# Of one query; SQLite takes 999 parameters.
BATCH = 500


class HalfChecked(Exception):
    """The database failed the consumers; `codes` has what is known without their answers."""

    def __init__(self, codes: Dict[Any, int]) -> None:
        super().__init__("the database did not answer consumers")
        self.codes = codes


def answer(otherwise: Any, ask: Callable[..., Any], *arguments: Any) -> Any:
    """
    What ask() says; `otherwise`, and a traceback in the log, where it raises.

    A site's own check that fails for one socket must not keep the others from being checked. What
    the database raises is passed on: nobody has to go because it does not answer.
    """
    try:
        return ask(*arguments)
    except Exception as error:
        # Of DataError the arguments are the cause.
        if isinstance(error, Error) and not isinstance(error, DataError):
            raise
        name = getattr(ask, "__qualname__", ask)
        _throttle.log(logger.exception, "%s() failed, which closes the socket", name)
        return otherwise


def session_key(session: Any) -> Optional[str]:
    """The key of a session with a user in it; None for any other, and for None."""
    from django.contrib.auth import SESSION_KEY

    # One that nobody has looked at is not where the user comes from.
    if session is None or not session.accessed or SESSION_KEY not in session:
        return None
    return session.session_key


def ask(sockets: Iterable[Any]) -> Dict[Any, int]:
    """
    {socket: close code} of those of the OpenSockets that must be closed.

    Raises what the database does; HalfChecked, when it did so to consumers only.
    """
    close_old_connections()
    try:
        return codes(sockets)
    finally:
        close_old_connections()


def codes(sockets: Iterable[Any]) -> Dict[Any, int]:
    """ask() in a thread whose connections somebody else looks after."""
    found = {}
    consumers: Dict[Any, List[Any]] = {}  # class → [(consumer, user)]
    sockets_of = {}
    users = users_now(sockets)
    for socket in sockets:
        user, consumer = users[socket], socket.consumer  # may end meanwhile
        if user is None:
            found[socket] = close_codes.SIGNED_OUT
        elif consumer is not None:
            consumers.setdefault(type(consumer), []).append((consumer, user))
            sockets_of[consumer] = socket
    failure = None
    for kind, members in consumers.items():
        all_of_them = {consumer: close_codes.FORBIDDEN for consumer, _ in members}
        try:
            said = answer(all_of_them, kind.dismissals, members)
        except Error as error:
            failure = error
            continue
        found.update((sockets_of[c], code) for c, code in said.items() if c in sockets_of)
    if failure is not None:
        raise HalfChecked(found) from failure
    return found


def users_now(sockets: Iterable[Any]) -> Dict[Any, Any]:
    """{socket: its user as of now}: None for one who is not signed in any more."""
    sessions = sessions_now({s.session_key for s in sockets if s.session_key is not None})
    # Who came with something else than a session (a token, say) is looked up by key.
    others = {s.user.pk for s in sockets if s.session_key is None and s.user.is_authenticated}
    by_session = users_of_sessions(sessions)
    by_key = {pk: user for pk, user in users_by_key(others).items() if user.is_active}
    found = {}
    for socket in sockets:
        if socket.session_key is not None:
            found[socket] = by_session.get(socket.session_key)
        elif socket.user.is_authenticated:
            found[socket] = by_key.get(socket.user.pk)
        else:
            found[socket] = socket.user
    return found


def sessions_now(keys: Set[str]) -> Dict[str, Dict[str, Any]]:
    """{key: data} of the sessions that exist and have not expired."""
    from django.contrib.sessions.backends import cache, cached_db, db

    store = import_module(settings.SESSION_ENGINE).SessionStore
    found = {}
    if store.load is db.SessionStore.load:
        from django.utils import timezone

        model, decode = store.get_model_class(), store().decode
        for some in batches(keys):
            rows = model.objects.filter(session_key__in=some, expire_date__gt=timezone.now())
            for key, data in rows.values_list("session_key", "session_data"):
                found[key] = decode(data)
        return found
    if store.load in (cache.SessionStore.load, cached_db.SessionStore.load):
        prefix = store.cache_key_prefix
        for some in batches(keys):
            answers = store()._cache.get_many([prefix + key for key in some])
            found.update((key[len(prefix) :], data) for key, data in answers.items() if data)
    # One at a time, but once for all sockets of a session.
    for key in keys.difference(found):
        found[key] = store(key).load()
    return found


def users_of_sessions(sessions: Dict[str, Dict[str, Any]]) -> Dict[str, Any]:
    """{session key: user} for {session key: data}, as django.contrib.auth.get_user() decides."""
    from django.contrib.auth import (
        BACKEND_SESSION_KEY,
        HASH_SESSION_KEY,
        SESSION_KEY,
        get_user_model,
        load_backend,
    )
    from django.contrib.auth.backends import ModelBackend

    to_python = get_user_model()._meta.pk.to_python
    wanted: Dict[Any, Dict[str, Any]] = {}  # path of a backend → {session key: user's key}
    for key, data in sessions.items():
        path = data.get(BACKEND_SESSION_KEY)
        if SESSION_KEY in data and path in settings.AUTHENTICATION_BACKENDS:
            pk = answer(None, to_python, data[SESSION_KEY])
            if pk is not None:
                wanted.setdefault(path, {})[key] = pk
    found = {}
    for path, keys in wanted.items():
        backend = load_backend(path)
        if type(backend).get_user is ModelBackend.get_user:
            users = users_by_key(set(keys.values()))
            users = {pk: u for pk, u in users.items() if backend.user_can_authenticate(u)}
        else:
            users = {pk: answer(None, backend.get_user, pk) for pk in set(keys.values())}
        for key, pk in keys.items():
            user = users.get(pk)
            if user is None:
                continue
            if hasattr(user, "get_session_auth_hash"):
                kept = sessions[key].get(HASH_SESSION_KEY) or ""
                if not constant_time_compare(kept, user.get_session_auth_hash()):
                    continue  # another password since
            found[key] = user
    return found


def users_by_key(keys: Iterable[Any]) -> Dict[Any, Any]:
    """{primary key: user} of those that exist."""
    from django.contrib.auth import get_user_model

    manager = get_user_model()._default_manager
    found: Dict[Any, Any] = {}
    for some in batches(keys):
        found.update((user.pk, user) for user in manager.filter(pk__in=some))
    return found


def batches(keys: Iterable[Any]) -> List[List[Any]]:
    """Lists of up to BATCH of the keys."""
    keys = list(keys)
    return [keys[start : start + BATCH] for start in range(0, len(keys), BATCH)]
