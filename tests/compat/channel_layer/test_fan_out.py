"""Who gets what on one event loop, asked without a Redis: its hosts note what they are told."""

import asyncio
import functools
import inspect
import logging

import pytest

from compat._asyncio import all_tasks
from compat.channel_layer import fan_out, members, plans
from compat.channel_layer.fan_out import FanOut
from compat.channel_layer.pubsub import RedisPubSubChannelLayer

GROUP, OTHER = "news", "weather"
NEWS = {"type": "news"}


class Host:
    """Notes what is joined and left; `trouble`: what join() raises, or "hang"."""

    def __init__(self):
        self.joined, self.left, self.trouble, self.stopped = [], [], None, False

    def listen(self, local, channel, receive):
        self.local = local, channel

    async def join(self, group, channel, mark, receive):
        self.joined.append(group)
        if self.trouble == "hang":
            await asyncio.sleep(60)
        if self.trouble is not None:
            raise self.trouble

    async def leave(self, group, channel, members):
        self.left.append((group, channel, members))

    async def stop(self):
        self.stopped = True


class Clock:
    now = 1000.0

    def monotonic(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    for module in (fan_out, members):
        monkeypatch.setattr(module, "time", clock)
    return clock


def with_fan_out(**config):
    """Run a test, a coroutine function, with a FanOut and its only host."""

    def decorate(test):
        @functools.wraps(test)
        def wrapper(run, **fixtures):
            async def main():
                layer = RedisPubSubChannelLayer(hosts=[("127.0.0.1", 1)], **config)
                one = FanOut(layer, asyncio.get_event_loop())
                one.hosts[0] = Host()
                await test(one, one.hosts[0], **fixtures)
                await one.stop()

            run(main())

        names = test.__code__.co_varnames[2 : test.__code__.co_argcount]
        wrapper.__signature__ = signature(["run", *names])
        return wrapper

    return decorate


def signature(names):
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    return inspect.Signature([inspect.Parameter(name, kind) for name in names])


async def settle():
    for _ in range(5):
        await asyncio.sleep(0)


def send(one, group, message=NEWS):
    one._group_received(group, one.layer.serialize(message))


def send_to(one, names, **message):
    one._received(one.layer.serialize(dict(message, __asgi_channel__=names)))


def waiting(one, name):
    """What waits for a channel."""
    found = one.mailboxes.get(name)
    return None if found is None else [message for message, _, _ in found.items]


async def ended(one, *groups, heard=True):
    """The channel of a task that has joined groups, has received, and is over."""

    async def consume():
        name = one.new_channel("specific")
        one.mailbox(name).heard = heard
        for group in groups:
            await one.join(group, name)
        return name

    name = await asyncio.ensure_future(consume())
    await settle()
    return name


@with_fan_out()
async def test_only_so_many_ended_channels_are_remembered(one, host, monkeypatch):
    monkeypatch.setattr(members, "ENDED_CHANNELS", 3)
    names = [await ended(one) for _ in range(3)]
    assert list(one.ended) == names
    names += [await ended(one), await ended(one)]
    assert list(one.ended) == names[2:]


@with_fan_out()
async def test_a_channel_that_has_ended_joins_nothing_and_gets_nothing(one, host):
    name = await ended(one)
    await one.join(GROUP, name)
    send_to(one, name, type="late")
    assert name not in one.mailboxes and host.joined == [] and one.groups == {}
    send_to(one, name, type="x", __join__=GROUP)
    await settle()
    assert host.left == [(GROUP, None, [name])] and name not in one.mailboxes


@with_fan_out()
async def test_with_its_task_a_channel_leaves_all_its_groups(one, host):
    staying = one.new_channel("specific")
    await one.join(GROUP, staying)
    name = await ended(one, GROUP, OTHER)
    channel = plans.group_channel(one.layer, OTHER)
    assert sorted(host.left, key=str) == [(GROUP, None, [name]), (OTHER, channel, [name])]
    assert list(one.groups) == [GROUP] and list(one.groups[GROUP]) == [staying]
    assert list(one.joining) == [GROUP] and name not in one.owned
    assert len(one.owners) == 1  # of this task alone


@with_fan_out()
async def test_so_it_does_from_groups_that_others_have_added_it_to(one, host):
    async def consume():
        name = one.new_channel("specific")
        send_to(one, name, type="x", __join__=GROUP)
        one.mailbox(name).heard = True
        return name

    name = await asyncio.ensure_future(consume())
    await settle()
    assert host.left == [(GROUP, None, [name])]


@with_fan_out(group_expiry=60)
async def test_what_nobody_is_known_to_read_leaves_at_its_time(one, host, clock):
    name = await ended(one, GROUP, heard=False)
    clock.now += 59
    send(one, GROUP)
    await settle()
    assert waiting(one, name) == [NEWS] and host.left == []
    clock.now += 1
    send(one, GROUP, {"type": "last"})
    await settle()
    assert host.left and one.groups == {} and one.leaving == {}


@with_fan_out(group_expiry=60)
async def test_who_joins_again_stays_for_as_long_again(one, host, clock):
    name = await ended(one, GROUP, heard=False)
    clock.now += 40
    await one.join(GROUP, name)
    clock.now += 40
    send(one, GROUP)
    await settle()
    assert host.left == []
    clock.now += 20
    send(one, GROUP)
    await settle()
    assert len(host.left) == 1


@with_fan_out(group_expiry=60)
async def test_a_channel_of_a_task_that_runs_does_not_leave_by_itself(one, host, clock):
    name = one.new_channel("specific")
    await one.join(GROUP, name)
    clock.now += 100
    send(one, GROUP)
    await settle()
    assert host.left == [] and waiting(one, name) == [NEWS]


@with_fan_out()
async def test_a_task_owns_so_many_idle_channels(one, host):
    names = [one.new_channel("specific") for _ in range(members.CHANNELS_OF_A_TASK)]
    assert one.owned == set(names) and all(map(one.is_ours, names))
    local = "specific.%s!" % one.name
    assert host.local == (local, plans.local_channel(one.layer, local))
    used = names[3], names[5]
    for name in used:
        one.mailbox(name)
    last = one.new_channel("specific")
    assert one.owned == {*used, last}
    (owned,) = one.owners.values()
    assert owned == [*used, last]


@with_fan_out()
async def test_who_cannot_join_is_no_member_and_told(one, host):
    name = one.new_channel("specific")
    host.trouble = OSError("away")
    with pytest.raises(OSError, match="away"):
        await one.join(GROUP, name)
    await settle()
    assert one.groups == {} and one.coming == set()
    assert [(group, members) for group, _, members in host.left] == [(GROUP, [name])]
    host.trouble = None
    await one.join(GROUP, name)  # and asks again
    assert host.joined == [GROUP, GROUP] and list(one.groups[GROUP]) == [name]


@with_fan_out()
async def test_a_subscription_that_failed_is_not_waited_for_again(one, host):
    first, second = one.new_channel("specific"), one.new_channel("specific")
    await one.join(GROUP, first)
    await one.join(GROUP, second)
    assert host.joined == [GROUP]
    one.joining[GROUP] = asyncio.ensure_future(asyncio.sleep(60))
    one.joining[GROUP].cancel()
    await settle()
    await one.join(GROUP, second)
    assert host.joined == [GROUP, GROUP]


@with_fan_out()
async def test_who_is_added_by_others_and_joins_gets_each_message_once(one, host):
    name = one.new_channel("specific")
    send_to(one, name, type="x", __join__=GROUP)
    assert one.mailboxes[name].elsewhere == {GROUP}
    await one.join(GROUP, name)
    assert host.left == [(GROUP, None, [name])] and not one.mailboxes[name].elsewhere
    send_to(one, name, type="x", __join__=GROUP)
    await settle()
    assert host.left == [(GROUP, None, [name])] * 2 and not one.mailboxes[name].elsewhere


@with_fan_out()
async def test_others_may_take_a_channel_out(one, host):
    name = one.new_channel("specific")
    await one.join(GROUP, name)
    send_to(one, name, type="x", __leave__=GROUP)
    await settle()
    assert one.groups == {} and one.mailboxes[name].groups == set()
    assert host.left == [(GROUP, plans.group_channel(one.layer, GROUP), [name])]
    await one.leave(GROUP, name)  # who is in no group unsubscribes nobody
    assert host.left[1] == (GROUP, None, [name])


@with_fan_out()
async def test_a_message_by_a_list_is_for_those_that_it_names(one, host):
    names = [one.new_channel("specific") for _ in range(3)]
    await one.join(GROUP, names[2])
    send_to(one, names[:2], type="both")
    send_to(one, names[0], type="first")
    send_to(one, ["specific.%s%s%s" % (one.name, plans.MARK, GROUP)], type="group")
    found = [[message["type"] for message in waiting(one, name)] for name in names]
    assert found == [["both", "first"], ["both"], ["group"]]


@with_fan_out()
async def test_what_no_layer_writes_is_told_and_dropped(one, host, caplog):
    one._received(one.layer.serialize({"__asgi_channel__": 5, "type": "x"}))
    one.throttles.clear()
    one._group_received(GROUP, b"\x91\x01")  # a list
    one.throttles.clear()
    one._received(b"\xc1")
    lines = [record.getMessage() for record in caplog.records]
    assert len(lines) == 3 and all("cannot be read" in line for line in lines)
    assert "it is not a dict" in lines[1]


@with_fan_out()
async def test_after_a_gap_members_of_that_server_are_told(one, host, caplog):
    names = [one.new_channel("specific") for _ in range(3)]
    one.layer.lost_type, one.layer.databases = "lost", [0, 0]
    one.layer.consistent_hash = lambda name: int(name == OTHER)
    one.hosts[1] = Host()
    for name, group in zip(names, (GROUP, GROUP, OTHER)):
        await one.join(group, name)
    one.coming.add((GROUP, names[1]))  # it has not missed anything
    one._on_return(0)
    assert waiting(one, names[0]) == [{"type": "lost", "lost": None}]
    assert waiting(one, names[1]) == waiting(one, names[2]) == []
    assert "has not reached 1 members" in caplog.text


@with_fan_out()
async def test_a_gap_without_members_is_not_worth_a_line(one, host, caplog):
    one._on_return(0)
    assert caplog.text == ""


@with_fan_out()
async def test_channels_of_nobody_are_swept(one, host, clock):
    names = {key: "%s.%s!%s" % ("specific", one.name, key) for key in ("idle", "full", "member")}
    owned = one.new_channel("specific")
    for name in [*names.values(), owned]:
        one.mailbox(name)
    send_to(one, names["full"], type="x")  # sweeps for the first time
    assert set(one.mailboxes) == {names["full"], owned}
    added, joined = names["idle"], names["member"]
    send_to(one, added, type="x", __join__=OTHER)
    await one.join(GROUP, joined)
    clock.now += fan_out.SWEEP_SECONDS - 1
    gone = "specific.%s!gone" % one.name
    one.mailbox(gone)
    send(one, GROUP)
    assert gone in one.mailboxes
    clock.now += 1
    send(one, GROUP)
    assert set(one.mailboxes) == {names["full"], owned, added, joined}


@with_fan_out()
async def test_what_fails_later_is_noted_and_forgotten(one, host, caplog):
    caplog.set_level(logging.DEBUG, "compat.channel_layer")

    async def fail():
        raise OSError("away")

    one._later(fail())
    cancelled = one._later(asyncio.sleep(60))
    await settle()
    assert one.tasks == {cancelled}
    cancelled.cancel()
    await settle()
    assert one.tasks == set() and caplog.text.count("was not left or joined") == 1


@with_fan_out()
async def test_only_what_is_lost_here_is_logged_and_counted(one, host, caplog):
    mailbox = one.mailbox(one.new_channel("specific"))
    one._on_lost(mailbox, 0, "gap")
    assert caplog.text == ""
    for why in fan_out.WHYS:
        one._on_lost(mailbox, 1, why)
    assert len(caplog.records) == 2  # one does not silence the other


@with_fan_out()
async def test_who_stops_begins_nothing_new(one, host):
    host.trouble = "hang"
    name = one.new_channel("specific")
    joining = asyncio.ensure_future(one.join(GROUP, name))
    await settle()
    before = set(all_tasks(one.loop))
    await one.stop()  # waits for it for a second
    await asyncio.wait([joining])
    await settle()
    assert joining.cancelled() and host.stopped
    assert one.groups == {} and host.left == [] and not one.tasks
    assert set(all_tasks(one.loop)) <= before
