"""The log, in a database of this process: what is written, kept, and found again."""

import contextlib
import datetime
import json
from decimal import Decimal
from types import SimpleNamespace

import pytest
from django.core.serializers.json import DjangoJSONEncoder
from django.db import IntegrityError, OperationalError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django.utils.translation import ugettext_lazy

from compat.streams import epochs, head, keys, oldest, publish, publish_many, read, store
from compat.streams._settings import ENCODER
from compat.streams.models import Entry, Key, Stream

pytestmark = pytest.mark.django_db


@pytest.fixture
def counted(monkeypatch):
    found = []
    monkeypatch.setattr(store.stats.appended, "inc", found.append)
    return found


def stored(name):
    rows = Entry.objects.filter(stream__name=name).order_by("seq").values_list("seq", "body")
    assert Stream.objects.get(name=name).size == sum(len(body) for _, body in rows)
    return [(seq, json.loads(body)) for seq, body in rows]


def test_numbers_begin_with_one_and_have_no_gap():
    assert [publish("s", "a"), publish("s", "b"), publish("t", "c")] == [1, 2, 1]
    assert publish_many("s", iter(["d", "e"])) == (3, 4)
    assert stored("s") == [(1, "a"), (2, "b"), (3, "d"), (4, "e")] and stored("t") == [(1, "c")]
    assert (head("s"), oldest("s"), head("nobody"), oldest("nobody")) == (4, 1, 0, 1)
    epoch = epochs.position("s").epoch
    assert epochs.EPOCH.match(epoch) and epochs.position("t").epoch not in (epoch, None)
    assert epochs.position("nobody") is epochs.NOWHERE


def test_it_is_announced_and_counted_after_the_commit(transactional_db, announced, counted):
    with transaction.atomic():
        publish_many("s", ["a", "b"])
        publish("s", "c")
        assert announced == counted == []
    epoch = epochs.position("s").epoch
    assert announced == [("s", 1, ['"a"', '"b"'], epoch), ("s", 3, ['"c"'], epoch)]
    assert counted == [2, 1]
    with pytest.raises(RuntimeError):
        with transaction.atomic():
            publish("s", "d")
            raise RuntimeError()
    assert len(announced) == 2 and head("s") == 3


@pytest.mark.parametrize("rows, characters", [(2, 1000), (1000, 5), (1000, 6), (1, 1)])
def test_a_statement_is_of_bounded_size(monkeypatch, rows, characters):
    monkeypatch.setattr(store, "INSERT_ROWS", rows)
    monkeypatch.setattr(store, "INSERT_CHARACTERS", characters)
    said, stock = [], store._insert_of

    def insert_of(connection, params):
        said.append([params[place + 2] for place in range(0, len(params), 4)])
        return stock(connection, params)

    monkeypatch.setattr(store, "_insert_of", insert_of)
    publish_many("s", [1, 2, 33, 4, 555, "long enough", 6])
    assert [body for _, body in stored("s")] == [1, 2, 33, 4, 555, "long enough", 6]
    for number, texts in enumerate(said):
        assert 1 <= len(texts) <= rows
        assert len(texts) == 1 or sum(map(len, texts)) <= characters
        if number:  # and none is smaller than need be
            before = said[number - 1]
            assert len(before) == rows or sum(map(len, [*before, texts[0]])) > characters


def test_what_a_body_may_hold():
    when = datetime.datetime(2020, 1, 2, 3, 4, 5, tzinfo=timezone.utc)
    publish("s", [when, Decimal("1.50"), ugettext_lazy("Yes"), "聊", None])
    assert read("s", 0)[0].body == ["2020-01-02T03:04:05Z", "1.50", "Yes", "聊", None]
    text = read("s", 0)[0].json_text
    assert " " not in text and max(text) < "\x7f"


@pytest.mark.parametrize("body", [object(), float("nan"), b"x", {1, 2}])
def test_what_is_no_json_writes_nothing(body):
    with pytest.raises(TypeError, match="stream body is not JSON-serialisable: "):
        publish_many("s", ["a", body])
    assert head("s") == 0


def test_a_body_is_so_long(settings):
    settings.STREAMS_MAX_BODY = 5
    assert publish("s", "abc") == 1
    with pytest.raises(ValueError, match="has 6 characters, STREAMS_MAX_BODY is 5"):
        publish("s", "abcd")
    assert head("s") == 1


class Money:
    def __init__(self, value):
        self.value = value


class MoneyEncoder(DjangoJSONEncoder):
    def default(self, one):
        return {"money": one.value} if isinstance(one, Money) else super().default(one)


class Umlauts(json.JSONEncoder):
    def encode(self, one):
        return json.dumps(one, ensure_ascii=False)


class Nonsense(json.JSONEncoder):
    def encode(self, one):
        return "{" if one else "[NaN]"


def encoder(settings, name):
    settings.STREAMS_ENCODER = "%s.%s" % (__name__, name)


def test_a_site_may_have_an_encoder_of_its_own(settings):
    encoder(settings, "MoneyEncoder")
    publish("s", {"price": Money("1.50"), "total": Decimal("3")})
    encoder(settings, "Umlauts")
    publish("s", "ü")
    assert stored("s") == [(1, {"price": {"money": "1.50"}, "total": "3"}), (2, "ü")]
    assert all(max(row.json_text) < "\x7f" for row in read("s", 0))
    with pytest.raises(TypeError, match="not JSON-serialisable.*Money"):
        publish("s", Money(1))


@pytest.mark.parametrize("body", [[], [1]])
def test_an_encoder_that_makes_no_json_harms_no_reader(settings, body):
    encoder(settings, "Nonsense")
    with pytest.raises(TypeError, match="STREAMS_ENCODER made no JSON"):
        publish("s", body)
    assert head("s") == 0


@pytest.mark.parametrize("name", ["json.JSONDecoder", "json.dumps", "no.such", "x", 7])
def test_what_is_no_encoder_is_an_error_of_the_check_and_djangos_is_used(settings, name):
    settings.STREAMS_ENCODER = name
    assert "the dotted path of a subclass of json.JSONEncoder" in ENCODER.problem()
    assert publish("s", Decimal("1.50")) == 1 and stored("s") == [(1, "1.50")]


@pytest.mark.parametrize(
    "bodies, error, why",
    [
        ([], ValueError, "at least one body"),
        ("text", TypeError, "must be a list of bodies, not str"),
        ({"a": 1}, TypeError, "must be a list of bodies, not dict"),
        (b"text", TypeError, "must be a list of bodies, not bytes"),
    ],
)
def test_what_is_no_list_of_bodies(bodies, error, why):
    with pytest.raises(error, match=why):
        publish_many("s", bodies)
    with pytest.raises(ValueError, match="no space at either end"):
        publish_many(" s", ["a"])
    assert not Stream.objects.exists()


def test_what_is_read():
    publish_many("s", range(1, 8))
    publish("t", "x")
    epoch = epochs.position("s").epoch
    Entry.objects.filter(stream__name="s", seq__lte=2).delete()
    assert [row.seq for row in read("s", 0)] == [3, 4, 5, 6, 7]
    assert [row.body for row in read("s", 4, 2)] == [5, 6] and read("s", 0, 0) == []
    assert store.page("s", 6, 5) == (epoch, [store.Row(7, "7")])
    assert store.page("s", 7, 5) == (None, []) == store.page("nobody", 0, 5)
    assert oldest("s") == 3
    Entry.objects.all().delete()
    assert oldest("s") == 8 and head("s") == 7


@pytest.mark.parametrize("since, limit", [(-1, 1), (True, 1), ("0", 1), (0, -1), (0, False)])
def test_what_cannot_be_read_is_named(since, limit):
    with pytest.raises(ValueError, match="%s must be an integer" % ("since" if limit == 1 else "")):
        read("s", since, limit)
    with pytest.raises(ValueError, match="must be an integer"):
        read("s", store.MAX_SEQ + 1)
    assert read("s", store.MAX_SEQ, store.MAX_SEQ) == []
    with pytest.raises(ValueError, match="no space"):
        read("s ", 0)


def test_pages_are_of_five_hundred():
    publish_many("s", range(501))
    assert len(read("s", 0)) == len(store.read("s", 0)) == 500


# The statements


def words(queries):
    return [query["sql"].split()[0] for query in queries]


@pytest.mark.parametrize(
    "since, moves",
    [((3, 35), ["UPDATE"]), ((99,), ["UPDATE", "SELECT"])],
    ids=["this SQLite", "one of before"],
)
def test_an_append_says_no_more_than_it_must(
    transactional_db, monkeypatch, announced, since, moves
):
    assert connection.vendor == "sqlite"
    monkeypatch.setattr(store, "SQLITE_RETURNING", since)
    if connection.Database.sqlite_version_info < (3, 35):
        moves = ["UPDATE", "SELECT"]
    with CaptureQueriesContext(connection) as first:
        assert publish("s", "a") == 1
    assert words(first) == ["BEGIN", "UPDATE", "INSERT", *moves, "INSERT", "COMMIT"]
    with CaptureQueriesContext(connection) as second:
        assert publish("s", "b") == 2
    assert words(second) == ["BEGIN", *moves, "INSERT", "COMMIT"]
    with transaction.atomic():
        with CaptureQueriesContext(connection) as within:
            assert publish("s", "c") == 3
    assert words(within) == ["SAVEPOINT", *moves, "INSERT", "RELEASE"]
    assert [body for _, body in stored("s")] == ["a", "b", "c"]
    assert [said[:3] for said in announced] == [("s", n + 1, ['"%s"' % "abc"[n]]) for n in range(3)]


def test_an_engine_of_somebody_else_keeps_its_own_way(transactional_db, monkeypatch):
    monkeypatch.setattr(store.group_commit, "ENGINES", ("tenants.",))
    begun = []
    monkeypatch.setattr(
        connection,
        "_start_transaction_under_autocommit",
        lambda: begun.append(connection.cursor().execute("BEGIN IMMEDIATE")),
    )
    assert publish("s", "a") == 1 and len(begun) == 1 and stored("s") == [(1, "a")]


# Keys


def test_a_key_counts_once_for_a_stream_and_for_a_while(settings):
    settings.STREAMS_KEY_SECONDS = 100
    assert publish_many("s", ["a", "b"], key="k") == (1, 2) == publish_many("s", ["c"], key="k")
    assert publish("t", "a", key="k") == 1 and publish("s", "d", key="other") == 3
    assert [body for _, body in stored("s")] == ["a", "b", "d"]
    Key.objects.update(created=timezone.now() - datetime.timedelta(seconds=90))
    assert publish("s", "e", key="k") == 1
    Key.objects.update(created=timezone.now() - datetime.timedelta(seconds=110))
    assert publish("s", "f", key="k") == 4
    assert Key.objects.filter(stream__name="s").count() == 2
    assert publish("s", "g", key="k") == 4


def test_keys_that_are_over_are_removed_a_few_at_a_time(settings, monkeypatch):
    settings.STREAMS_KEY_SECONDS = 100
    monkeypatch.setattr(keys, "PIECE", 2)
    for number in range(8):
        publish("s", number, key=str(number))
    old = timezone.now() - datetime.timedelta(seconds=110)
    Key.objects.filter(first_seq__lte=5).update(created=old)
    assert keys.forget_old("default") == 5 and keys.forget_old("default") == 0
    assert sorted(Key.objects.values_list("first_seq", flat=True)) == [6, 7, 8]


# A busy database


# Epochs


def test_positions_of_many_streams_in_one_query_for_each_five_hundred():
    Stream.objects.bulk_create(
        [Stream(name="s%d" % number, last_seq=number, epoch="e1") for number in range(1001)]
    )
    names = ["s%d" % number for number in range(1001)]
    with CaptureQueriesContext(connection) as queries:
        found = epochs.positions([*names, "nobody"])
    assert len(queries) == 3 and len(found) == 1001
    assert all(found[name] == (number, "e1") for number, name in enumerate(names))
    assert epochs.positions([]) == {}


def test_a_stream_of_before_gets_an_epoch_when_it_is_needed():
    Stream.objects.create(name="s", last_seq=3)
    assert epochs.position("s") == (3, None)
    made = epochs.known("s")
    assert made.seq == 3 and epochs.EPOCH.match(made.epoch) and epochs.known("s") == made
    assert epochs.known("nobody") is epochs.NOWHERE and not Stream.objects.filter(name="nobody")
    Stream.objects.update(epoch=None)
    publish("s", "a")
    assert epochs.position("s").epoch not in (None, made.epoch)


def test_of_two_who_change_an_epoch_the_first_counts():
    publish("s", "a")
    publish("t", "a")
    before = epochs.position("s").epoch
    first = epochs.change("s", before)
    assert first.epoch != before and epochs.change("s", before) == first
    other = epochs.position("t").epoch
    assert epochs.change_all(["s"]) == ["s"] and epochs.position("t").epoch == other
    assert epochs.change_all() == ["s", "t"] and epochs.change_all([]) == []
    assert epochs.position("t").epoch != other and epochs.position("s").epoch != first.epoch


# MySQL and MariaDB, by what is said to them


class Server:
    """A connection to one, and its cursor: `knows` are the names of streams that it has."""

    vendor, ops = "mysql", SimpleNamespace(quote_name="`{}`".format)

    def __init__(self, alias, vendor="mysql"):
        self.alias, self.vendor, self.said, self.knows = alias, vendor, [], set()
        self.rowcount, self.duplicate = 1, False

    def execute(self, statement, params):
        self.said.append(statement.split()[0])
        self.found = params[-1] in self.knows
        self.rowcount = int(self.found)
        if statement.startswith("INSERT"):
            assert ("ON DUPLICATE KEY UPDATE" in statement) is (self.vendor == "mysql")
            if self.duplicate:
                self.knows.add(params[-1])
                raise IntegrityError("somebody was faster")
            self.knows.add(params[-1])

    def fetchone(self):
        return (7, 3, "e1") if self.found else None


@pytest.mark.parametrize("duplicate", [False, True])
def test_a_row_is_looked_for_once_where_an_update_of_nothing_locks(monkeypatch, duplicate):
    monkeypatch.setattr(store, "_seen", set())
    within = []

    @contextlib.contextmanager
    def atomic(using):
        within.append(using)
        yield

    monkeypatch.setattr(store.transaction, "atomic", atomic)
    server = Server("other")
    for said in (["SELECT", "INSERT", "UPDATE", "SELECT"], ["UPDATE", "SELECT"]):
        del server.said[:]
        assert store._reserve(server, server, "s", 1, 5) == (7, 3, "e1")
        assert server.said == said
    assert within == [] and store._seen == {("other", "s")}
    # Elsewhere the row is made when there is none, and another writer may be faster.
    server = Server("third", "oracle")
    server.duplicate = duplicate
    assert store._reserve(server, server, "s", 1, 5) == (7, 3, "e1")
    assert server.said == ["UPDATE", "INSERT", "UPDATE", "SELECT"] and within == ["third"]
    assert store._seen == {("other", "s")}


@pytest.mark.parametrize("number, left", [(10000, 10001), (10001, 1)])
def test_so_many_names_are_kept_in_mind(monkeypatch, number, left):
    monkeypatch.setattr(store, "_seen", {("a", str(one)) for one in range(number)})
    server = Server("other")
    server.knows.add("s")
    store._reserve(server, server, "s", 1, 5)
    assert len(store._seen) == left


def test_a_row_of_after_our_snapshot_is_asked_for_again(monkeypatch):
    server = Server("other", "oracle")
    server.fetchone = lambda: None
    server.knows.add("s")
    with pytest.raises(OperationalError, match="is busy") as error:
        store._reserve(server, server, "s", 1, 5)
    assert store.is_busy(error.value)
