"""Scenarios of retention; run as those of appending.py are."""

import threading
from datetime import timedelta

from django.core.management import CommandError, call_command
from django.db import connection
from django.test import override_settings
from django.utils import timezone
from django.utils.six import StringIO

from compat.streams import epochs, head, oldest, publish, publish_many, read, retention
from compat.streams.models import Entry, Stream


def kept(stream):
    """[oldest, head, sequence numbers of what is there, whether the size is that of the bodies]."""
    rows, since = [], 0
    while True:
        page = read(stream, since)
        if not page:
            break
        rows += page
        since = page[-1].seq
    size = sum(len(row.json_text) for row in rows)
    exact = Stream.objects.get(name=stream).size == size
    return [oldest(stream), head(stream), [row.seq for row in rows], exact]


def trim_and_look(stream, **wanted):
    removed = retention.trim(stream, retention.limits(**wanted))
    return [removed] + kept(stream)


def trim_by_number(stream):
    results = [oldest(stream), retention.trim(stream, retention.limits(max_entries=1))]
    publish_many(stream, range(2500))
    results.append(trim_and_look(stream, max_entries=3000))
    results.append(trim_and_look(stream, max_entries=5))
    results.append(trim_and_look(stream, max_entries=0))
    results.append([publish(stream, "x"), oldest(stream)])
    return results


def trim_by_age(stream):
    publish_many(stream, range(100))
    old = timezone.now() - timedelta(days=2)
    Entry.objects.filter(stream__name=stream, seq__lte=37).update(created=old)
    results = [
        trim_and_look(stream, max_age=timedelta(days=3)),
        trim_and_look(stream, max_age=1e300),
    ]
    results.append(trim_and_look(stream, max_age=86400.0))
    Entry.objects.filter(stream__name=stream).update(created=old)
    results.append(trim_and_look(stream, max_age=timedelta(days=1)))
    return results


def trim_by_age_at_every_entry(stream, count):
    """[where the young begin, the oldest that is kept] for every place, some at a stride's end."""
    retention.STRIDE = 5
    old = timezone.now() - timedelta(days=2)
    results = []
    for place in range(count + 1):
        name = f"{stream}-{place}"
        publish_many(name, range(count))
        Entry.objects.filter(stream__name=name, seq__lte=place).update(created=old)
        removed = retention.trim(name, retention.limits(max_age=timedelta(days=1)))
        results.append([place, removed, oldest(name) - 1])
    return results


def trim_by_age_where_not_all_is_well(stream):
    """A clock that was wrong for a while, and missing entries: neither makes others old."""
    retention.STRIDE = 7
    publish_many(stream, range(100))
    entries = Entry.objects.filter(stream__name=stream)
    old = timezone.now() - timedelta(days=2)
    day = {"max_age": timedelta(days=1)}
    entries.filter(seq__gte=40, seq__lt=60).update(created=old)
    results = [retention.trim(stream, retention.limits(**day))]
    entries.filter(seq__gte=45, seq__lt=55).delete()
    results.append(retention.trim(stream, retention.limits(**day)))
    entries.filter(seq__lt=58).update(created=old)
    results += [retention.trim(stream, retention.limits(**day)), oldest(stream)]
    entries.filter(seq=60).update(created=old)
    entries.filter(seq__gt=60, seq__lte=70).delete()
    return results + [retention.trim(stream, retention.limits(**day)), oldest(stream)]


def trim_by_size(stream):
    publish_many(stream, ["x" * 98] * 2000)  # a hundred characters each, with the quotes
    results = [trim_and_look(stream, max_bytes=200000), trim_and_look(stream, max_bytes=40050)]
    results.append(trim_and_look(stream, max_bytes=99))
    return results


def trim_while_others_write_and_trim(stream):
    """Two trimmers and two writers at once; what is left is the end, without a hole."""
    errors = []

    def work(function):
        try:
            for _ in range(20):
                function()
        except Exception as error:
            errors.append(repr(error))
        finally:
            connection.close()

    few = retention.limits(max_entries=10)
    retention.PIECE = 7
    works = [lambda: publish_many(stream, range(25)), lambda: retention.trim(stream, few)] * 2
    publish(stream, 0)
    threads = [threading.Thread(target=work, args=(one,)) for one in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    retention.trim(stream, few)
    return errors, kept(stream)


def command(*arguments, name="streams_trim", **options):
    output = StringIO()
    try:
        call_command(name, *arguments, stdout=output, **options)
    except CommandError as error:
        return str(error)
    return output.getvalue().splitlines()


def trim_by_command(stream):
    other, third = stream + "-b", "third" + stream
    for name in (stream, other, third):
        publish_many(name, range(30))
    results = [command(), command(max_age="3 days"), command(max_bytes="1x"), command("nobody")]
    keep = {stream + "*": {"max_entries": 10}, "*": {"max_age": timedelta(days=1)}}
    with override_settings(STREAMS_KEEP=keep):
        results += [command(dry_run=True), command(stream), command()]
    results.append(command(other, max_entries="3"))
    for wrong in ([1], {"*": {"max_count": 1}}, {"*": {"max_bytes": -1}}, {"*": 3}):
        with override_settings(STREAMS_KEEP=wrong):
            results.append(command())
    return results + [kept(name)[:2] for name in (stream, other, third)]


def trim_what_is_no_name(stream):
    return [command(name, max_entries="1") for name in ("näch\nste", "x" * 191, stream)]


def streams_by_command(stream):
    name = stream + "聊天室"

    def streams(*arguments):
        return command(*arguments, name="streams")

    results = [[
        streams("publish", name, '{"a": 0}'),
        streams("publish", name, '{"a": [1]}'),
        streams("publish", name, "not JSON", "--text"),
    ]]  # fmt: skip
    results += [streams("tail", name, "-n", "2"), streams("tail", stream), streams("ls")]
    before = epochs.position(name).epoch
    results += [streams("trim", name, "--max-entries", "1"), streams("epoch", name)]
    named = epochs.position(name).epoch
    streams("epoch", "--all")
    results.append([named != before, epochs.position(name).epoch != named])
    return results + [
        streams("publish", name, "not JSON"),
        streams("publish", "a\nb", "1"),
        streams("ls", "nobody"),
        streams("epoch", "nobody"),
        streams("epoch"),
        streams("epoch", name, "--all"),
        streams("tail", name, "-n", "-1"),
        streams("tail", "\udcff"),
    ]


def tail_by_command(stream):
    call_command("streams", "tail", stream, "-f")


def new_epoch(stream):
    call_command("streams", "epoch", stream, verbosity=0)


def backfilled(stream):
    """The size of a stream that was there before the column."""
    publish_many(stream, ["abc", "de"])
    call_command("migrate", "streams", "0001", verbosity=0)
    call_command("migrate", "streams", verbosity=0)
    return kept(stream)
