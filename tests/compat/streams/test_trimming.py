"""What goes when a stream is trimmed, in a database of this process."""

import datetime
import json

import pytest
from django.db import DatabaseError, OperationalError, connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from compat.streams import head, oldest, publish, publish_many, retention
from compat.streams.models import Entry, Key, Stream

pytestmark = pytest.mark.django_db

LOCKED = OperationalError("database is locked")


def stored(name):
    rows = Entry.objects.filter(stream__name=name).order_by("seq").values_list("seq", "body")
    assert Stream.objects.get(name=name).size == sum(len(body) for _, body in rows)
    return [(seq, json.loads(body)) for seq, body in rows]


@pytest.fixture
def slept(monkeypatch):
    """Seconds; none is waited for."""
    found = []
    monkeypatch.setattr(retention.time, "sleep", found.append)
    return found


def trimmed(**limits):
    return retention.trim("s", retention.limits(**limits))


@pytest.mark.parametrize("piece", [1, 2, 3, 1000])
@pytest.mark.parametrize(
    "limits, gone",
    [
        ({}, 0),
        ({"max_entries": 7}, 0),
        ({"max_entries": 6}, 1),
        ({"max_entries": 0}, 7),
        ({"max_bytes": 70}, 0),
        ({"max_bytes": 69}, 1),
        ({"max_bytes": 60}, 1),
        ({"max_bytes": 59}, 2),
        ({"max_bytes": 0}, 7),
        ({"max_entries": 5, "max_bytes": 40}, 3),
        ({"max_entries": 3, "max_bytes": 60}, 4),
        ({"max_age": 100}, 3),
        ({"max_age": 1000}, 0),
        ({"max_age": 0}, 7),
        ({"max_age": datetime.timedelta(seconds=100), "max_entries": 5}, 3),
        ({"max_age": 1e300}, 0),
    ],
)
def test_the_oldest_go_until_all_is_within_the_limits(monkeypatch, piece, limits, gone):
    monkeypatch.setattr(retention, "PIECE", piece)
    publish_many("s", ["x" * 8] * 7)
    old = timezone.now() - datetime.timedelta(seconds=500)
    Entry.objects.filter(seq__lte=3).update(created=old)
    publish("other", "a")
    wanted = retention.limits(**limits)
    assert retention.trim("s", wanted, dry_run=True) == gone and len(stored("s")) == 7
    assert retention.trim("s", wanted) == gone
    assert [seq for seq, _ in stored("s")] == list(range(gone + 1, 8)) and head("s") == 7
    assert trimmed(**limits) == 0 and stored("other") == [(1, "a")]


@pytest.mark.parametrize("stride", [1, 2, 3, 4, 20000])
@pytest.mark.parametrize("young", range(1, 6))
def test_the_first_that_is_young_is_found_at_every_stride(monkeypatch, stride, young):
    monkeypatch.setattr(retention, "STRIDE", stride)
    publish_many("s", range(4))
    old = timezone.now() - datetime.timedelta(seconds=500)
    Entry.objects.filter(seq__lt=young).update(created=old)
    assert trimmed(max_age=100) == young - 1 and oldest("s") == young


def test_pieces_are_transactions_of_their_own(monkeypatch):
    monkeypatch.setattr(retention, "PIECE", 3)
    said, stock = [], retention.Log._remove

    def remove(self, first, last):
        said.append((first, last))
        return stock(self, first, last)

    monkeypatch.setattr(retention.Log, "_remove", remove)
    publish_many("s", range(10))
    assert trimmed(max_entries=2) == 8 and said == [(1, 3), (4, 6), (7, 8)]
    # What went before is not looked at again: it may lie in an index for long.
    assert trimmed(max_entries=1) == 1 and said[3:] == [(9, 9)]


@pytest.fixture
def clock(monkeypatch):
    """Seconds that each piece takes; none is waited for."""
    takes, now, stock = [], [0.0], retention.Log._remove
    monkeypatch.setattr(retention.time, "monotonic", lambda: now[0])

    def remove(self, first, last):
        now[0] += takes.pop(0)
        return stock(self, first, last)

    monkeypatch.setattr(retention.Log, "_remove", remove)
    return takes


def test_others_have_their_turn_and_what_takes_long_becomes_less(
    transactional_db, monkeypatch, slept, clock
):
    said, stock = [], retention.Log.remove

    def remove(self, first, last):
        said.append(last)
        return stock(self, first, last)

    monkeypatch.setattr(retention.Log, "remove", remove)
    monkeypatch.setattr(retention, "PIECE", 8)
    monkeypatch.setattr(retention, "LEAST_PIECE", 2)
    publish_many("s", range(40))
    clock[:] = [0.02, 0.06, 0.4, 0.06, 0.01, 0.01, 0.01, 0.01]
    assert trimmed(max_entries=0) == 40
    assert said == [8, 16, 20, 22, 24, 28, 36, 40]
    assert slept == pytest.approx([0.02, 0.06, 0.25, 0.06, 0.01, 0.01, 0.01])


def test_nobody_sleeps_in_a_transaction(slept, monkeypatch):
    monkeypatch.setattr(retention, "PIECE", 2)
    publish_many("s", range(10))
    assert trimmed(max_entries=0) == 10 and slept == []


def test_trimming_waits_for_a_busy_stream(monkeypatch, slept):
    publish_many("s", range(3))
    errors, stock = [LOCKED] * 7, retention.Log._remove

    def remove(self, first, last):
        if errors:
            raise errors.pop()
        return stock(self, first, last)

    monkeypatch.setattr(retention.Log, "_remove", remove)
    assert trimmed(max_entries=1) == 2
    assert slept == [0.05, 0.1, 0.2, 0.4, 0.8, 1.0, 1.0]
    errors.extend([LOCKED] * retention.ATTEMPTS)
    del slept[:]
    with pytest.raises(OperationalError):
        trimmed(max_entries=0)
    assert len(slept) == retention.ATTEMPTS - 1 and errors == []
    errors.append(DatabaseError("broken"))
    with pytest.raises(DatabaseError, match="broken"):
        trimmed(max_entries=0)
    assert len(slept) == retention.ATTEMPTS - 1


def test_all_are_trimmed_by_the_first_rule_that_fits(settings):
    for name in ("a:1", "a:2", "b"):
        publish_many(name, range(5))
    settings.STREAMS_KEEP = {"a:2": {"max_entries": 4}, "a:*": {"max_entries": 2}}
    said = []
    assert retention.trim_all(dry_run=True, each=lambda *one: said.append(one)) == 4
    assert said == [("a:1", 3), ("a:2", 1)] and len(stored("a:1")) == 5
    assert retention.trim_all(names=["a:2", "b"]) == 1
    assert retention.trim_all(rules=[("*", retention.limits(max_entries=4))], names=["b"]) == 1
    assert retention.trim_all() == 3 and retention.trim_all() == 0
    assert retention.trim_all(rules=[]) == 0
    assert [len(stored(name)) for name in ("a:1", "a:2", "b")] == [2, 4, 4]


def test_keys_that_are_over_go_with_a_trim(settings):
    publish("s", "a", key="k")
    Key.objects.update(created=timezone.now() - datetime.timedelta(days=2))
    settings.STREAMS_KEEP = None
    retention.trim_all(dry_run=True)
    assert Key.objects.count() == 1
    retention.trim_all()
    assert Key.objects.count() == 0 and len(stored("s")) == 1


def test_no_more_than_a_stride_is_looked_at_in_one_statement(monkeypatch):
    monkeypatch.setattr(retention, "STRIDE", 2)
    publish_many("s", range(10))
    old = timezone.now() - datetime.timedelta(seconds=500)
    Entry.objects.filter(seq__lt=9).update(created=old)
    log = retention.Log("s")
    assert log.look()
    with CaptureQueriesContext(connection) as queries:
        assert log._older_than(100) == 8
    assert len(queries) == 5
