"""python -m tests.labs.notifications.publisher STREAM ENTRIES: prints the CPU seconds that took."""

import sys
import time

import compat

compat.install()

import django  # noqa: E402

django.setup()

from compat.streams import publish  # noqa: E402

BODY = {"text": "x" * 120}


def main(stream, entries):
    publish(stream, BODY)  # opens what is opened once
    cpu, began = time.process_time(), time.monotonic()
    for _ in range(int(entries)):
        publish(stream, BODY)
    print(time.process_time() - cpu, time.monotonic() - began)


if __name__ == "__main__":
    main(*sys.argv[1:])
