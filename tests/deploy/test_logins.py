"""Guessing passwords: what is looked at, what is not, and what is logged."""

import concurrent.futures
import threading
import time
import types

import pytest
from django.contrib.auth import authenticate
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.core import signing
from django.db import connection
from django.test import Client

from deploy import logins
from deploy.models import LoginBudget
from tests.support.records import make_user

pytestmark = pytest.mark.django_db
LOGIN = "/accounts/login/"


class Visitor:
    """A browser at some address, and what answers it."""

    def __init__(self, address="10.1.1.1"):
        self.client = Client(REMOTE_ADDR=address)

    def log_in(self, name="ann", password="wrong", path=LOGIN):
        return self.client.post(path, {"username": name, "password": password})

    def guess(self, count, name="ann", path=LOGIN):
        return [self.log_in(name, path=path).status_code for _ in range(count)]


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    """A clock that stands still until a test moves it."""

    class Clock:
        now = 1000000.0

        def time(self):
            return self.now

    clock = Clock()
    monkeypatch.setattr(logins, "time", clock)
    return clock


@pytest.fixture
def ann():
    return make_user("ann", superuser=True)


@pytest.fixture
def hashed(monkeypatch):
    """The passwords that a hash was spent on."""
    passwords = []
    stock = PBKDF2PasswordHasher.encode

    def encode(self, password, salt, iterations=None):
        passwords.append(password)
        return stock(self, password, salt, iterations)

    monkeypatch.setattr(PBKDF2PasswordHasher, "encode", encode)
    return passwords


@pytest.mark.parametrize("path", [LOGIN, "/admin/login/"])
def test_a_guesser_is_stopped_before_a_hash_is_spent(ann, hashed, clock, path):
    guesser = Visitor()
    assert guesser.guess(12, path=path) == [200] * 10 + [429] * 2
    assert len(hashed) == 10
    answer = guesser.log_in("ann", "ann", path)
    assert answer.status_code == 429 and answer["Retry-After"] == "30"
    assert "Try again in 30 seconds" in answer.content.decode()
    assert "no-store" in answer["Cache-Control"]
    assert len(hashed) == 10
    clock.now += 30
    assert guesser.guess(2, path=path) == [200, 429]
    clock.now += 30
    assert guesser.log_in("ann", "ann", path).status_code == 302


def test_one_address_with_many_names_and_one_name_from_many_addresses(ann, hashed):
    spray = Visitor("10.2.2.2")
    assert [spray.log_in("name%d" % n).status_code for n in range(11)] == [200] * 10 + [429]
    spread = [Visitor("10.3.3.%d" % n).log_in("bob").status_code for n in range(11)]
    assert spread == [200] * 10 + [429]
    # Nobody else is stopped.
    assert Visitor("10.4.4.4").log_in("ann", "ann").status_code == 302


def test_spellings_of_a_name_and_addresses_of_one_customer_are_one(ann):
    for number, name in enumerate(["ann", " ann ", "ANN", "ａnn", "Ann"] * 2):
        assert Visitor("10.5.5.%d" % number).log_in(name).status_code == 200
    assert Visitor("10.5.6.1").log_in("ann").status_code == 429
    for number in range(10):
        assert Visitor("2001:db8::%x" % number).log_in("n%d" % number).status_code == 200
    assert Visitor("2001:db8::ffff").log_in("other").status_code == 429
    assert Visitor("2001:db8:0:1::1").log_in("other").status_code == 200


def test_right_passwords_cost_nothing(ann):
    for _ in range(25):
        assert Visitor().log_in("ann", "ann").status_code == 302
    assert Visitor().guess(10) == [200] * 10


def test_who_has_logged_in_there_before_is_not_locked_out_by_strangers(ann):
    owner = Visitor("10.6.6.6")
    answer = owner.log_in("ann", "ann")
    cookie = answer.cookies[logins.COOKIE]
    assert cookie["httponly"] and cookie["samesite"] == "Lax" and not cookie["secure"]
    owner.client.post("/accounts/logout/")
    stranger = Visitor("10.6.6.6")
    assert stranger.guess(11)[-1] == 429
    assert owner.log_in("ann", "ann").status_code == 302
    # The cookie is good for that name alone, is not a licence to guess, and cannot be made up.
    owner.client.post("/accounts/logout/")
    assert owner.log_in("bob").status_code == 429
    assert owner.guess(11) == [200] * 10 + [429]
    stranger.client.cookies[logins.COOKIE] = cookie.value[:-1] + "A" + "A"
    assert stranger.log_in("ann", "ann").status_code == 429


def test_a_browser_is_known_for_a_year_whatever_it_keeps(ann, monkeypatch):
    owner = Visitor("10.6.7.7")
    owner.log_in("ann", "ann")
    owner.client.post("/accounts/logout/")
    Visitor("10.6.7.7").guess(11)
    later = types.SimpleNamespace(time=lambda: time.time() + logins.COOKIE_SECONDS + 10)
    monkeypatch.setattr(signing, "time", later)
    assert owner.log_in("ann", "ann").status_code == 429
    later.time = lambda: time.time() + logins.COOKIE_SECONDS - 100
    assert owner.log_in("ann", "ann").status_code == 302


def test_behind_tls_the_cookie_is_secure_as_the_sessions_is(ann, settings):
    settings.SESSION_COOKIE_SECURE = True
    assert Visitor().log_in("ann", "ann").cookies[logins.COOKIE]["secure"]


def test_what_is_logged(ann, caplog):
    guesser = Visitor("10.8.8.8")
    guesser.log_in("ann\nforged", "hunter2-hunter2")
    guesser.guess(10, "bob")
    lines = [r.getMessage() for r in caplog.records if r.name == "deploy.logins"]
    assert lines[0] == "login failed: name 'ann\\nforged', address 10.8.8.8"
    assert lines[9] == "login failed: name 'bob', address 10.8.8.8"
    assert lines[10] == lines[9] + "; not looked at, too many attempts"
    assert "hunter2" not in caplog.text
    kept = " ".join(LoginBudget.objects.values_list("key", flat=True))
    assert "bob" not in kept and "10.8" not in kept


def test_the_limit_can_be_changed_and_switched_off(ann, settings):
    settings.DEPLOY_LOGIN_ATTEMPTS, settings.DEPLOY_LOGIN_SECONDS = 2, 600
    assert Visitor().guess(3) == [200, 200, 429]
    assert Visitor().log_in()["Retry-After"] == "600"
    settings.DEPLOY_LOGIN_ATTEMPTS = 0
    assert Visitor().guess(5) == [200] * 5


def test_what_was_used_long_ago_is_not_kept(ann, clock):
    Visitor("10.9.9.1").log_in("bob")
    assert LoginBudget.objects.count() == 2
    clock.now += 31
    Visitor("10.9.9.2").log_in("cleo")
    assert LoginBudget.objects.count() == 2


def test_who_asks_without_a_request_is_not_counted(ann):
    for _ in range(20):
        assert authenticate(username="ann", password="ann") == ann
    assert not LoginBudget.objects.exists()


def test_processes_that_ask_at_the_same_time_are_counted_each(site):
    """Real connections to one database; SQLite lets one write at a time."""
    barrier = threading.Barrier(6)

    def ask():
        barrier.wait()
        try:
            return sum(not logins.pay("name:x") for _ in range(5))
        finally:
            connection.close()

    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        granted = [job.result() for job in [pool.submit(ask) for _ in range(6)]]
    assert sum(granted) == 10
