"""Scenarios of logs that begin anew under their readers; run as those of following.py are."""

from django.core.management import call_command
from django.db import transaction

from compat.streams import epochs, publish, publish_many
from compat.streams.models import Entry, Stream

from .following import Collector, in_loop, in_thread, stop


@transaction.atomic
def go_back(stream, head):
    """As a database that was restored from a backup: with the epoch of then."""
    Entry.objects.filter(stream__name=stream, seq__gt=head).delete()
    Stream.objects.filter(name=stream).update(last_seq=head)


@transaction.atomic  # nobody sees one half of it
def delete(stream):
    Entry.objects.filter(stream__name=stream).delete()
    Stream.objects.filter(name=stream).delete()


@transaction.atomic
def delete_and_make_anew(stream):
    delete(stream)
    publish_many(stream, ["anew"] * 12)


HISTORIES = {
    "back": lambda stream: go_back(stream, 3),
    "deleted": delete,
    "anew": delete_and_make_anew,
    "command": lambda stream: call_command("streams", "epoch", stream, verbosity=0),
}


@in_loop
async def another_history(stream, way):
    """
    The log is not the one that readers have seen, which each of them is told in its own way: one
    that knows of epochs, one of before, and a plain one.
    """
    await in_thread(publish_many, stream, range(10))
    first = (await in_thread(epochs.position, stream)).epoch
    reader, old, plain = (
        Collector(stream, 0, epoch=""), Collector(stream, 0), Collector(stream, 10, str)
    )  # fmt: skip
    for collector in (reader, old, plain):
        await collector.follower.start()
    await reader.until(lambda c: len(c.entries) == 10 and "live" in c.kinds())
    # Not behind, so that it may not be beyond the head when it comes back.
    await in_thread(HISTORIES[way], stream)
    await reader.until(lambda c: c.kinds()[-1] == "live" and "reset" in c.kinds())
    await old.until(lambda c: c.closed)
    await in_thread(publish, stream, "next")
    await reader.until(lambda c: c.entries[-1:] == ["next"])
    await plain.until(lambda c: c.frames)
    second = (await in_thread(epochs.position, stream)).epoch
    assert second and second != first
    # Later, a page that was asleep meanwhile: it is where the log has grown past its number, too.
    asleep, beyond = (
        Collector(stream, 1, epoch=first), Collector(stream, 100, epoch=second)
    )  # fmt: skip
    for collector in (asleep, beyond):
        await collector.follower.start()
        await collector.until(lambda c: c.entries == reader.entries and c.kinds()[-1] == "live")
    said = [collector.frames[0] for collector in (asleep, beyond)]
    assert said == [{"type": "reset", "stream": stream, "epoch": second}] * 2
    assert {frame["epoch"] for frame in asleep.frames} == {second}
    awake = Collector(stream, 1, epoch=second)
    await awake.follower.start()
    await awake.until(lambda c: c.entries == reader.entries[1:])
    assert "reset" not in awake.kinds()
    await stop(reader, plain, asleep, beyond, awake)
    resets = [frame["epoch"] for frame in reader.frames if frame["type"] == "reset"]
    return reader.entries, old.closed, plain.frames, len(resets)


@in_loop
async def histories_of_before(stream):
    """A stream that a process of the version before made has no epoch, and gets one unnoticed."""
    collector = Collector(stream, 0, epoch="")
    await collector.follower.start()
    await collector.until(lambda c: "live" in c.kinds())
    await in_thread(publish_many, stream, range(3))
    await collector.until(lambda c: len(c.entries) == 3)
    unheard = stream + "b"
    await in_thread(lambda: Stream.objects.create(name=unheard, last_seq=0, size=0, epoch=None))
    other = Collector(unheard, 0, epoch="")
    await other.follower.start()
    await other.until(lambda c: "live" in c.kinds())
    await in_thread(publish, unheard, 0)
    await other.until(lambda c: len(c.entries) == 1)
    await stop(collector, other)
    epoch = (await in_thread(epochs.position, unheard)).epoch
    return [frame.get("epoch") == epoch for frame in other.frames], collector.kinds()
