"""The log, in a database that is busy, or gone: what is tried again, and what is not."""

import json

import pytest
from django.db import OperationalError, connection, transaction

from compat.streams import head, publish, publish_many, store
from compat.streams.models import Entry

pytestmark = pytest.mark.django_db


def stored(name):
    rows = Entry.objects.filter(stream__name=name).order_by("seq").values_list("seq", "body")
    return [(seq, json.loads(body)) for seq, body in rows]


@pytest.fixture
def clock(monkeypatch):
    """[seconds slept]; time stands still but for that."""
    slept = []
    monkeypatch.setattr(store.time, "sleep", slept.append)
    monkeypatch.setattr(store.time, "monotonic", lambda: 1000.0 + sum(slept))
    monkeypatch.setattr(store.random, "uniform", lambda low, high: 1.0)
    return slept


def failing(monkeypatch, module, name, errors):
    """The function raises them, one at a time, before it does what it is for."""
    stock = getattr(module, name)

    def function(*arguments):
        if errors:
            raise errors.pop()
        return stock(*arguments)

    monkeypatch.setattr(module, name, function)


LOCKED = OperationalError("database is locked")


def test_a_busy_database_is_asked_again(transactional_db, monkeypatch, clock):
    failing(monkeypatch, store, "_insert", [LOCKED] * 8)
    assert publish_many("s", ["a", "b"]) == (1, 2) and stored("s") == [(1, "a"), (2, "b")]
    assert clock == [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.5, 0.5]


def test_it_is_not_asked_for_ever(transactional_db, monkeypatch, clock):
    failing(monkeypatch, store, "_insert", [LOCKED] * 1000)
    with pytest.raises(OperationalError, match="locked"):
        publish("s", "a")
    assert 30 < sum(clock) < 31 and head("s") == 0


def test_within_a_transaction_it_is_the_callers(transactional_db, monkeypatch, clock):
    failing(monkeypatch, store, "_insert", [LOCKED] * 2)
    with transaction.atomic():
        with pytest.raises(OperationalError):
            publish("s", "a")
        with pytest.raises(OperationalError):
            publish("s", "a")
        publish("s", "b")  # the transaction goes on
    assert stored("s") == [(1, "b")] and clock == []


class Connection:
    """One that may be closed when it is looked at."""

    def __init__(self, dead):
        self.connection, self.dead, self.looks = "open", dead, 0

    def close_if_unusable_or_obsolete(self):
        self.looks += 1
        if self.dead:
            self.connection = None


@pytest.mark.parametrize(
    "dead, sent, key, errors, tries",
    [
        (True, False, None, 1, 2),  # it was idle for long: nothing was sent yet
        (True, False, None, 2, None),
        (True, True, None, 1, None),  # it may have been the answer to COMMIT that got lost
        (True, True, "k", 1, 2),
        (True, True, "k", 2, None),
        (False, False, None, 1, None),  # the database says no
        (False, True, "k", 1, None),
    ],
)
def test_a_lost_connection_appends_nothing_twice(
    monkeypatch, clock, dead, sent, key, errors, tries
):
    made, gone = [], OperationalError(2006, "server has gone away")

    def append(connection, name, texts, key, progress):
        made.append((name, texts, key))
        if len(made) <= errors:
            progress += [1] * sent
            raise gone
        return 1, 1

    monkeypatch.setattr(store, "_append", append)
    one = Connection(dead)
    if tries is None:
        with pytest.raises(OperationalError, match="gone away"):
            store._append_alone(one, "s", ["1"], key)
    else:
        assert store._append_alone(one, "s", ["1"], key) == (1, 1)
        assert made == [("s", ["1"], key)] * tries and one.looks == 1
    assert len(made) <= 2 and len(clock) == len(made) - 1
    assert one.looks == (0 if sent and key is None else 1)


@pytest.mark.parametrize("error", [KeyboardInterrupt, OperationalError("disk I/O error")])
@pytest.mark.parametrize("lost", [False, True])
def test_what_goes_wrong_half_way_leaves_nothing_behind(
    transactional_db, monkeypatch, announced, error, lost
):
    publish("s", "a")
    failing(monkeypatch, store, "_insert", [error])
    closed = []
    if lost:
        failing(monkeypatch, connection, "rollback", [OperationalError("no transaction is active")])
        monkeypatch.setattr(connection, "close", lambda: closed.append(connection.rollback()))
    with pytest.raises(type(error) if isinstance(error, Exception) else error):
        publish("s", "b")
    assert not connection.connection.in_transaction and not connection.in_atomic_block
    assert bool(closed) is lost
    assert publish("s", "c") == 2 and stored("s") == [(1, "a"), (2, "c")]
    assert [said[1] for said in announced] == [1, 2]
