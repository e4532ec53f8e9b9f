"""Who is signed out, or may not stay, is disconnected; over a real daphne and a real Redis."""

import asyncio
import datetime
import os

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.models import Session
from django.core.exceptions import ObjectDoesNotExist
from django.db import DataError, OperationalError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from compat._throttle import Throttle
from compat.sockets import session_check
from compat.sockets.consumer import RecheckMixin
from compat.sockets.recheck import OpenSocket, Recheck
from compat.streams import publish_many
from tests.compat.sockets.visitors import Visitor
from tests.support.records import make_user
from tests.support.wait import wait_until
from tests.support.websockets import close_code, until_gone

GROUP = "asgi::group:sockets.logout"


def echoes(socket):
    socket.send("still here")
    return socket.recv() == "still here"


@pytest.mark.parametrize("path", ["/echo/", "/sync/", "/news/"])
def test_a_logout_closes_the_sockets_of_its_session_at_once(serve, redis, ann, path):
    """Of a consumer that knows nothing of it, too; the next round is an hour away."""
    ann.allow()
    elsewhere = Client()
    elsewhere.force_login(ann.user)
    redis.say("DEL", GROUP)
    with serve(SOCKETS_RECHECK_SECONDS=3600) as server:
        tabs = [server.open(path, ann.cookie) for _ in range(2)]
        other = server.open("/echo/", "sessionid=" + elsewhere.cookies["sessionid"].value)
        wait_until(lambda: redis.say("EXISTS", GROUP) == 1, what="its membership")
        assert ann.client.post("/accounts/logout/").status_code == 302
        assert [close_code(tab) for tab in tabs] == [4501, 4501]
        assert echoes(other)
    # A daphne that ends is not a member any more.
    assert redis.say("EXISTS", GROUP) == 0


def test_what_comes_after_the_end_does_not_reach_the_consumer(serve, ann):
    """A client that has read the close frame sends on; the bucket of messages is full."""
    other = Visitor("otto")
    with serve(SOCKETS_RECHECK_SECONDS=3600) as server:
        member = server.open("/member/", other.cookie)
        talker, second = server.open("/talker/", ann.cookie), server.open("/talker/", other.cookie)
        talker.send("before")
        assert member.recv() == "before"
        ann.client.post("/accounts/logout/")
        assert close_code(talker) == 4501
        for _ in range(3):
            talker.send("after")
        until_gone(talker)
        second.send("of another")
        assert member.recv() == "of another"


def expire(user):
    Session.objects.update(expire_date=timezone.now() - datetime.timedelta(seconds=1))


def change_password(user):
    user.set_password("another")
    user.save()


ENDS = {
    "logout without a word": (lambda user: Session.objects.all().delete(), 4501),
    "expired": (expire, 4501),
    "deactivated": (lambda user: get_user_model().objects.update(is_active=False), 4501),
    "removed": (lambda user: user.delete(), 4501),
    "password": (change_password, 4501),
    "permission": (lambda user: user.user_permissions.clear(), 4503),
}


@pytest.mark.parametrize("end", sorted(ENDS))
def test_what_a_round_finds(serve, ann, end):
    change, code = ENDS[end]
    ann.allow()
    with serve(SOCKETS_RECHECK_SECONDS=0.3) as server:
        news, echo = server.open("/news/", ann.cookie), server.open("/echo/", ann.cookie)
        assert b"live" in news.recv_data()[1]
        assert echoes(echo)
        change(ann.user)
        # A round that has just read the user finds that the permissions went along.
        assert close_code(news) in ((4501, 4503) if end == "removed" else (code,))
        if code == 4501:
            assert close_code(echo) == 4501
        else:
            assert echoes(echo)


def test_rounds_go_on_after_the_database_did_not_answer(serve, ann, tmp_path):
    """Nobody is disconnected for that, and nobody is forgotten."""

    def said(text):
        with open(os.path.join(str(tmp_path), "daphne.log")) as log:
            return text in log.read()

    with serve(SOCKETS_RECHECK_SECONDS=0.2) as server:
        echo = server.open("/echo/", ann.cookie)
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE django_session RENAME TO away")
        wait_until(lambda: said("open sockets cannot be checked"), what="a complaint")
        assert echoes(echo)
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE away RENAME TO django_session")
        Session.objects.all().delete()
        assert close_code(echo) == 4501


def test_a_reader_that_does_not_read_is_closed_behind_the_guard(serve, ann, tmp_path):
    """channels' session middleware and the guard wrap what tells how much a client has taken."""
    publish_many("news", ["x" * 1000] * 20000)
    ann.allow()
    with serve(STREAMS_SLOW_SECONDS=1, STREAMS_SLOW_BYTES=100000) as server:
        stuck = server.open("/news/", ann.cookie)

        def closed():
            with open(os.path.join(str(tmp_path), "daphne.log")) as log:
                return "that is stuck at" in log.read()

        wait_until(closed, what="the closing of the stuck reader")
        stuck.shutdown()


# What a round costs and decides, on the database alone.


def opened(user, session=None):
    found = OpenSocket(None)
    found.user, found.session_key = user, session
    return found


def sign_in(user):
    client = Client()
    client.force_login(user)
    return client.session.session_key


def test_a_round_asks_a_few_queries_for_all_sockets(site):
    users = [make_user("user%d" % number) for number in range(40)]
    sessions = [(user, sign_in(user)) for user in users]
    sockets = [opened(*session) for session in sessions for _ in range(30)]
    with CaptureQueriesContext(connection) as captured:
        assert session_check.codes(sockets) == {}
    assert len(captured) == 2  # sessions, users
    Session.objects.filter(pk=sockets[0].session_key).delete()
    assert session_check.codes(sockets) == dict.fromkeys(sockets[:30], 4501)


ENGINES = ["db", "cache", "cached_db", "file", "signed_cookies"]


@pytest.mark.parametrize("engine", ENGINES)
def test_each_place_for_sessions(site, settings, tmp_path, engine):
    settings.SESSION_ENGINE = "django.contrib.sessions.backends." + engine
    settings.SESSION_FILE_PATH = str(tmp_path)
    user = make_user("vera")
    client = Client()
    client.force_login(user)
    key = client.session.session_key
    sockets = [opened(user, key), opened(user, key)]
    assert session_check.codes(sockets) == {}
    if engine != "signed_cookies":  # nothing on the server knows of a logout
        client.session.flush()
        assert session_check.codes(sockets) == dict.fromkeys(sockets, 4501)
    user.is_active = False
    user.save()
    assert session_check.codes(sockets) == dict.fromkeys(sockets, 4501)


def test_who_came_without_a_session(site):
    ann, bob = site.user, make_user("bob")
    sockets = [opened(ann), opened(bob), opened(AnonymousUser())]
    assert session_check.codes(sockets) == {}
    bob.is_active = False
    bob.save()
    assert session_check.codes(sockets) == {sockets[1]: 4501}


class Doorkeeper(ModelBackend):
    """A backend that looks at more than the model does."""

    closed = False

    def get_user(self, user_id):
        return None if Doorkeeper.closed else super().get_user(user_id)


def test_a_backend_of_the_site_decides_for_its_users(site, settings, monkeypatch):
    settings.AUTHENTICATION_BACKENDS = [__name__ + ".Doorkeeper"]
    socket = opened(site.user, sign_in(site.user))
    assert session_check.codes([socket]) == {}
    monkeypatch.setattr(Doorkeeper, "closed", True)
    assert session_check.codes([socket]) == {socket: 4501}
    settings.AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend"]
    assert session_check.codes([socket]) == {socket: 4501}  # not a backend of this site any more


# A check of the site's own that fails is about its own sockets only.


@pytest.fixture(autouse=True)
def every_line_is_logged(monkeypatch):
    monkeypatch.setattr(session_check, "_throttle", Throttle(0))


class Failing(RecheckMixin):
    error = ObjectDoesNotExist("no profile")

    def may_stay(self, user):
        raise self.error


class Strict(RecheckMixin):
    def may_stay(self, user):
        return user.username != "eve"


class AllAtOnce(RecheckMixin):
    @classmethod
    def dismissals(cls, members):
        raise ObjectDoesNotExist("no profile")


def opened_by(kind, user):
    socket = opened(user, sign_in(user))
    socket.consumer = kind()
    return socket


@pytest.fixture
def others(site):
    """(sockets, the codes of those of them that must be closed)."""
    gone, eve = make_user("gone"), make_user("eve")
    sockets = [opened_by(Strict, user) for user in (gone, eve, site.user)]
    get_user_model().objects.filter(pk=gone.pk).update(is_active=False)
    return sockets, {sockets[0]: 4501, sockets[1]: 4503}


@pytest.mark.parametrize("kind", [Failing, AllAtOnce])
def test_a_consumer_whose_check_raises_is_closed_alone(others, caplog, kind):
    sockets, closed = others
    bad = opened_by(kind, make_user("bad"))
    assert session_check.codes([bad] + sockets) == {bad: 4503, **closed}
    assert "no profile" in caplog.text and "Traceback" in caplog.text


def test_data_that_the_database_refuses_is_like_any_other_error(others, monkeypatch):
    sockets, closed = others
    bad = opened_by(Failing, make_user("bad"))
    monkeypatch.setattr(Failing, "error", DataError("integer out of range"))
    assert session_check.codes([bad] + sockets) == {bad: 4503, **closed}


def test_a_database_that_fails_a_consumer_closes_nobody_for_that(others, monkeypatch):
    sockets, closed = others
    bad = opened_by(Failing, make_user("bad"))
    error = OperationalError("no such table: profile")
    monkeypatch.setattr(Failing, "error", error)
    with pytest.raises(session_check.HalfChecked) as caught:
        session_check.codes([bad] + sockets)
    assert caught.value.codes == closed and caught.value.__cause__ is error


class Moody(ModelBackend):
    def get_user(self, user_id):
        user = super().get_user(user_id)
        if user is not None and user.username == "bad":
            raise ObjectDoesNotExist("no profile")
        return user


def test_a_backend_that_raises_for_one_user(others, settings, caplog):
    settings.AUTHENTICATION_BACKENDS = [__name__ + ".Moody"]
    bad, gone, fine = [make_user(name + "2") for name in ("bad", "gone", "fine")]
    get_user_model().objects.filter(pk=bad.pk).update(username="bad")
    sockets = [opened(user, sign_in(user)) for user in (bad, gone, fine)]
    gone.set_password("another")
    gone.save()
    assert session_check.codes(sockets) == dict.fromkeys(sockets[:2], 4501)
    assert "no profile" in caplog.text and "Traceback" in caplog.text


def test_a_session_with_a_key_that_is_none(site):
    """From before a site changed its model of users, say."""
    client = Client()
    client.force_login(site.user)
    session = client.session
    session["_auth_user_id"] = "ec7e7ea6"
    session.save()
    fine, old = opened(site.user, sign_in(site.user)), opened(site.user, session.session_key)
    assert session_check.codes([old, fine]) == {old: 4501}


class Passing(RecheckMixin):
    passed = 0

    def rechecked(self):
        Passing.passed += 1
        raise ObjectDoesNotExist("no profile")


def test_a_round_closes_whom_it_can(monkeypatch):
    """Also after a consumer's rechecked() that raises, and when half of it could not be asked."""
    closed = []

    class Round(Recheck):
        def __init__(self, loop, sockets):
            self.loop, self.thread, self.sockets = loop, None, sockets
            self.throttle = Throttle()

        def dismiss(self, socket, code):
            closed.append((socket, code))

    good, bad = opened(None), opened(None)
    good.consumer = Passing()
    loop = asyncio.new_event_loop()
    good.recheck = one = Round(loop, [good, bad])

    def half(sockets):
        raise session_check.HalfChecked({bad: 4501}) from OperationalError("gone")

    try:
        monkeypatch.setattr(session_check, "ask", lambda sockets: {bad: 4501})
        loop.run_until_complete(one.check())
        assert closed == [(bad, 4501)] and Passing.passed == 1
        monkeypatch.setattr(session_check, "ask", half)
        with pytest.raises(OperationalError):  # it is made again soon
            loop.run_until_complete(one.check())
        assert closed == [(bad, 4501)] * 2 and Passing.passed == 1
    finally:
        loop.close()
