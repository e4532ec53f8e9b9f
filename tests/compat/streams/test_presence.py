"""Who is here: what is counted, told and shown, what it costs, and what is left of the dead."""

from types import SimpleNamespace

import pytest

from compat._throttle import Throttle
from compat.streams import attendance
from compat.streams.attendance import MAX_SHOWN, Visit, visit_of, wants_presence
from compat.streams.roll import Sheet, combine


@pytest.fixture
def site(make_site, sqlite_settings):
    """Without a channel layer: presence needs none."""
    return make_site(sqlite_settings, "", poll=3600, presence=0.1)


def test_who_comes_and_goes(site, stream):
    counts, mute, rooms, left = site.run("come_and_go", stream)
    # Once for what happened between two rounds, and not for what made no difference.
    assert 6 in counts and counts[-2:] == [3, 2] and len(counts) <= 6
    assert all(one != other for one, other in zip(counts, counts[1:]))
    assert mute == ["live"]
    assert (rooms, left) == (3, 2)  # and one for all together


def test_a_thousand_at_once_are_a_few_statements_and_one_frame_for_each(site, stream):
    found = site.run("a_thousand", stream, 1000, 100)
    assert found["statements"] <= 12
    assert found["rows"] == 2  # the stream, and all together
    assert found["body"] < 32 * 1024
    assert (found["who"], found["first"]) == (20, {"name": "W"})
    # At most a few frames while they come, and none once they are here.
    assert found["each"] <= 3 and found["told"] <= 3 * 1001
    assert found["settled"] and found["frames"]


def test_one_more_costs_the_same_where_many_are(site, stream):
    few, many = (site.run("one_more", stream, count) for count in (10, 2000))
    assert few == many < 100


def test_who_cannot_be_told_now_is_told_later(site, stream):
    assert site.run("slow_and_broken", stream) == [0, [1012], [1012]]


def test_who_comes_and_goes_while_a_round_is_written(site, stream):
    assert site.run("come_while_it_writes", stream) == [1, 1, True, [0, False]]
    assert "presence is not up to date" not in site.stderr


def test_presence_that_fails_harms_no_entries_and_comes_back(site, stream):
    assert site.run("without_the_tables", stream) == "well"
    assert site.stderr.count("presence is not up to date") == 1


def test_what_dead_processes_left(make_site, database, stream):
    site = make_site(database, "", presence=0.1)
    assert site.run("dead_processes", stream) == [
        5, 4, True, 2, True, 0, [8, 2, 6], [3, 2, 1], {"stream": 2},
    ]  # fmt: skip


def people(*keys):
    return Sheet(len(keys), 0, list(keys), [[key, float(key), "P" + key] for key in keys])


def test_people_at_several_processes_count_once_while_they_are_few():
    many = Sheet(600, 7, None, [["1", 1.0, "P1"], ["8", 0.5, "P8"]])
    assert combine([people("1", "2"), people("2", "3")]) == (3, 3, 0, ["P1", "P2", "P3"])
    assert combine([people("1", "2"), many]) == (609, 602, 7, ["P8", "P1", "P2"])
    assert combine([]) == (0, 0, 0, [])


def test_how_many_are_shown(settings):
    settings.STREAMS_PRESENCE_NAMES = 1
    assert combine([people("2"), people("1", "3")]).who == ["P1"]
    settings.STREAMS_PRESENCE_NAMES = 0
    assert combine([people("2"), people("1", "3")]) == (3, 3, 0, [])


ANN = SimpleNamespace(pk=7, is_authenticated=True)
NOBODY = SimpleNamespace(pk=None, is_authenticated=False)


@pytest.fixture
def lines(monkeypatch, caplog):
    """What is said, though the same was said a moment ago."""
    monkeypatch.setattr(attendance, "_throttle", Throttle())
    return caplog


def test_what_is_shown_of_somebody(lines):
    visit = Visit(ANN, {"name": "Ä"})
    assert visit.shown == {"name": "Ä"} and len(visit.key) == 12 and not visit.watch
    assert Visit(NOBODY, {"name": "x"}).key is Visit(None, 1).shown is None
    for wrong in (object(), float("nan"), "x" * MAX_SHOWN, {"a": ANN}):
        assert Visit(ANN, wrong).shown is None
    assert "only counted" in lines.text


def test_a_hook_that_fails_hides_its_user(lines):
    def shown(user, room):
        return {"in": room} if user is ANN else 1 / 0

    scope = {"query_string": b"since=0&presence=1"}
    visit = visit_of(scope, ANN, shown, {"room": "7"})
    assert visit.shown == {"in": "7"} and visit.watch
    visit = visit_of(scope, SimpleNamespace(pk=8, is_authenticated=True), shown, {"room": "7"})
    assert visit.shown is None and visit.key
    assert "ZeroDivisionError" in lines.text
    assert visit_of(scope, ANN, False, {}) is None
    assert visit_of(scope, ANN, True, {}).shown is None
    assert not visit_of(scope, ANN, True, {}, mute=True).watch


def test_only_who_says_so_is_told():
    for query, wants in [
        (b"", False),
        (b"presence=1", True),
        (b"since=0&presence=yes", True),
        ("presence=1", True),
        (b"presence=0", False),
        (b"presence=", False),
        (b"presence=1&presence=0", False),
        (b"\xff=presence", False),
    ]:
        assert wants_presence({"query_string": query}) is wants, query
    assert not wants_presence({})
