"""
What publish() costs: entries a second, and CPU of the publishers for each.

    python -m tests.labs.bench.publishing [seconds] [sqlite|postgresql|mariadb …]

One publisher, eight threads, four processes; all to one stream, and each to its own. The databases
write to the disk at each commit, as a site's do, and the layer is the pub/sub one. For comparison
`async_to_sync(group_send)`, which keeps nothing, with channels-redis' layer. COMPAT_GROUP=0
measures without group commit.
"""

import json
import os
import subprocess
import sys
import tempfile
import threading
import time

SHAPES = {"1 publisher": (1, 1), "8 threads": (1, 8), "4 processes": (4, 1)}
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))


LAYER = "compat.channel_layer.pubsub.RedisPubSubChannelLayer"
STOCK = "channels_redis.core.RedisChannelLayer"


def configure(database, redis_url, layer=LAYER):
    """Django, set up with that database."""
    import compat

    compat.install()
    if database["ENGINE"].endswith("mysql"):
        import pymysql

        pymysql.install_as_MySQLdb()
    from django.conf import settings

    settings.configure(
        SECRET_KEY="bench",
        USE_TZ=True,
        INSTALLED_APPS=["compat", "compat.streams", "channels", "django.contrib.contenttypes"],
        DATABASES={"default": database},
        STREAMS_GROUP_COMMIT=os.environ.get("COMPAT_GROUP", "1") == "1",
        CHANNEL_LAYERS={
            "default": {
                "BACKEND": layer,
                "CONFIG": {"hosts": [redis_url]},
            }
        }
        if layer
        else {},
    )
    import django

    django.setup()


def stock(name):
    """The call that is compared with."""
    from asgiref.sync import async_to_sync
    from channels.layers import get_channel_layer

    send = async_to_sync(get_channel_layer().group_send)
    return lambda number: send("group", {"type": "line", "text": "%d " % number + "." * 130})


def durable(name):
    from compat.streams import publish

    return lambda number: publish(name, {"k": "out", "s": "%d " % number + "." * 130})


def worker(spec):
    """One publishing process: tells how many it published and its CPU."""
    database, redis_url, kind, threads, seconds, streams, number = json.loads(spec)
    configure(database, redis_url, {"publish": LAYER, "group_send": STOCK}[kind])
    make = {"publish": durable, "group_send": stock}[kind]
    counts, ready = [0] * threads, threading.Barrier(threads + 1)

    def run(index):
        call = make("bench" if streams == 1 else "bench%d-%d" % (number, index))
        call(0)
        ready.wait()
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            call(counts[index])
            counts[index] += 1

    running = [threading.Thread(target=run, args=(index,)) for index in range(threads)]
    for thread in running:
        thread.start()
    ready.wait()
    begun, cpu = time.monotonic(), time.process_time()
    for thread in running:
        thread.join()
    print(json.dumps([sum(counts), time.monotonic() - begun, time.process_time() - cpu]))


def measure(database, redis_url, kind, shape, seconds, streams=1):
    """(calls a second, milliseconds of CPU for each)."""
    processes, threads = SHAPES[shape]
    started = []
    for number in range(processes):
        spec = json.dumps([database, redis_url, kind, threads, seconds, streams, number])
        command = [sys.executable, "-m", "tests.labs.bench.publishing", "--worker", spec]
        started.append(subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT))
    found = [json.loads(process.communicate()[0].decode()) for process in started]
    total = sum(count for count, _, _ in found)
    rate = sum(count / took for count, took, _ in found)
    return rate, sum(cpu for _, _, cpu in found) / max(1, total) * 1e3


def careful(server, *options):
    """The server again, with commits that wait for the disk."""
    from tests.support.wait import wait_until

    server.stop()
    server.command = [word for word in server.command if "flush-log" not in word]
    server.command += options
    server.start()
    wait_until(server._connects, what="the database")
    return server


def databases(names, folder):
    """(name, Django's settings), with their tables."""
    from tests.support.databases import MariaDB, PostgreSQL

    for name in names:
        if name == "sqlite":
            settings = {
                "ENGINE": "django.db.backends.sqlite3",
                "NAME": os.path.join(folder, "db.sqlite3"),
                "OPTIONS": {"timeout": 20},
            }
        else:
            server = PostgreSQL() if name == "postgresql" else MariaDB()
            more = ["-c", "fsync=on"] if name == "postgresql" else []
            settings = careful(server, *more).new_database()
        migrate(settings)
        yield name, settings


def migrate(settings):
    """Make the tables of the database with those settings."""
    code = "from tests.labs.bench import publishing as p; p.configure(%r, '')\n" % (settings,)
    code += "from django.core.management import call_command as c; c('migrate', verbosity=0)\n"
    if settings["ENGINE"].endswith("sqlite3"):
        code += "from django.db import connection as d\n"
        code += "d.cursor().execute('PRAGMA journal_mode=WAL')\n"
    subprocess.check_call([sys.executable, "-W", "ignore", "-c", code], cwd=ROOT)


def main(seconds="3", *names):
    from tests.support.redis import Redis

    names = names or ("sqlite", "postgresql", "mariadb")
    with tempfile.TemporaryDirectory() as folder:
        redis = Redis(folder)
        print("| | | calls/s | CPU ms a call |\n|---|---|---|---|")
        for name, settings in databases(names, folder):
            for shape in SHAPES:
                for streams in (1, 2) if shape != "1 publisher" else (1,):
                    rate, cpu = measure(
                        settings, redis.url, "publish", shape, float(seconds), streams
                    )
                    where = "one stream" if streams == 1 else "a stream each"
                    print("| %s | %s, %s | %d | %.2f |" % (name, shape, where, rate, cpu))
                    sys.stdout.flush()
        for shape in SHAPES:
            rate, cpu = measure(settings, redis.url, "group_send", shape, float(seconds))
            print("| group_send | %s | %d | %.2f |" % (shape, rate, cpu))
        redis.stop()


if __name__ == "__main__":
    if sys.argv[1:2] == ["--worker"]:
        worker(sys.argv[2])
    else:
        main(*sys.argv[1:])
