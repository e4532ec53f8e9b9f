"""
What telling other processes of an entry costs: python -m tests.labs.notifications

One line of JSON for each way: CPU of the publisher, of a daphne with one reader, and of the
servers, for each entry that is published alone. Then what NOTIFY costs writers who wait for the
disk: in the transaction, after it, and without.
"""

import argparse
import json
import os
import tempfile
import threading
import time

import websocket

from tests.support import commands
from tests.support.databases import PostgreSQL
from tests.support.redis import Redis
from tests.support.servers import HOST
from tests.support.sites.streams import Site
from tests.support.wait import wait_until

WAYS = ("layer", "postgresql", "none")


def cpu_of(pid):
    """CPU seconds of a process and its children, those that have ended included."""
    total = 0
    for one in os.listdir("/proc"):
        if one.isdigit():
            try:
                with open("/proc/%s/stat" % one) as text:
                    fields = text.read().rsplit(")", 1)[1].split()
            except OSError:
                continue
            if int(one) == pid:
                total += sum(map(int, fields[11:15]))
            elif int(fields[1]) == pid:
                total += sum(map(int, fields[11:13]))
    return total / os.sysconf("SC_CLK_TCK")


def settled(pid):
    """cpu_of(), once the process rests."""
    before = cpu_of(pid)
    while True:
        time.sleep(0.3)
        now = cpu_of(pid)
        if now - before < 0.02:
            return now
        before = now


def measure(way, server, redis, folder, entries):
    """The costs of one way, as a dict; times in microseconds of CPU for an entry."""
    layer = json.dumps([[HOST, redis.port]]) if way == "layer" else ""
    site = Site(server.new_database(), folder, layer, notifications=way, poll=2)
    site.run("migrate")
    stream = "lab"
    daphne = site.daphne()
    reader = websocket.create_connection(
        "ws://%s:%d/ws/%s/?since=0" % (HOST, daphne.port, stream), timeout=60
    )
    got, frames = 0, 0

    def read():
        nonlocal got, frames
        while got < entries + 1:
            frame = json.loads(reader.recv())
            if frame["type"] == "entries":
                got, frames = got + len(frame["bodies"]), frames + 1

    reading = threading.Thread(target=read)
    reading.start()
    watched = {"daphne": daphne.process.pid, "postgresql": server.process.pid}
    watched["redis"] = redis.process.pid
    before = {name: settled(pid) for name, pid in watched.items()}
    done = commands.run(
        "-m", "tests.labs.notifications.publisher", stream, str(entries), env=site.env
    )
    assert done.returncode == 0, done.stderr
    cpu, seconds = map(float, done.stdout.split())
    reading.join(60)
    assert got == entries + 1, got
    costs = {name: settled(pid) - before[name] for name, pid in watched.items()}
    reader.close()
    site.close()
    found = {"way": way, "entries": entries, "frames": frames}
    found["publish_us"] = round(cpu / entries * 1e6, 1)
    found.update({name + "_us": round(cost / entries * 1e6, 1) for name, cost in costs.items()})
    found["entries_per_second"] = round(entries / seconds)
    return found


def commits(server, where, writers, seconds):
    """Transactions a second of so many writers, each with rows of its own, as a dict."""
    database = server.new_database()
    made = [0] * writers

    def connect():
        return server.driver.connect(
            host=HOST, port=server.port, user=database["USER"], dbname=database["NAME"]
        )

    with connect() as one, one.cursor() as cursor:
        cursor.execute("CREATE TABLE log (writer int, body text)")
    one.commit()
    one.close()

    def write(number):
        one = connect()
        cursor, end = one.cursor(), time.monotonic() + seconds
        while not made[number] or time.monotonic() < end:
            cursor.execute("INSERT INTO log VALUES (%s, %s)", (number, "x" * 120))
            if where == "in":
                cursor.execute("SELECT pg_notify('lab', 'x')")
            one.commit()
            if where == "after":
                one.autocommit = True
                cursor.execute("SELECT pg_notify('lab', 'x')")
                one.autocommit = False
            made[number] += 1
        one.close()

    threads = [threading.Thread(target=write, args=(number,)) for number in range(writers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return {"notify": where, "writers": writers, "commits_per_second": round(sum(made) / seconds)}


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="python -m tests.labs.notifications", description=__doc__)
    parser.add_argument("--entries", type=int, default=3000)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--writers", type=int, default=8)
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        redis, server = Redis(folder), PostgreSQL()
        try:
            for way in WAYS:
                print(json.dumps(measure(way, server, redis, folder, options.entries)), flush=True)
            server.stop()
            server.command[server.command.index("fsync=off")] = "fsync=on"
            server.start()
            wait_until(server._connects, what="PostgreSQL")
            for where in ("none", "in", "after"):
                found = commits(server, where, options.writers, options.seconds)
                print(json.dumps(found), flush=True)
        finally:
            redis.stop()
            server.stop()


if __name__ == "__main__":
    main()
