"""Pages while the database does not answer, and addresses with numbers that it cannot hold."""

import contextlib

import pytest
from django.core import signals
from django.db import DataError, InterfaceError, OperationalError, connection, connections
from django.test import Client, RequestFactory

from deploy import errors, lifecycle
from tests.support.records import make_service, make_user

HUGE = 10**25


@pytest.fixture
def admin(db):
    client = Client()
    client.store_exc_info = lambda **_: None  # an answer, not the exception
    client.force_login(make_user("root", superuser=True))
    return client


@pytest.mark.parametrize(
    "path",
    [
        "/admin/deploy/deployment/?queued_at__year=99999",
        "/admin/deploy/deployment/?queued_at__year=-5",
        "/admin/deploy/deployment/?queued_at__month=%d" % HUGE,
        "/admin/deploy/deployment/?queued_at__gte=99999-01-01",
        "/admin/deploy/deployment/?id__exact=%d" % HUGE,
        "/admin/deploy/deployment/?service__id__exact=%d" % HUGE,
        "/admin/deploy/deployment/?service__id__exact=-%d" % HUGE,
        "/admin/deploy/deployment/?q=%d" % HUGE,
        "/admin/deploy/deployment/%d/change/" % HUGE,
        "/admin/deploy/deployment/-%d/change/" % HUGE,
        "/admin/deploy/deployment/%d/history/" % HUGE,
        "/admin/deploy/service/%d/change/" % HUGE,
        "/admin/deploy/service/%d/delete/" % HUGE,
        "/admin/auth/user/%d/password/" % HUGE,
        "/admin/auth/user/%d/change/" % (2**63),
        "/admin/r/%d/%d/" % (HUGE, HUGE),
        "/services/?page=%d" % HUGE,
        "/services/web/?page=%d" % HUGE,
        "/deployments/%d/" % HUGE,
    ],
)
def test_no_number_in_an_address_is_too_large_to_be_answered(admin, path):
    lifecycle.enqueue(make_service(), make_user())
    assert admin.get(path).status_code in (200, 302, 400, 404), path


def test_what_is_not_beyond_is_answered_as_ever(admin):
    deployment, _ = lifecycle.enqueue(make_service(), make_user())
    for query in ("", "?queued_at__year=%d" % deployment.queued_at.year, "?q=%d" % deployment.pk):
        page = admin.get("/admin/deploy/deployment/" + query).content.decode()
        assert "1 deployment" in page
    assert "<h1>Deployments</h1>" in page and "to change" not in page
    page = admin.get(f"/admin/deploy/deployment/{deployment.pk}/change/").content.decode()
    assert "<h1>Deployment</h1>" in page and "Change deployment" not in page


def postgresql_error(kind, code):
    class Cause(Exception):
        pgcode = code

    error = kind("it says so")
    error.__cause__ = Cause()
    return error


@pytest.mark.parametrize(
    "error, outage",
    [
        (OperationalError("database is locked"), True),
        (OperationalError("database table is locked: deploy_service"), True),
        (OperationalError("unable to open database file"), True),
        (OperationalError("no such table: deploy_service"), False),
        (OperationalError(2006, "MySQL server has gone away"), True),
        (OperationalError(1205, "Lock wait timeout exceeded"), True),
        (OperationalError(1054, "Unknown column"), False),
        (InterfaceError("connection already closed"), True),
        (postgresql_error(OperationalError, None), True),
        (postgresql_error(OperationalError, "57P03"), True),
        (postgresql_error(OperationalError, "40P01"), True),
        (postgresql_error(OperationalError, "42P01"), False),
        (DataError("value too long"), False),
        (ValueError("database is locked"), False),
    ],
)
def test_what_counts_as_an_outage(error, outage):
    assert errors.is_outage(error) is outage


@pytest.mark.parametrize(
    "error, beyond",
    [
        (OverflowError("Python int too large to convert to SQLite INTEGER"), True),
        (ValueError("year 99999 is out of range"), True),
        (DataError("bigint out of range"), True),
        (DataError('value "99" is out of range for type integer'), True),
        (ValueError("not enough values to unpack"), False),
        (KeyError("year 99999 is out of range"), False),
    ],
)
def test_what_counts_as_beyond(error, beyond):
    assert errors.is_beyond(error) is beyond


@contextlib.contextmanager
def locked(path):
    import sqlite3

    other = sqlite3.connect(path, isolation_level=None, timeout=60)
    other.execute("PRAGMA locking_mode=EXCLUSIVE")
    other.execute("BEGIN EXCLUSIVE")
    try:
        yield
    finally:
        other.execute("ROLLBACK")
        other.close()


def test_a_locked_database_is_503_and_says_when_to_come_again(site, caplog):
    service = make_service()
    client = Client()
    client.store_exc_info = lambda **_: None  # an answer, not the exception
    client.force_login(make_user("root", superuser=True))
    path = connections.databases["default"]["NAME"]
    connections.databases["default"]["OPTIONS"] = {"timeout": 0.1}
    connection.close()
    signals.request_started.send(None)  # the test client closes no connections
    with locked(path):
        for action in (
            lambda: client.post("/services/web/start/"),
            lambda: client.post("/accounts/login/", {"username": "x", "password": "y"}),
            lambda: client.post("/accounts/logout/"),
        ):
            answer = action()
            assert answer.status_code == 503, answer
            assert answer["Retry-After"] == "5" and answer["Cache-Control"] == "no-store"
            page = answer.content.decode()
            assert "The database does not answer" in page and '<header class="bar">' in page
    assert "'/services/web/start/': the database does not answer: database is locked" in caplog.text
    assert client.post("/services/web/start/").status_code == 302
    assert service.deployments.count() == 1


def test_a_fault_is_500_with_a_header(admin, monkeypatch):
    def fail(*args):
        raise OperationalError("no such table: x")

    monkeypatch.setattr("deploy.views.visible_services", fail)
    answer = admin.get("/")
    page = answer.content.decode()
    assert answer.status_code == 500 and "Something broke" in page
    assert '<header class="bar">' in page


def test_the_page_of_a_form_that_had_expired_has_a_header(admin):
    client = Client(enforce_csrf_checks=True)
    page = client.post("/accounts/login/", {}).content.decode()
    assert "reload the page" in page and '<header class="bar">' in page


@pytest.mark.parametrize("method, status", [("get", 404), ("head", 404), ("post", None)])
def test_what_was_to_be_kept_and_did_not_fit_is_a_fault(method, status):
    error = OverflowError("Python int too large to convert to SQLite INTEGER")
    answer = errors.answer(getattr(RequestFactory(), method)("/"), error)
    assert (answer and answer.status_code) == status
