"""Steps that a test asks for one by one: a process that publishes and trims, run by site/run.py."""

import json
import sys

from django.core.management import call_command
from django.db import transaction

from compat.streams import publish, publish_many, retention
from compat.streams.models import Entry, Stream


def steps():
    """Read lines [name, arguments…] and answer each with a line, until the input ends."""
    for line in sys.stdin:
        name, *arguments = json.loads(line)
        STEPS[name](*arguments)
        print("done", flush=True)


def trim(stream, entries):
    """Keep that many."""
    retention.trim(stream, retention.limits(max_entries=entries))


def epoch(stream):
    """As `manage.py streams epoch` after a backup was restored."""
    call_command("streams", "epoch", stream, verbosity=0)


def forget(stream):
    """As in a database that was restored from a backup of before."""
    Entry.objects.filter(stream__name=stream).delete()
    Stream.objects.filter(name=stream).delete()


def publish_size(stream, entries, characters):
    """So many entries of so many characters each."""
    for _ in range(entries):
        publish(stream, "x" * characters)


def publish_in_vain(stream, body):
    """In a transaction that is rolled back."""
    with transaction.atomic():
        publish(stream, body)
        transaction.set_rollback(True)


def publish_in_one(stream, bodies):
    """One after the other in a transaction, a part of which is rolled back."""
    with transaction.atomic():
        for body in bodies:
            publish(stream, body)
        with transaction.atomic():
            publish(stream, "of the part")
            transaction.set_rollback(True)


STEPS = {
    "publish": publish,
    "publish_many": publish_many,
    "publish_size": publish_size,
    "publish_in_vain": publish_in_vain,
    "publish_in_one": publish_in_one,
    "trim": trim,
    "forget": forget,
    "epoch": epoch,
}
