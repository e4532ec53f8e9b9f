"""Steps that a test asks for one by one: a process that publishes and trims, run by site/run.py."""

import json
import sys

from django.core.management import call_command

from compat.streams import publish, retention
from compat.streams.models import Entry, Stream


def steps():
    """Read lines [name, arguments…] and answer each with a line, until the input ends."""
    for line in sys.stdin:
        name, *arguments = json.loads(line)
        {"publish": publish, "trim": trim, "forget": forget, "epoch": epoch}[name](*arguments)
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
