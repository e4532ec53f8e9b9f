"""
What a newer msgpack saves: python -m tests.labs.bench.packing [--newer VERSION] [--rounds 3].

A process that sends to a group with ten members of its own over a real Redis, with the pinned
msgpack and with VERSION (which pip puts into var/bench when it is first needed; a folder that has
one does as well), in turn. Prints the CPU of a call to group_send(), of receiving what it sent, all
ten times, and of msgpack by itself: medians in µs, and the ratio of neighbouring turns. With the
pub/sub layer much of what is received is read while it sends.
"""

import argparse
import asyncio
import collections
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

from . import kernel
from .failure import Failed
from .processes import ROOT

MEMBERS, BATCH = 10, 50  # of channels_redis' 100 places in a queue
SHORT = {"type": "line", "text": "." * 140}
ROWS = [{"id": n, "name": "service %d" % n, "state": "running", "done": True} for n in range(50)]
MESSAGES = collections.OrderedDict(
    [("a short message", SHORT), ("50 dicts of four keys", {"type": "rows", "rows": ROWS})]
)
LAYERS = collections.OrderedDict(
    [
        ("channels-redis' layer", "channels_redis.core.RedisChannelLayer"),
        ("pub/sub layer", "compat.channel_layer.pubsub.RedisPubSubChannelLayer"),
    ]
)
NEWER = "1.1.2" if sys.version_info < (3, 10) else "1.2.4"


async def _talk(layer, message, batches):
    """(CPU seconds of a call, of receiving it everywhere)."""
    members = [await layer.new_channel() for _ in range(MEMBERS)]
    for member in members:
        await layer.group_add("all", member)
    sending = receiving = 0.0
    for number in range(batches + 1):
        begun = time.process_time()
        for _ in range(BATCH):
            await layer.group_send("all", message)
        sent = time.process_time()
        for member in members:
            for _ in range(BATCH):
                assert await layer.receive(member) == message
        if number:  # the first one connects and imports
            sending += sent - begun
            receiving += time.process_time() - sent
    for member in members:
        await layer.group_discard("all", member)
    return sending / batches / BATCH, receiving / batches / BATCH


def work(spec):
    """One side, in a process of its own: prints {row: µs of CPU} and the version as JSON."""
    import compat

    compat.install()
    import msgpack
    from django.utils.module_loading import import_string

    url, batches = json.loads(spec)
    found = []
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    for name, message in MESSAGES.items():
        begun = time.process_time()
        for _ in range(batches * BATCH):
            msgpack.unpackb(msgpack.packb(message, use_bin_type=True), raw=False)
        cpu = (time.process_time() - begun) / batches / BATCH
        found.append(("%s: msgpack by itself, packing and unpacking" % name, cpu * 1e6))
        for title, path in LAYERS.items():
            layer = import_string(path)(hosts=[url], prefix="packing")
            both = loop.run_until_complete(_talk(layer, message, batches))
            for what, cpu in zip(("sending", "receiving, all ten"), both):
                found.append(("%s, %s: %s" % (name, title, what), cpu * 1e6))
    print(json.dumps([".".join(map(str, msgpack.version[:3])), found]))
    sys.stdout.flush()
    os._exit(0)  # the layers' connections need no farewell


def newer(version):
    """The folder of a msgpack; made if there is none."""
    if os.path.isdir(version):
        return os.path.abspath(version)
    name = "msgpack-%s-python%d.%d" % ((version,) + sys.version_info[:2])
    folder = os.path.join(ROOT, "var", "bench", name)
    if not os.path.isdir(os.path.join(folder, "msgpack")):
        pip = [sys.executable, "-m", "pip", "install", "-q", "--disable-pip-version-check"]
        pip += ["--no-deps", "--target", folder, "msgpack==" + version]
        if subprocess.call(pip):
            raise Failed("msgpack %s cannot be installed" % version)
    return folder


def measure(url, folder, batches):
    """(the version, {row: µs}) of a process, with the msgpack of a folder or the pinned one."""
    code = "import sys; from tests.labs.bench import packing; packing.work(sys.argv[1])"
    path = os.pathsep.join([folder, ROOT] if folder else [ROOT])
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code, json.dumps([url, batches])],
        cwd=ROOT,
        env=dict(os.environ, PYTHONPATH=path),
        stdout=subprocess.PIPE,
        universal_newlines=True,
    )
    if done.returncode:
        raise Failed("the process that sends and receives has failed")
    version, rows = json.loads(done.stdout)
    return version, collections.OrderedDict(rows)


def table(sides):
    """The lines of the table: of [(version, [{row: µs} of each round])], the pinned one first."""
    (old, before), (new, after) = sides
    lines = ["| CPU, µs | %s | %s | ratio |" % (old, new), "|---|---|---|---|"]
    for row in before[0]:
        pair = [statistics.median(one[row] for one in side) for side in (before, after)]
        ratio = statistics.median(mine[row] / was[row] for was, mine in zip(before, after))
        lines.append("| %s | %.1f | %.1f | %.2f× |" % (row, pair[0], pair[1], ratio))
    return lines


def main(arguments=None):
    from tests.support.redis import Redis

    parser = argparse.ArgumentParser(prog="python -m tests.labs.bench.packing")
    parser.add_argument("--newer", default=NEWER, metavar="VERSION", help=NEWER)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--batches", type=int, default=20, help="of 50 calls each (20)")
    options = parser.parse_args(arguments)
    try:
        folders = [None, newer(options.newer)]
        sides, loads = [(None, []), (None, [])], []
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            redis = Redis(folder)
            try:
                for number in range(options.rounds):
                    loads.append(kernel.load())
                    for side in (0, 1) if number % 2 else (1, 0):
                        version, rows = measure(redis.url, folders[side], options.batches)
                        sides[side] = (version, sides[side][1] + [rows])
            finally:
                redis.stop()
    except Failed as error:
        print("packing: %s" % error, file=sys.stderr)
        return 1
    print("\n".join(table(sides)))
    spread = (sys.version.split()[0], options.rounds, min(loads), max(loads))
    print("Python %s, %d rounds, load average %.1f–%.1f" % spread)
    return 0


if __name__ == "__main__":
    sys.exit(main())
