"""Scenarios of the log and of publish(), each run in a process of its own (site/run.py)."""

import asyncio
import contextlib
import datetime
import decimal
import json
import os
import sys
import threading
import time
import uuid

from django.core.management import call_command
from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import ugettext_lazy

from compat.channel_layer import notify
from compat.streams import (
    ahead,
    apublish,
    apublish_many,
    aread,
    epochs,
    head,
    publish,
    publish_many,
    read,
    retention,
)
from compat.streams.models import Entry, Key, Stream

WAIT = 60.0


def migrate():
    call_command("migrate", verbosity=0)
    call_command("makemigrations", "streams", check=True, dry_run=True, verbosity=0)
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA journal_mode=WAL")


def error_of(function, *args):
    try:
        function(*args)
    except (ValueError, TypeError) as error:
        return f"{type(error).__name__}: {error}"
    return None


def append_and_read(stream):
    result = {"empty": [head(stream), read(stream, 0)]}
    result["first"] = publish(stream, {"text": "übung \U0001f600 \x00 \u2028"})
    result["range"] = publish_many(stream, (number for number in range(1200)))
    result["head"] = head(stream)
    result["none"] = publish(stream, None)
    rows = read(stream, 0, 1)
    result["text"] = [rows[0].seq, rows[0].body, rows[0].json_text]
    result["page"] = [row.seq for row in read(stream, 600)]
    result["end"] = read(stream, 1202)
    result["models"] = [
        Entry.objects.filter(stream__name=stream).count(),
        Stream.objects.get(name=stream).last_seq,
    ]
    result["other"] = [publish(stream.upper(), 1), head(stream.upper()), head(stream)]
    return result


def bodies_of_django(stream):
    """What Django's own encoder takes; read back, beside what that makes of it."""
    moment = datetime.datetime(2026, 11, 29, 18, 5, 0, 123456)
    bodies = [
        moment,
        moment.replace(tzinfo=timezone.utc),
        moment.date(),
        moment.time(),
        datetime.timedelta(hours=1, seconds=5),
        decimal.Decimal("1.10"),
        uuid.UUID(int=7),
        ugettext_lazy("Yes"),
        {"nested": [decimal.Decimal("2"), {"lazy": ugettext_lazy("No")}]},
    ]
    publish_many(stream, bodies)
    expected = json.loads(json.dumps(bodies, cls=DjangoJSONEncoder))
    return [row.body for row in read(stream, 0)], expected


def bad_input(stream):
    circular = []
    circular.append(circular)
    deep = []
    for _ in range(100000):
        deep = [deep]
    errors = [
        error_of(publish, "", 1),
        error_of(publish, "x" * 191, 1),
        error_of(publish, "new\nline", 1),
        error_of(publish, "a\ud800", 1),
        error_of(publish, " x", 1),
        error_of(publish, 7, 1),
        error_of(publish, stream, {1, 2}),
        error_of(publish, stream, float("nan")),
        error_of(publish, stream, circular),
        error_of(publish, stream, deep),
        error_of(publish, stream, "x" * 1048576),
        error_of(publish_many, stream, []),
        error_of(publish_many, stream, "text"),
        error_of(publish_many, stream, {"a": 1}),
        error_of(publish_many, stream, [1, object()]),
        error_of(read, stream, -1),
        error_of(read, stream, "1"),
        error_of(read, stream, 0, True),
        error_of(head, "a\u2028b"),
    ]
    # Unfinished input writes nothing either.
    return errors, head(stream), Stream.objects.filter(name=stream).count()


NAMES = [
    "聊天室", "room:聊天室", "héllo", "hello", "HÉLLO", "чат", "דיון", "نقاش", "می\u200cخواهم", "ß",
    "ss", "日\u3000本", "ｈ", "h", "\u202ex", "語" * 182,
]  # fmt: skip


def names_in_any_script(stream, beyond):
    """Every name is a stream of its own; `beyond`: with characters beyond U+FFFF, too."""
    names = [stream[-8:] + name for name in NAMES]
    if beyond:
        names += [names[0] + "\U0001f600", names[0] + "\U0001f601"]
    for number, name in enumerate(names):
        publish_many(name, [name] * (number + 1))
    seen = [[head(name), {row.body for row in read(name, 0)} == {name}] for name in names]
    found = {name: place.seq for name, place in epochs.positions(names).items()}
    assert found == {name: number for number, name in enumerate(names, 1)}
    assert [str(Stream.objects.get(name=name)) for name in names]
    return seen, len(names), error_of(head, "\U0001f600")


def outer_transaction(stream):
    heard = []
    notify.listen("streams.bell", lambda message: heard.append(message))
    with contextlib.suppress(ZeroDivisionError):
        with transaction.atomic():
            publish(stream, "rolled back")
            1 / 0
    after_rollback = head(stream), len(heard)
    with transaction.atomic():
        first = publish(stream, "a")
        with contextlib.suppress(ZeroDivisionError):
            with transaction.atomic():
                publish_many(stream, ["inner", "inner"])
                1 / 0
        second = publish(stream, "b")
        inside = len(heard)
    rows = [[row.seq, row.body] for row in read(stream, 0)]
    return after_rollback, [first, second], inside, [message["first"] for message in heard], rows


def repeated(stream):
    """The same key again: plainly, in a batch, after a rollback, within a transaction, later."""
    results = [publish(stream, 1, key="a"), publish(stream, 2, key="a"), publish(stream, 3)]
    results.append(publish_many(stream, "xyz".split() * 3, key="b"))
    results.append(publish_many(stream, ["other"], key="b"))
    results.append(publish(stream + "2", 1, key="a"))
    with contextlib.suppress(ZeroDivisionError):
        with transaction.atomic():
            publish(stream, "rolled back", key="c")
            1 / 0
    with transaction.atomic():
        results += [publish(stream, "c", key="c"), publish(stream, "again", key="c")]
        results.append(publish(stream, "d", key="聊天" * 500))
    bodies = [row.body for row in read(stream, 0)]
    old = timezone.now() - datetime.timedelta(days=1, seconds=1)
    kept = Key.objects.count()
    Key.objects.filter(stream__name=stream, first_seq=1).update(created=old)
    results.append(publish(stream, "after a day", key="a"))
    with transaction.atomic():
        Key.objects.filter(stream__name=stream, first_seq=head(stream)).update(created=old)
        results.append(publish(stream, "after another", key="a"))
        results.append(publish(stream, "not again", key="a"))
    Key.objects.filter(stream__name=stream).update(created=old)
    retention.trim_all([("nobody", retention.limits(max_entries=0))])
    left = Key.objects.filter(stream__name=stream).count()
    wrong = [error_of(lambda key: publish(stream, 1, key=key), key) for key in ("", 1, b"x")]
    return results, bodies, kept > left == 0, wrong, head(stream)


def write_keys(stream, threads, count, atomic=False):
    """Threads that publish with the same keys, as tasks that are tried again: {key: numbers}."""
    found, errors = {}, []
    barrier = threading.Barrier(threads)

    def work(number):
        try:
            barrier.wait()
            for turn in range(count):
                with transaction.atomic() if atomic else contextlib.suppress():
                    seq = publish(stream, turn, key=f"key {turn}")
                found.setdefault(turn, set()).add(seq)
        except Exception as error:
            errors.append(f"{type(error).__name__}: {error}")
        finally:
            connection.close()

    workers = [threading.Thread(target=work, args=(number,)) for number in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return [sorted(found[turn]) for turn in sorted(found)], errors


def write(stream, threads, count, batch, atomic=False):
    """Publish from several threads at once; the ranges each got."""
    ranges, errors = [], []
    barrier = threading.Barrier(threads)

    def work(number):
        try:
            barrier.wait()
            for turn in range(count):
                bodies = [[os.getpid(), number, turn, i] for i in range(batch)]
                with transaction.atomic() if atomic else contextlib.suppress():
                    ranges.append(publish_many(stream, bodies))
        except Exception as error:
            errors.append(f"{type(error).__name__}: {error}")
        finally:
            connection.close()

    workers = [threading.Thread(target=work, args=(number,)) for number in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return ranges, errors


def everything(stream):
    """All entries of the stream, read in pages."""
    rows, since = [], 0
    while True:
        page = read(stream, since)
        if not page:
            return [[row.seq, row.body] for row in rows]
        rows += page
        since = page[-1].seq


def lost_connection(stream):
    """The database server closes our idle connection."""
    publish(stream, 1)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT pg_backend_pid()")
            kill = "SELECT pg_terminate_backend(%d)"
        else:
            cursor.execute("SELECT CONNECTION_ID()")
            kill = "KILL %d"
        victim = cursor.fetchone()[0]

    def end():
        with connection.cursor() as cursor:
            cursor.execute(kill % victim)
        connection.close()

    thread = threading.Thread(target=end)
    thread.start()
    thread.join()
    return publish(stream, 2), everything(stream)


def reader_during_append(stream, ready):
    """Look for holes while others write: committed entries must always be a prefix."""
    open(ready, "w").close()
    deadline = time.monotonic() + WAIT
    seen = 0
    while seen < 400 and time.monotonic() < deadline:
        known = head(stream)
        rows = [row.seq for row in read(stream, 0, 1000)]
        assert rows == list(range(1, len(rows) + 1)), rows
        assert len(rows) >= known, (len(rows), known)
        seen = len(rows)
    return seen


# Where publish is called from


def publish_everywhere(stream):
    """From plain code, a thread, a running loop, coroutines and a forked child."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    publish(stream, "plain")

    thread = threading.Thread(target=lambda: (publish(stream, "thread"), connection.close()))
    thread.start()
    thread.join()

    async def inside():
        publish(stream, "running loop")
        await apublish(stream, "apublish")
        await apublish_many(stream, ["apublish_many"])
        return await ahead(stream), [row.body for row in await aread(stream, 4)]

    seen = loop.run_until_complete(inside())
    loop.close()
    # Django's own rule: a database connection does not cross a fork.
    connection.close()
    for way in ("os._exit", "sys.exit"):
        child = os.fork()
        if child == 0:
            publish(stream, "child " + way)
            connection.close()
            sys.stdout.flush()
            if way == "os._exit":
                os._exit(0)
            sys.exit(0)
        assert os.waitpid(child, 0)[1] == 0
    # The parent's connection to the layer still works: no second one was needed.
    publish(stream, "parent")
    return seen


def publish_once(stream, body):
    """Publish and tell how long it took."""
    started = time.monotonic()
    publish(stream, body)
    return time.monotonic() - started


def publish_twice_around(stream, path):
    """Publish, wait for the file to disappear, publish again on the same connection."""
    publish(stream, "before")
    print("published", flush=True)
    deadline = time.monotonic() + WAIT
    while os.path.exists(path) and time.monotonic() < deadline:
        time.sleep(0.02)
    publish(stream, "after")
    return everything(stream)


def publish_slowly(stream, count, pause):
    for number in range(count):
        publish(stream, number)
        time.sleep(pause)


def publish_bulk(stream, count, size):
    return publish_many(stream, ["x" * size] * count)


def looked_at(stream):
    """How many rows MySQL goes through for a page from the middle, and what is in the page."""
    publish_many(stream, range(4000))

    def count():
        with connection.cursor() as cursor:
            # Rows that a condition in the index excludes are counted apart.
            cursor.execute("SHOW SESSION STATUS LIKE 'Handler_%'")
            status = dict(cursor.fetchall())
        names = "Handler_read_next", "Handler_icp_attempts"
        return sum(int(status.get(name, 0)) for name in names)

    before = count()
    rows = read(stream, 3000, 10)
    after = count()
    Entry.objects.filter(stream__name=stream, seq__lte=3500).delete()
    trimmed = [row.seq for row in read(stream, 100, 3)]
    return after - before, [row.seq for row in rows], trimmed, len(read(stream, 3990, 500))
