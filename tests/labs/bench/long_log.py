"""
A stream of very many entries, and very many streams: what they cost.

    python -m tests.labs.bench.long_log ENTRIES STREAMS [sqlite|postgresql|mariadb …]

Fills one stream with ENTRIES in batches of 1,000, asks for what readers, pages and administrators
ask for, reads 10,000 from its middle as a reader who catches up does, and trims half of it while
somebody publishes to it; then makes STREAMS streams of one entry each, publishes to some of them,
asks for the heads of 500, and of 2,000 as a process with so many readers does, for a list of them,
and for all. Databases write to the disk at each commit. `--minutes 10` ends the filling after that
time. `--series` has the database make the rows by itself, and `--trim 20000` trims so many: for a
hundred million entries. `--database JSON`, Django's settings of one that is there already, goes on
with what is in it.
"""

import argparse
import io
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time

from django.core.management import call_command

from . import series
from .publishing import ROOT, configure, databases, migrate

BATCH, PAGE, CATCH_UP = 1000, 256, 10000
BODY = {"k": "out", "d": 1, "s": "." * 100}
SIZES = {
    "postgresql": "SELECT relname, pg_relation_size(oid) FROM pg_class "
    "WHERE relname LIKE 'streams\\_%%' ORDER BY 2 DESC",
    "mysql": "SELECT concat(table_name, '.', index_name), stat_value * @@innodb_page_size FROM "
    "mysql.innodb_index_stats WHERE stat_name = 'size' AND database_name = DATABASE() AND "
    "table_name LIKE 'streams\\_%%' ORDER BY 2 DESC",
}


def say(what, **figures):
    shown = {k: round(v, 3) if isinstance(v, float) else v for k, v in figures.items()}
    print("  %-10s %s" % (what, ", ".join("%s %s" % (k, v) for k, v in shown.items())), flush=True)


def fill(entries, minutes, by_series=False):
    from compat.streams import publish_many

    if by_series:
        begun = time.monotonic()
        count = series.fill("long", entries, BODY, begun + 60 * minutes)
        say("filled", entries=count, s=time.monotonic() - begun)
        return count
    begun, cpu, count = time.monotonic(), time.process_time(), 0
    while count < entries and time.monotonic() - begun < 60 * minutes:
        publish_many("long", [BODY] * BATCH)
        count += BATCH
    took, cpu = time.monotonic() - begun, time.process_time() - cpu
    say("filled", entries=count, rate=int(count / took), cpu_us_an_entry=cpu / count * 1e6)
    return count


def sizes():
    from django.db import connection

    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            path = connection.settings_dict["NAME"]
            say("size", mib=os.path.getsize(path) / 2**20)
            return
        if connection.vendor == "postgresql":
            cursor.execute("ANALYZE")
        try:
            cursor.execute(SIZES[connection.vendor])
            rows = cursor.fetchall()
        except Exception as error:  # who is no administrator is shown only so much
            cursor.execute(
                "SELECT table_name, data_length, index_length FROM information_schema.tables "
                "WHERE table_name LIKE 'streams%%'"
            )
            rows = [(n, d) for n, d, _ in cursor.fetchall()]
            say("size", note=type(error).__name__)
        for name, size in rows[:5]:
            say("size", of=name, mib=int(size) / 2**20)


def median(ask, times=21):
    """Milliseconds that a call takes, the first of them left out."""
    found = []
    for _ in range(times + 1):
        begun = time.monotonic()
        ask()
        found.append((time.monotonic() - begun) * 1e3)
    return statistics.median(found[1:])


def ask(count):
    """What a page, a reader who comes and an administrator ask of one stream."""
    from compat.streams import epochs, history, overview, store
    from compat.streams.models import Stream

    stream = Stream.objects.get(name="long")
    say(
        "asked, ms",
        head=median(lambda: epochs.position("long")),
        oldest=median(lambda: store.oldest("long")),
        last_page=median(lambda: history("long")),
        page_before_the_middle=median(lambda: history("long", before=count // 2)),
        admin_row=median(lambda: overview.facts([stream])),
        admin_entries=median(lambda: overview.entries(stream, count // 2, 51)),
        ls=median(lambda: call_command("streams", "ls", stdout=io.StringIO()), 3),
    )


def catch_up(count):
    from compat.streams import store

    begun, since = time.monotonic(), count // 2
    pages = []
    while since < min(count, count // 2 + CATCH_UP):
        at = time.monotonic()
        rows = store.read("long", since, PAGE)
        pages.append(time.monotonic() - at)
        since = rows[-1].seq
    say("catch-up", s=time.monotonic() - begun, ms_a_page=statistics.median(pages) * 1e3)


def trim(count, entries=0):
    """Half of it, or so many."""
    from django.db import connection

    from compat.streams import publish, retention, store

    waits, done = [], threading.Event()

    def publisher():
        while True:  # once, however soon the trim has ended
            at = time.monotonic()
            publish("long", BODY)
            waits.append(time.monotonic() - at)
            if done.wait(0.005):
                break
        connection.close()

    thread = threading.Thread(target=publisher)
    thread.start()
    begun = time.monotonic()
    left = store.head("long") - store.oldest("long") + 1 - entries if entries else count // 2
    removed = retention.trim("long", retention.limits(max_entries=left))
    took = time.monotonic() - begun
    done.set()
    thread.join()
    waits.sort()
    say(
        "trimmed",
        entries=removed,
        s=took,
        publishes=len(waits),
        p50_ms=waits[len(waits) // 2] * 1e3,
        p99_ms=waits[len(waits) * 99 // 100] * 1e3,
        longest_ms=waits[-1] * 1e3,
    )


def many(streams):
    from django.utils import timezone

    from compat.streams import epochs, lists, overview, publish
    from compat.streams.models import Entry, Stream

    rows = [
        Stream(name="%d:%d" % (streams, n), last_seq=1, size=2, epoch="e") for n in range(streams)
    ]
    Stream.objects.bulk_create(rows, batch_size=200)
    keys = Stream.objects.filter(name__startswith="%d:" % streams).values_list("pk", flat=True)
    now = timezone.now()
    rows = [Entry(stream_id=key, seq=1, body="{}", created=now) for key in keys]
    Entry.objects.bulk_create(rows, batch_size=200)
    some = random.Random(7)  # noqa: S311
    names = ["%d:%d" % (streams, some.randrange(streams)) for _ in range(2000)]
    begun, cpu = time.monotonic(), time.process_time()
    for name in names[:200]:
        publish(name, BODY)
    took, cpu = (time.monotonic() - begun) / 200, (time.process_time() - cpu) / 200
    begins = ["%d:%d" % (streams, place) for place in range(10, 100)]
    page = list(Stream.objects.order_by("name")[:50])
    say(
        "streams",
        of=streams,
        ms_a_publish=took * 1e3,
        cpu_ms=cpu * 1e3,
        ms_500_heads=median(lambda: epochs.positions(names[:500]), 7),
        ms_2000_heads=median(lambda: epochs.positions(names), 7),
        ms_a_list=median(lambda: lists.names_that_begin(begins[:1], 501), 7),
        ms_90_lists=median(lambda: lists.names_that_begin(begins, 501), 7),
        ms_admin_page=median(lambda: overview.facts(page), 7),
        s_ls=median(lambda: call_command("streams", "ls", stdout=io.StringIO()), 1) / 1e3,
    )


def work(spec):
    """All of it, in a process of its own with one database."""
    settings, options = json.loads(spec)
    configure(settings, "", layer=None)
    count = fill(options["entries"], options["minutes"], options["series"])
    sizes()
    ask(count)
    catch_up(count)
    trim(count, options["trim"])
    for number in options["streams"]:
        many(number)


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="python -m tests.labs.bench.long_log")
    parser.add_argument("entries", type=int)
    parser.add_argument("streams", type=lambda text: [int(n) for n in text.split(",") if n])
    parser.add_argument("databases", nargs="*", default=["sqlite", "postgresql", "mariadb"])
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--series", action="store_true")
    parser.add_argument("--trim", type=int, default=0, metavar="ENTRIES")
    parser.add_argument("--database", type=json.loads, metavar="JSON")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        found = databases(options.databases, folder)
        if options.database:
            migrate(options.database)
            found = [(options.database["ENGINE"], options.database)]
        for name, settings in found:
            print(name, flush=True)
            spec = json.dumps([settings, vars(options)])
            code = "from tests.labs.bench import long_log; import sys; long_log.work(sys.argv[1])"
            subprocess.check_call([sys.executable, "-W", "ignore", "-c", code, spec], cwd=ROOT)


if __name__ == "__main__":
    main()
