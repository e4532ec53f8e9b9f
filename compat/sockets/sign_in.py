"""
Sessions and users of handshakes that arrive together: two queries and one thread for all of them.

channels' AuthMiddlewareStack goes into a thread twice for each, and opens a connection to the
database there. This is for sessions in the database and users of Django's own backend; for any
others it is channels' stack that runs.
"""

import asyncio
import copy
import time
import weakref
from importlib import import_module
from typing import Any, Callable, Dict, List, Optional, Tuple

from django.conf import settings
from django.db import InterfaceError, OperationalError

from . import interface
from .session_check import BATCH, users_by_key

# While one is looked up the next ones gather. One that takes longer than so many seconds, and who
# is in it, keeps nobody waiting: as many may run.
PATIENCE = 0.05
RUNNING = 4
# A connection that broke while it was idle says so at once; then another one is asked.
AT_ONCE = 1.0

ALONE: Any = object()  # a user whom only a backend of the site's own can look up


class SignIn(interface.Middleware):
    """ASGI middleware that puts "cookies", "session" and "user" into the scope."""

    def __init__(self, behind: Callable[..., Any]) -> None:
        from channels.auth import AuthMiddlewareStack
        from channels.sessions import CookieMiddleware

        self.inner = AuthMiddlewareStack(behind)
        self.behind = behind
        self.with_cookies = CookieMiddleware(self.of)
        self.batches: Any = weakref.WeakKeyDictionary()  # event loop → Batches

    def instance(self, scope: Dict[str, Any]) -> interface.Instance:
        if "session" in scope or "user" in scope or not is_known(settings.SESSION_ENGINE):
            return interface.instance(self.inner, scope)
        found: interface.Instance = self.with_cookies(scope)
        return found

    def of(self, scope: Dict[str, Any]) -> interface.Instance:
        """The instance for a scope with cookies."""
        from channels.auth import UserLazyObject, get_user
        from django.utils.functional import LazyObject

        scope = dict(scope, session=LazyObject(), user=UserLazyObject())
        inner = interface.instance(self.behind, scope)

        async def run(receive: Any, send: Any) -> Any:
            key = scope["cookies"].get(settings.SESSION_COOKIE_NAME)
            session, user = await self.current().sign_in(key)
            scope["session"]._wrapped = session
            scope["user"]._wrapped = await get_user(scope) if user is ALONE else user
            return await inner(receive, send)

        return run

    def current(self) -> "Batches":
        loop = asyncio.get_event_loop()
        found: Optional[Batches] = self.batches.get(loop)
        if found is None:
            found = self.batches[loop] = Batches()
        return found


class Batches:
    """Who waits on one event loop, and what is looked up for them."""

    def __init__(self) -> None:
        self.waiting: List[Tuple[Optional[str], Any]] = []  # key of a session, a future
        self.running = 0
        self.began = 0.0

    async def sign_in(self, key: Optional[str]) -> Any:
        """(session, user) of a session's key, or of none; raises what the database does."""
        loop = asyncio.get_event_loop()
        future = loop.create_future()
        self.waiting.append((key, future))
        if not self.running:
            if len(self.waiting) == 1:
                loop.call_soon(self.start)  # with those whose handshakes are read in this turn
        elif loop.time() - self.began > PATIENCE:
            self.start()
        return await future

    def start(self) -> None:
        """Look up who waits, if that may begin."""
        if not self.waiting or self.running >= RUNNING:
            return
        batch, self.waiting = self.waiting[:BATCH], self.waiting[BATCH:]
        loop = asyncio.get_event_loop()
        self.running += 1
        self.began = loop.time()
        loop.create_task(self.run(batch))
        loop.call_later(PATIENCE, self.start)

    async def run(self, batch: List[Any]) -> None:
        try:
            await answer(batch)
        finally:
            self.running -= 1
            self.start()


async def answer(batch: List[Any], again: bool = True) -> None:
    """Give each future of [(key, future)] what it waits for, or the error."""
    from channels.db import database_sync_to_async

    began = time.monotonic()
    batch = [(key, future) for key, future in batch if not future.done()]
    try:
        found = await database_sync_to_async(look_up)([key for key, _ in batch])
    except (InterfaceError, OperationalError) as error:
        if again and time.monotonic() - began < AT_ONCE:
            await answer(batch, again=False)
            return
        found = [error] * len(batch)
    except Exception as error:  # of one of them: the others must not have it
        if len(batch) > 1:
            for one in batch:
                await answer([one])
            return
        found = [error]
    for (_, future), result in zip(batch, found):
        if future.done():
            continue
        if isinstance(result, Exception):
            future.set_exception(result)
        else:
            future.set_result(result)


def is_known(engine: str) -> bool:
    """Whether sessions are Django's own in the database, or a subclass' that reads them so."""
    from django.contrib.sessions.backends import db

    store = import_module(engine).SessionStore
    return bool(store.load is db.SessionStore.load)


def look_up(keys: List[Optional[str]]) -> List[Any]:
    """For each of the keys (session, user), (session, ALONE) or an exception. In a thread."""
    from django.utils import timezone

    store = import_module(settings.SESSION_ENGINE).SessionStore
    sessions = [store(key) for key in keys]
    wanted = {one.session_key for one in sessions if one.session_key}
    rows: Dict[str, str] = {}
    if wanted:
        model = store.get_model_class()
        there = model.objects.filter(session_key__in=wanted, expire_date__gt=timezone.now())
        rows = dict(there.values_list("session_key", "session_data"))
    for one in sessions:
        if one.session_key in rows:
            one._session_cache = one.decode(rows[one.session_key])
        else:
            one._session_key, one._session_cache = None, {}  # as load() leaves it
    return users_of(sessions)


def users_of(sessions: List[Any]) -> List[Any]:
    """What look_up() returns, for sessions that are loaded: django.contrib.auth decides so."""
    from django.contrib.auth import BACKEND_SESSION_KEY, SESSION_KEY, get_user_model, load_backend
    from django.contrib.auth.backends import ModelBackend
    from django.contrib.auth.models import AnonymousUser

    to_python = get_user_model()._meta.pk.to_python
    backends = {path: load_backend(path) for path in settings.AUTHENTICATION_BACKENDS}
    found: List[Any] = []
    wanted: Dict[int, Tuple[Any, Any]] = {}  # place → (primary key, backend)
    for place, session in enumerate(sessions):
        found.append((session, AnonymousUser()))
        backend = backends.get(session.get(BACKEND_SESSION_KEY))
        if SESSION_KEY not in session or backend is None:
            continue
        if type(backend).get_user is not ModelBackend.get_user:
            found[place] = (session, ALONE)
            continue
        try:
            wanted[place] = to_python(session[SESSION_KEY]), backend
        except Exception as error:  # of this session alone
            found[place] = error
    users = users_by_key({key for key, _ in wanted.values()})
    for place, (key, backend) in wanted.items():
        try:
            user = users.get(key)
            if user is not None and backend.user_can_authenticate(user):
                found[place] = (sessions[place], verified(sessions[place], user))
        except Exception as error:
            found[place] = error
    return found


def verified(session: Any, user: Any) -> Any:
    """A user of this socket's own; nobody, and no session, where the password is another since."""
    from django.contrib.auth import HASH_SESSION_KEY
    from django.contrib.auth.models import AnonymousUser
    from django.utils.crypto import constant_time_compare

    if hasattr(user, "get_session_auth_hash"):
        kept = session.get(HASH_SESSION_KEY) or ""
        if not kept or not constant_time_compare(kept, user.get_session_auth_hash()):
            session.flush()
            return AnonymousUser()
    user = copy.copy(user)
    user._state = copy.copy(user._state)
    return user
