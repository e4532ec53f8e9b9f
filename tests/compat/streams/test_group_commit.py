"""What threads publish at once goes together, and no thread notices that it does."""

import threading

import pytest
from django.db import IntegrityError, InterfaceError, OperationalError, connections

from compat.streams import _settings, group_commit


def test_what_threads_publish_at_once(make_site, database, stream):
    found = make_site(database, "").run("everything_about_groups", stream)
    sqlite = "sqlite" in database["ENGINE"]

    # One transaction and one announcement for all that waited.
    assert found["together"] == [list(range(2, 10)), 2, [[2, 1], [3, 7]]]
    # A transaction holds the row of one stream and waits for no other, but for one lock for all.
    numbers, transactions = found["of_other_streams"]
    assert numbers == [[1, 2, 3], [1, 2, 3]] and (transactions == 3) is sqlite
    # An error is that of whoever made it, and leaves no gap.
    numbers, error, there = found["one_is_wrong"]
    assert (numbers, there) == ([2, 3, 4], [1, 2, 3, 4])
    assert error == "DatabaseError: this one is bad"
    # Nothing is appended twice when the answer to COMMIT is lost.
    results, bodies = found["answer_lost"]
    assert results == [2] + ["OperationalError: server closed the connection"] * 2
    assert bodies[:2] == ["before", "a"] and sorted(bodies[2:]) == ["b", "c"]
    # What is known to be void is done again.
    assert found["commit_refused"] == [[2, 3, 4], ["a", "b", "before", "c"]]


class Pgcode(Exception):
    def __init__(self, code):
        self.pgcode = code


def caused(error, cause):
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    "error, doubt",
    [
        (KeyboardInterrupt(), True),
        (OperationalError("database is locked"), False),
        (OperationalError(1205, "lock wait"), False),
        (OperationalError(2013, "lost connection"), True),
        (InterfaceError("connection already closed"), True),
        (caused(OperationalError(), Pgcode("40001")), False),
        (caused(IntegrityError(), Pgcode("23503")), False),
        (caused(OperationalError(), Pgcode("57P01")), True),
        (caused(OperationalError(), Pgcode("08006")), True),
        (caused(OperationalError(), Pgcode(None)), True),
    ],
)
def test_which_commits_are_in_doubt(error, doubt):
    assert group_commit.is_in_doubt(error) is doubt


def test_a_child_does_not_wait_for_threads_of_its_parent(monkeypatch):
    monkeypatch.setattr(group_commit, "_lock", threading.Lock())
    monkeypatch.setattr(group_commit, "_groups", {"key": group_commit.Group()})
    monkeypatch.setattr(group_commit, "_pid", -1)
    with group_commit._lock:  # whoever held it is not there
        assert group_commit._enter("key", group_commit.Request("s", ["1"]))


class Interrupted:
    def acquire(self):
        raise KeyboardInterrupt()

    def release(self):
        pass


@pytest.mark.parametrize("leads", [False, True])
def test_who_is_interrupted_holds_up_nobody(leads):
    first, second, third = (group_commit.Request("s", ["1"]) for _ in range(3))
    assert group_commit._enter("key", first)
    second.woken = Interrupted()
    assert not group_commit._enter("key", second) and not group_commit._enter("key", third)
    if leads:
        group_commit._hand_over("key")
    with pytest.raises(KeyboardInterrupt):
        group_commit._wait("key", second)
    if not leads:
        group_commit._hand_over("key")
    assert third.leads and third.woken.acquire(False)
    group_commit._hand_over("key")
    assert not group_commit._groups


def test_how_much_goes_together(monkeypatch):
    monkeypatch.setattr(group_commit, "MOST_ENTRIES", 5)
    monkeypatch.setattr(group_commit, "INLINE_CHARACTERS", 10)
    first = group_commit.Request("s", ["1"])
    group_commit._enter("key", first)
    others = [["22", "3"], ["4"], ["5"], ["x" * 10]]
    for texts in others:
        group_commit._enter("key", group_commit.Request("s", texts))
    batches = [[request.texts for request in group_commit._take("key", first)]]
    while "key" in group_commit._groups:
        waiting = group_commit._groups["key"].waiting
        following = waiting[0] if waiting else None
        group_commit._hand_over("key")
        if following is not None:
            batches.append([one.texts for one in group_commit._take("key", following)])
    assert batches == [[["1"], ["22", "3"], ["4"], ["5"]], [["x" * 10]]]


def test_where_it_is_possible(db, settings, monkeypatch):
    settings.STREAMS_GROUP_COMMIT = True
    connection = connections["default"]
    engine = type(connection)
    assert not group_commit.is_possible(connection, ["1"])  # in memory: each thread has its own
    monkeypatch.setattr(engine, "is_in_memory_db", lambda self: False)
    assert group_commit.is_possible(connection, ["1"])
    assert not group_commit.is_possible(connection, ["1"] * 201)
    del settings.STREAMS_GROUP_COMMIT
    assert _settings.GROUP_COMMIT() is False  # unless the site says so
    assert not group_commit.is_possible(connection, ["1"])
    settings.STREAMS_GROUP_COMMIT = True
    monkeypatch.setattr(group_commit._greenlets, "share_this_thread", lambda: True)
    assert not group_commit.is_possible(connection, ["1"])
    monkeypatch.setattr(group_commit._greenlets, "share_this_thread", lambda: False)
    monkeypatch.setattr(engine, "__module__", "tenants.backend")
    assert not group_commit.is_possible(connection, ["1"])
