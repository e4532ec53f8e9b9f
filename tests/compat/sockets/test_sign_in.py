"""Handshakes that arrive together are looked up together, and each gets its own answer."""

import asyncio
import datetime
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import websocket
from django.contrib.auth import (
    BACKEND_SESSION_KEY,
    HASH_SESSION_KEY,
    SESSION_KEY,
    get_user_model,
)
from django.contrib.auth.backends import ModelBackend
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.db import DataError, OperationalError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from compat.sockets import guard, sign_in
from tests.support.records import make_user


def session_of(user):
    client = Client()
    client.force_login(user)
    return client.cookies["sessionid"].value


def expired(user):
    key = session_of(user)
    past = timezone.now() - datetime.timedelta(seconds=1)
    Session.objects.filter(session_key=key).update(expire_date=past)
    return key


def another_password(user):
    key = session_of(user)
    user.set_password("another")
    user.save()
    return key


def deleted(user):
    key = session_of(user)
    user.delete()
    return key


def deactivated(user):
    key = session_of(user)
    get_user_model().objects.filter(pk=user.pk).update(is_active=False)
    return key


def no_number(user):
    session = SessionStore()
    session[SESSION_KEY], session[BACKEND_SESSION_KEY] = "no number", BACKEND
    session.create()
    return session.session_key


BACKEND = "django.contrib.auth.backends.ModelBackend"
# How a session is made, and whether it is there afterwards; the user is in the first one only.
KINDS = {
    "good": (session_of, True),
    "expired": (expired, False),
    "password": (another_password, False),
    "deleted": (deleted, True),
    "deactivated": (deactivated, True),
    "unknown": (lambda user: "0123456789abcdef0123456789abcdef", False),
    "short": (lambda user: "x", False),
    "none": (lambda user: None, False),
}


def who(server, key):
    """What the consumer tells, or the status of the refusal."""
    try:
        socket = server.open("/who/", key and "sessionid=" + key)
    except websocket.WebSocketBadStatusException as refused:
        return refused.status_code
    return socket.recv()


def test_each_of_many_that_arrive_together_is_who_it_is(serve, site):
    """And the database is away for a while: who is there stays, who comes is told so."""
    keys = {name: make(make_user(name)) for name, (make, _) in KINDS.items()}
    expected = {
        name: "%s %s" % (name if name == "good" else "nobody", keys[name] if there else None)
        for name, (_, there) in KINDS.items()
    }
    broken = no_number(None)
    with serve(failing=True) as server:
        with ThreadPoolExecutor(27) as threads:
            one = threads.submit(who, server, broken)
            for _ in range(3):
                asked = {name: threads.submit(who, server, key) for name, key in keys.items()}
                assert {name: told.result() for name, told in asked.items()} == expected
            assert one.result() == 500  # and nobody else
        # As Django does it: the session of another password is no more.
        assert not Session.objects.filter(session_key=keys["password"]).exists()

        echo = server.open("/echo/", "sessionid=" + keys["good"])
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE django_session RENAME TO away")
        with ThreadPoolExecutor(8) as threads:
            told = list(threads.map(lambda _: who(server, keys["good"]), range(8)))
        assert told == [500] * 8
        echo.send("still here")
        assert echo.recv() == "still here"
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE away RENAME TO django_session")
        assert who(server, keys["good"]) == expected["good"]


def test_two_queries_for_all(site):
    users = [make_user("reader%d" % number) for number in range(20)]
    keys = [session_of(user) for user in users] + [session_of(users[0])]
    with CaptureQueriesContext(connection) as asked:
        found = sign_in.look_up(keys)
        assert [user.username for _, user in found] == [u.username for u in users] + ["reader0"]
        assert [session.session_key for session, _ in found] == keys
    assert len(asked) == 2
    # Of one user's two sockets each has its own: a site may keep something there.
    assert found[0][1] == found[-1][1] and found[0][1] is not found[-1][1]
    # The recheck goes by sessions that somebody has looked at.
    assert all(session.accessed and not session.modified for session, _ in found)


def test_a_session_that_vouches_for_nothing_is_nobodys(site, monkeypatch):
    """A user model whose hash is empty: django.contrib.auth lets nobody in then."""
    user = make_user("otto")
    key = session_of(user)
    assert sign_in.look_up([key])[0][1] == user
    session = SessionStore(key)
    session[HASH_SESSION_KEY] = ""
    session.save()
    monkeypatch.setattr(type(user), "get_session_auth_hash", lambda self: "")
    ((session, found),) = sign_in.look_up([key])
    assert found.is_anonymous and session.session_key is None


class Backend(ModelBackend):
    """A site's own, that knows users by other means."""

    def get_user(self, key):
        return super().get_user(key)


def test_a_backend_of_the_site_looks_up_alone(site, settings):
    path = "%s.Backend" % __name__
    settings.AUTHENTICATION_BACKENDS = [path, BACKEND]
    user = make_user("otto")
    client = Client()
    client.force_login(user, backend=path)
    (_, found), (_, plain) = sign_in.look_up([client.cookies["sessionid"].value, session_of(user)])
    assert found is sign_in.ALONE
    assert plain in (user, sign_in.ALONE)  # force_login() takes the first backend


def test_other_sessions_are_channels_own_affair(site, settings):
    middleware = guard(object).inner.inner
    assert isinstance(middleware, sign_in.SignIn)
    assert sign_in.is_known(settings.SESSION_ENGINE)
    assert not sign_in.is_known("django.contrib.sessions.backends.signed_cookies")
    assert not sign_in.is_known("django.contrib.sessions.backends.cached_db")


@pytest.fixture
def batches(monkeypatch):
    """sign_in() with look_up replaced by the test's; each call of it is in a thread."""

    def start(look_up, keys, before=lambda number: None):
        monkeypatch.setattr(sign_in, "look_up", look_up)

        async def main():
            made = sign_in.Batches()
            tasks = []
            for number, key in enumerate(keys):
                tasks.append(asyncio.ensure_future(made.sign_in(key)))
                waited = before(number)
                if waited is not None:
                    await waited
            return await asyncio.gather(*tasks, return_exceptions=True)

        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        try:
            return loop.run_until_complete(asyncio.wait_for(main(), 30))
        finally:
            asyncio.set_event_loop(None)
            loop.close()

    return start


def test_those_of_one_turn_go_together_and_keep_their_order(batches):
    calls = []

    def look_up(keys):
        calls.append(keys)
        return [(key, None) for key in keys]

    keys = [str(number) for number in range(40)]
    assert batches(look_up, keys) == [(key, None) for key in keys]
    assert calls == [keys]


def test_who_waits_for_a_slow_answer_keeps_nobody_else(batches):
    go, began = threading.Event(), threading.Event()

    def look_up(keys):
        if "slow" in keys:
            began.set()
            assert go.wait(20)
        else:
            go.set()  # only another batch lets the first one end
        return [(key, None) for key in keys]

    def before(number):
        if number == 0:  # the first one has begun
            return asyncio.get_event_loop().run_in_executor(None, began.wait, 20)
        return None

    assert batches(look_up, ["slow", "quick"], before) == [("slow", None), ("quick", None)]


def test_an_error_of_one_is_its_own(batches):
    def look_up(keys):
        if "odd" in keys:
            raise DataError("what the database refuses")
        return [(key, None) for key in keys]

    first, odd, last = batches(look_up, ["first", "odd", "last"])
    assert (first, last) == (("first", None), ("last", None))
    assert isinstance(odd, DataError)


def test_a_connection_that_broke_while_it_was_idle_is_renewed(batches):
    calls = []

    def look_up(keys):
        calls.append(keys)
        if len(calls) == 1:
            raise OperationalError("server closed the connection unexpectedly")
        return [(key, None) for key in keys]

    assert batches(look_up, ["a", "b"]) == [("a", None), ("b", None)]
    assert calls == [["a", "b"]] * 2


def test_a_database_that_is_away_is_asked_twice_at_most(batches):
    calls = []

    def look_up(keys):
        calls.append(keys)
        raise OperationalError("connection refused")

    assert [type(one) for one in batches(look_up, ["a", "b"])] == [OperationalError] * 2
    assert len(calls) == 2
