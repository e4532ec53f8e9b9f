"""
A process that publishes: python -m tests.labs.bench.publisher HOW '{"name": …, "lines": …}'.

HOW: batches (as the runner of deployments does it), single (one publish() a line), paced (the
same, one line every `interval` seconds), each for the site in BENCH_SITE; or group (paced, to a
plain group of either site). Prints "ready", waits
for a line of input, publishes, and prints {"start": monotonic time, "seconds": …, "cpu": …}.
"""

import json
import sys
import threading
import time

from . import site  # noqa: F401  the repairs come before Django
from .lines import line

READ_SIZE = 64 * 1024


def stock_sender(group):
    """send(text): as a view or command of a stock site does it."""
    from asgiref.sync import async_to_sync
    from channels.layers import get_channel_layer

    send = async_to_sync(get_channel_layer().group_send)
    return lambda text: send(group, {"type": "line", "text": text})


def our_sender(stream):
    """send(text): one entry of a deployment's output."""
    from compat.streams import publish

    return lambda text: publish(stream, {"k": "out", "d": 1, "s": text + "\n"})


def single(send, lines):
    """Every line by itself, as fast as it goes."""
    for number in range(1, lines + 1):
        send(line(number, lines))


def paced(send, lines, interval):
    """One line every `interval` seconds."""
    start = time.monotonic()
    for number in range(1, lines + 1):
        left = start + number * interval - time.monotonic()
        if left > 0:
            time.sleep(left)
        send(line(number, lines))


def batches(stream, lines):
    """A command prints all lines at once: through the runner's own outbox into the log."""
    from compat.streams import publish_many
    from deploy.output import Outbox

    outbox = Outbox()
    output = "".join(line(number, lines) + "\n" for number in range(1, lines + 1)).encode()

    def feed():
        for start in range(0, len(output), READ_SIZE):
            while not outbox.has_room(1):
                pass
            outbox.feed(output[start : start + READ_SIZE])
        outbox.close()

    thread = threading.Thread(target=feed, daemon=True)
    thread.start()
    for texts in iter(outbox.take, None):
        publish_many(stream, [{"k": "out", "d": 1, "s": text} for text in texts])
    thread.join()


def main(how, name, lines, interval=0.0):
    import django
    from django.conf import settings

    django.setup()
    sender = our_sender if settings.OURS and how != "group" else stock_sender
    send = sender(name)
    # What the first call imports and connects is not what is measured.
    sender(name + "-warm")("warm")
    print("ready", flush=True)
    sys.stdin.readline()
    cpu, start = time.process_time(), time.monotonic()
    if how == "batches":
        batches(name, lines)
    elif how in ("paced", "group"):
        paced(send, lines, interval)
    else:
        single(send, lines)
    spent = {"start": start, "seconds": time.monotonic() - start}
    print(json.dumps(dict(spent, cpu=time.process_time() - cpu)), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], **json.loads(sys.argv[2]))
