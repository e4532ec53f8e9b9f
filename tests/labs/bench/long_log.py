"""
A stream of very many entries, and very many streams: what they cost.

    python -m tests.labs.bench.long_log ENTRIES STREAMS [sqlite|postgresql|mariadb …]

Fills one stream with ENTRIES in batches of 1,000, reads 10,000 from its middle as a reader who
catches up does, and trims half of it while somebody publishes to it; then makes STREAMS streams of
one entry each, publishes to some of them, and asks for the heads of 500. Databases write to the
disk at each commit. `--minutes 10` ends the filling after that time.
"""

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time

from .publishing import ROOT, configure, databases

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


def fill(entries, minutes):
    from compat.streams import publish_many

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


def trim(count):
    from django.db import connection

    from compat.streams import publish, retention

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
    removed = retention.trim("long", retention.limits(max_entries=count // 2))
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

    from compat.streams import epochs, publish
    from compat.streams.models import Entry, Stream

    rows = [
        Stream(name="%d:%d" % (streams, n), last_seq=1, size=2, epoch="e") for n in range(streams)
    ]
    Stream.objects.bulk_create(rows, batch_size=200)
    keys = Stream.objects.filter(name__startswith="%d:" % streams).values_list("pk", flat=True)
    now = timezone.now()
    rows = [Entry(stream_id=key, seq=1, body="{}", created=now) for key in keys]
    Entry.objects.bulk_create(rows, batch_size=200)
    names = ["%d:%d" % (streams, random.randrange(streams)) for _ in range(500)]  # noqa: S311
    begun, cpu = time.monotonic(), time.process_time()
    for name in names[:200]:
        publish(name, BODY)
    took, cpu = (time.monotonic() - begun) / 200, (time.process_time() - cpu) / 200
    begun = time.monotonic()
    epochs.positions(names)
    heads = time.monotonic() - begun
    say("streams", of=streams, ms_a_publish=took * 1e3, cpu_ms=cpu * 1e3, ms_500_heads=heads * 1e3)


def work(spec):
    """All of it, in a process of its own with one database."""
    settings, entries, streams, minutes = json.loads(spec)
    configure(settings, "", layer=None)
    count = fill(entries, minutes)
    sizes()
    catch_up(count)
    trim(count)
    for number in streams:
        many(number)


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="python -m tests.labs.bench.long_log")
    parser.add_argument("entries", type=int)
    parser.add_argument("streams", type=lambda text: [int(n) for n in text.split(",")])
    parser.add_argument("databases", nargs="*", default=["sqlite", "postgresql", "mariadb"])
    parser.add_argument("--minutes", type=float, default=10)
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        for name, settings in databases(options.databases, folder):
            print(name, flush=True)
            spec = json.dumps([settings, options.entries, options.streams, options.minutes])
            code = "from tests.labs.bench import long_log; import sys; long_log.work(sys.argv[1])"
            subprocess.check_call([sys.executable, "-W", "ignore", "-c", code, spec], cwd=ROOT)


if __name__ == "__main__":
    main()
