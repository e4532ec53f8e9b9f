"""
A process that publishes: python -m tests.labs.bench.publisher HOW '{"name": …, "lines": …}'.

HOW: batches (as the runner of deployments does it), single (one publish() a line), paced (the
same, one line every `interval` seconds), each for the site in BENCH_SITE; or group (paced, to a
plain group of either site). windowed (so many `ahead` of what all readers have, which they tell at
the socket `acks`) and together (in calls with many lines each, as well as the site can do it) are
for streams with `stream`, else for a group. `spread`: to so many streams in turn, whose number
stands for a "%d" of the name. Prints "ready", waits
for a line of input, publishes, and prints {"start": monotonic time, "seconds": …, "cpu": …}.
"""

import itertools
import json
import socket
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


def windowed(send, lines, ahead, listener):
    """Single lines, of which `ahead` may be on their way."""
    done = 0
    for number in range(1, lines + 1):
        while number - done > ahead:
            try:
                done = max(done, int(listener.recv(32)))
            except socket.timeout:
                done += 1  # somebody has missed a line
        send(line(number, lines))


def together(stream, group, lines, size=64):
    """All lines, `size` in a call."""
    texts = [line(number, lines) for number in range(1, lines + 1)]
    parts = [texts[at : at + size] for at in range(0, lines, size)]
    if stream:
        from compat.streams import publish_many

        for part in parts:
            publish_many(stream, [{"k": "out", "d": 1, "s": text + "\n"} for text in part])
        return
    from asgiref.sync import async_to_sync
    from channels.layers import get_channel_layer

    layer = get_channel_layer()

    async def one_by_one(pairs):
        for name, message in pairs:
            await layer.group_send(name, message)

    many = hasattr(type(layer), "group_send_many")
    send = async_to_sync(layer.group_send_many if many else one_by_one)
    for part in parts:
        send([(group, {"type": "line", "text": text}) for text in part])


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


def main(how, name, lines, interval=0.0, ahead=16, acks=None, stream=False, spread=0):
    import django
    from django.conf import settings

    django.setup()
    ours = stream if how in ("windowed", "together") else settings.OURS and how != "group"
    sender = our_sender if ours else stock_sender
    if how == "windowed":
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        listener.bind(acks)
        listener.settimeout(5)
    names = [name % number for number in range(spread)] if spread else [name]
    turns = itertools.cycle([sender(one) for one in names])
    send = (lambda text: next(turns)(text)) if spread else next(turns)
    # What the first call imports and connects is not what is measured.
    sender(names[0] + "-warm")("warm")
    print("ready", flush=True)
    sys.stdin.readline()
    cpu, start = time.process_time(), time.monotonic()
    if how == "batches":
        batches(name, lines)
    elif how == "windowed":
        windowed(send, lines, ahead, listener)
    elif how == "together":
        together(name if ours else None, name, lines)
    elif how in ("paced", "group"):
        paced(send, lines, interval)
    else:
        single(send, lines)
    spent = {"start": start, "seconds": time.monotonic() - start}
    print(json.dumps(dict(spent, cpu=time.process_time() - cpu)), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], **json.loads(sys.argv[2]))
