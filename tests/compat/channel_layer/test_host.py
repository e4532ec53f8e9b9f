"""What a host asks of its Redis for groups and marks; what it asks is noted, and nobody answers."""

import asyncio

import pytest
from aioredis.errors import ReplyError

from compat.channel_layer import host, plans
from compat.channel_layer.host import Host
from compat.channel_layer.pubsub import RedisPubSubChannelLayer

DAY = 86400


class Clock:
    wall, now = 1000000.5, 50.0

    def time(self):
        return self.wall

    def monotonic(self):
        return self.now


class Commands:
    """`known`: the value of the key of the marks; `trouble`: what asking raises."""

    def __init__(self):
        self.asked, self.known, self.trouble, self.closed = [], b"1", None, 0

    async def ask(self, script, keys, args):
        await asyncio.sleep(0)
        if self.trouble is not None:
            raise self.trouble
        self.asked.append((script, keys, args))

    async def get(self, key):
        if self.trouble is not None:
            raise self.trouble
        return self.known

    def close(self):
        self.closed += 1

    async def stop(self):
        self.closed += 1

    def marked(self):
        """The groups that were marked, for each time."""
        return [args[4:] for script, _, args in self.asked if script is plans.MARK_GROUPS]

    def left(self):
        return [args for script, _, args in self.asked if script is plans.LEAVE]


class Subscription:
    def __init__(self):
        self.names, self.trouble = [], None

    async def add(self, name, receive):
        if self.trouble is not None:
            raise self.trouble
        self.names.append(name)

    def remove(self, name):
        self.names.remove(name)

    async def stop(self):
        self.names = None


@pytest.fixture
def one(run, monkeypatch):
    monkeypatch.setattr(host, "time", Clock())
    layer = RedisPubSubChannelLayer(hosts=[("127.0.0.1", 1)], group_expiry=DAY)

    async def make():
        return Host(layer, 0, "name", print, print)

    one = run(make())
    one.commands, one.subscription = Commands(), Subscription()
    return one


def join(one, *groups):
    async def main():
        for group in groups:
            await one.join(group, "channel." + group, "mark." + group, print)

    return main()


def test_a_mark_looks_old_to_others_and_lives_for_as_long_as_theirs(one, run):
    run(join(one, "news"))
    ((script, keys, args),) = one.commands.asked
    assert script is plans.MARK_GROUPS and one.subscription.names == ["channel.news"]
    assert keys == [one.mark_key, one.layer._group_key("news")]
    at, since, seconds, of_key, mark = args
    assert at == 1000000.5 - DAY + host.MARK_SECONDS and mark == "mark.news"
    assert (since, seconds, of_key) == (1000000 - DAY, DAY, host.MARK_SECONDS)
    assert one.unmarked == set()
    one.layer.group_expiry = host.MARK_SECONDS - 1
    run(join(one, "news"))
    assert one.commands.asked[1][2][0] == 1000000.5  # no mark is of the future


def test_who_cannot_subscribe_marks_nothing(one, run):
    one.subscription.trouble = OSError("away")
    with pytest.raises(OSError, match="away"):
        run(join(one, "news"))
    run(asyncio.sleep(0))
    assert one.commands.asked == []


def test_who_cannot_be_marked_is_subscribed_and_marked_later(one, run, caplog):
    one.commands.trouble = OSError("no room")
    run(join(one, "news"))
    assert one.subscription.names == ["channel.news"] and one.unmarked == {"news"}
    assert "may not reach our groups: OSError: no room" in caplog.text
    one.commands.trouble = None
    run(one._beat())
    assert one.commands.marked() == [["mark.news"]] and one.unmarked == set()


def test_members_leave_and_with_the_last_the_mark(one, run):
    run(join(one, "news", "weather"))
    members = ["a"]
    run(one.leave("news", None, members))
    assert one.commands.left() == [["a"]] and len(one.subscription.names) == 2
    one.unmarked.add("news")
    run(one.leave("news", "channel.news", members))
    assert one.commands.left()[1:] == [["a", "mark.news"]] and members == ["a"]
    assert one.subscription.names == ["channel.weather"] and one.unmarked == set()
    run(one.leave("weather", None, []))
    assert len(one.commands.left()) == 2  # nothing to be said


def test_who_comes_back_while_the_mark_is_removed_is_marked_again(one, run):
    run(join(one, "news"))

    async def main():
        leaving = asyncio.ensure_future(one.leave("news", "channel.news", []))
        await asyncio.sleep(0)
        await one.join("news", "channel.news", "mark.news", print)
        await leaving

    run(main())
    assert one.commands.left() == [["mark.news"]]
    assert one.commands.asked[-1][0] is plans.MARK_GROUPS
    before = len(one.commands.asked)
    run(one.leave("news", None, ["a"]))
    assert len(one.commands.asked) == before + 1


@pytest.mark.parametrize(
    "known, later, renewed",
    [
        (b"1", 0, False),
        (b"1", host.MARK_SECONDS / 3 - 1, False),
        (b"1", host.MARK_SECONDS / 3, True),
        (None, 0, True),
    ],
)
def test_marks_are_renewed_in_time_or_when_redis_has_lost_them(
    one, run, monkeypatch, known, later, renewed
):
    monkeypatch.setattr(host, "GROUPS_AT_ONCE", 2)
    run(join(one, "a", "b", "c"))
    run(one._beat())  # the first one renews
    one.commands.asked.clear()
    one.commands.known = known
    host.time.now += later
    run(one._beat())
    marked = one.commands.marked()
    assert sorted(map(len, marked)) == ([1, 2] if renewed else [])
    assert sorted(sum(marked, [])) == (["mark.a", "mark.b", "mark.c"] if renewed else [])
    one.commands.known = b"1"
    run(one._beat())
    assert len(one.commands.marked()) == len(marked)


def test_another_server_is_looked_for_where_this_one_takes_no_writes(one, run, caplog):
    run(join(one, "news"))
    one.commands.trouble = ReplyError("READONLY You can't write against a read only replica.")
    with pytest.raises(ReplyError):
        run(one._beat())
    assert one.commands.closed == 1 and caplog.text == ""
    one.commands.trouble = ReplyError("MISCONF it cannot save")
    run(one._beat())
    assert one.commands.closed == 1 and "MISCONF" in caplog.text
    one.commands.trouble = asyncio.CancelledError()
    with pytest.raises(asyncio.CancelledError):
        run(one._beat())


def test_at_the_end_marks_are_removed_where_that_is_possible(one, run):
    closed = []

    class Reading:
        def close(self):
            closed.append("close")

        async def wait_closed(self):
            closed.append("wait")

    run(join(one, "news", "weather"))
    one.reading = Reading()
    run(one.stop())
    assert closed == ["close", "wait"]
    assert one.commands.left() == [["mark.news"], ["mark.weather"]]
    assert one.subscription.names is None and one.commands.closed == 1
    one.commands.trouble = OSError("away")
    run(one.stop())
    assert one.commands.closed == 2


def test_what_waits_in_a_list_comes_in_the_order_in_which_it_was_sent(one, run):
    got = []
    one.on_list = got.append
    one.lists = ["asgi:specific.x!"]

    class Connection:
        found = (b"asgi:specific.x!", b"1")

        async def brpop(self, *lists, timeout):
            assert list(lists) == one.lists and timeout == host.WAIT_SECONDS
            return self.found

        async def eval(self, text, keys):
            assert text == plans.DRAIN.text and keys == [b"asgi:specific.x!"]
            return [b"3", b"2"]

    connection = Connection()
    run(one._read_once(connection))
    connection.found = None
    run(one._read_once(connection))
    assert got == [b"1", b"2", b"3"]


def test_a_group_that_is_left_while_others_are_marked_is_left_out(one, run, caplog):
    run(join(one, "news", "weather", "sports"))
    one.renewing.add("news")  # which is marked by itself, and first
    one.commands.asked.clear()
    one.mark_at = 0

    async def main():
        beat = asyncio.ensure_future(one._beat())
        await asyncio.sleep(0)
        await one.leave("weather", "channel.weather", [])
        await beat

    run(main())
    assert one.commands.marked() == [["mark.news"], ["mark.sports"]]
    assert one.unmarked == set() and caplog.text == ""
