"""
python -m tests.labs.chaos.publisher NAME LEDGER SEED ENTRIES SECONDS STREAM...

Appends that many entries to the streams within about that time, now one at a time, now in bursts.
Started again with the same ledger it goes on where it was killed.
"""

import random
import sys
import time

import compat

compat.install()

import django  # noqa: E402

django.setup()

from compat.channel_layer._settings import NOTIFICATIONS  # noqa: E402
from compat.streams import publish_many  # noqa: E402
from tests.labs.chaos import ledger  # noqa: E402

PAUSE = 0.1  # seconds after an append that failed


def main(name, path, seed, entries, seconds, streams):
    before, _ = ledger.read(path)
    book = ledger.Ledger(path)
    book.begins(NOTIFICATIONS())
    tried = sum(len(batch.ids) for batch in before.values() if not batch.error)
    turn = len(before)
    chance = random.Random("%s %s %s" % (seed, name, turn))
    most = max(1, entries // 40)  # so that there is always something on its way
    began, begun = None, tried
    while tried < entries:
        number = min(chance.choice([1, 1, 1, 2, 5, 20, 60, 250]), entries - tried, most)
        stream = chance.choice(streams)
        batch = "%s-%d" % (name, turn)
        turn += 1
        book.tries(batch, stream, number)
        bodies = [
            {"k": "note", "id": "%s:%d" % (batch, n), "t": time.time()} for n in range(number)
        ]
        try:
            first, last = publish_many(stream, bodies)
        except Exception as error:
            book.failed(batch, error)
            time.sleep(PAUSE)
            continue
        book.committed(batch, first, last)
        tried += number
        # Not faster than the faults come; the first one, on a busy machine, takes its time.
        if began is None:
            began, begun = time.monotonic(), tried
        due = began + seconds * (tried - begun) / entries
        if due > time.monotonic():
            time.sleep(due - time.monotonic())
    book.done()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]), float(sys.argv[5]), sys.argv[6:])
