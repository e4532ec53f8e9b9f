"""What is asked of Redis to send something: plans are given answers by hand."""

import pytest
from channels.exceptions import ChannelFull

from compat.channel_layer import plans
from compat.channel_layer.pubsub import RedisPubSubChannelLayer

MESSAGE = {"type": "news"}


@pytest.fixture
def layer():
    return RedisPubSubChannelLayer(
        hosts=["redis://a:1/3", "redis://b:1"],
        prefix="site:",
        expiry=7,
        group_expiry=100,
        capacity=5,
        channel_capacity={"tight*": 1},
    )


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    monkeypatch.setattr(plans.time, "time", lambda: 1000.9)


def follow(plan, *answers):
    """(what was asked, whether that was all)."""
    asked, answers = [], list(answers)
    try:
        asked.append(next(plan))
        while answers:
            asked.append(plan.send(answers.pop(0)))
    except StopIteration:
        return asked, not answers
    return asked, False


def of_host(layer, index, call):
    """A name that belongs to that host."""
    for number in range(1000):
        if layer.consistent_hash(call % number) == index:
            return call % number
    raise AssertionError


@pytest.mark.parametrize("index, database", [(0, 3), (1, 0)])
def test_a_group_is_published_and_others_get_it_by_their_lists(layer, index, database):
    group = of_host(layer, index, "group%d")
    (asked,), over = follow(plans.group_send(layer, group, MESSAGE), [[]])
    assert over and asked.index == index and asked.script is plans.GROUP_SEND
    since, name, content = asked.args
    assert name == "site:@%d:group:%s" % (database, group) and since == 900
    assert layer.deserialize(content) == MESSAGE and asked.keys == [layer._group_key(group)]
    others = [of_host(layer, each, "other%d!") + "x" for each in (0, 1)]
    found, over = follow(
        plans.group_send(layer, group, MESSAGE), [[one.encode() for one in others]], [], []
    )
    assert over and [one.script for one in found[1:]] == [plans.PUSH] * 2
    assert sorted(one.index for one in found[1:]) == [0, 1]
    for one in found[1:]:
        (key,) = one.keys
        content, capacity, seconds = one.args
        assert (capacity, seconds) == (5, 7)
        assert layer.deserialize(content)["__asgi_channel__"] == [others[one.index]]


def test_a_member_whose_list_is_full_is_told_of_and_the_others_get_it(layer, caplog, monkeypatch):
    monkeypatch.setattr(plans, "throttle", plans.Throttle())
    others = [of_host(layer, each, "other%d!").encode() + b"x" for each in (0, 1)]
    found, over = follow(plans.group_send(layer, "group", MESSAGE), [others], [b"b", b"a"], [])
    assert over and len(found) == 3
    assert "message to group group lost, channels are full: a, b" in caplog.text
    caplog.clear()
    # Of a notification nobody complains, and only who has renewed in time gets it.
    notify = plans.notify(layer, "group", MESSAGE, 900)
    (asked, *_), over = follow(notify, [others], [b"b", b"a"], [])
    assert over and asked.args[0] == 100 and not caplog.text


def test_many_are_sent_in_order_with_few_questions(layer, monkeypatch):
    monkeypatch.setattr(plans, "MESSAGES_AT_ONCE", 3)
    here, beside = [of_host(layer, 0, name) for name in ("a%d", "b%d")]
    there = of_host(layer, 1, "c%d")
    groups = [here, there, beside, here, beside]
    messages = [(group, {"type": "n", "n": number}) for number, group in enumerate(groups)]
    asked, over = follow(
        plans.group_send_many(layer, messages), [[b"other!x"], []], [], [], [[]], [[]]
    )
    assert over
    sent = [one for one in asked if one.script is plans.GROUP_SEND]
    assert [one.index for one in sent] == [0, 1, 0] or [one.index for one in sent] == [0, 0, 1]
    first = sent[0]
    # Each group is asked about once, and has its messages in order.
    assert first.keys == [layer._group_key(here), layer._group_key(beside)]
    names = [plans.group_channel(layer, group) for group in (here, beside, here)]
    assert first.args[1::2] == names
    assert [layer.deserialize(one)["n"] for one in first.args[2::2]] == [0, 2, 3]
    # Whoever is not subscribed gets those of its group, one by one.
    pushed = [one.args[0] for one in asked if one.script is plans.PUSH]
    assert [layer.deserialize(one)["n"] for one in pushed] == [0, 3]


def test_large_messages_go_in_several_questions(layer, monkeypatch):
    monkeypatch.setattr(plans, "BYTES_AT_ONCE", 1000)
    messages = [("group", {"type": "n", "text": "x" * 600}) for _ in range(5)]
    asked, over = follow(plans.group_send_many(layer, messages), [[]], [[]], [[]])
    assert over and [len(one.args) for one in asked] == [5, 5, 3]
    assert follow(plans.group_send_many(layer, [])) == ([], True)


@pytest.mark.parametrize("answer, full", [(-1, True), (0, False), (1, False)])
def test_one_channel_of_a_process(layer, answer, full):
    channel = of_host(layer, 0, "tight%d!") + "x"
    plan = plans.send(layer, channel, MESSAGE)
    asked, local = next(plan), layer.non_local_name(channel)
    assert (asked.index, asked.script, asked.keys) == (0, plans.SEND, ["site:" + local])
    name, content, capacity, seconds = asked.args
    assert (name, capacity, seconds) == ("site:@3:local:" + local, 1, 7)
    assert layer.deserialize(content) == dict(MESSAGE, __asgi_channel__=channel)
    with pytest.raises(ChannelFull if full else StopIteration):
        plan.send(answer)
    assert "__asgi_channel__" not in MESSAGE


@pytest.mark.parametrize("answer, full", [([b"x"], True), ([], False)])
def test_a_named_channel(layer, answer, full):
    indexes = []
    for _ in range(2):
        plan = plans.send(layer, "tight", MESSAGE)
        asked = next(plan)
        indexes.append(asked.index)
        assert (asked.script, asked.keys) == (plans.PUSH, ["site:tight"])
        content, capacity, seconds = asked.args
        assert layer.deserialize(content) == MESSAGE and (capacity, seconds) == (1, 7)
        with pytest.raises(ChannelFull if full else StopIteration):
            plan.send(answer)
    assert sorted(indexes) == [0, 1]  # in turn


def test_a_channel_of_another_process_is_added_and_removed_by_whoever_likes(layer):
    channel = "specific.elsewhere!x"
    (added,), over = follow(plans.group_add_elsewhere(layer, "group", channel), None)
    assert over and added.script is plans.ADD_ELSEWHERE
    name, content, at, member, seconds = added.args
    assert (at, member, seconds) == (1000.9, channel, 100)
    assert layer.deserialize(content) == {"__join__": "group", "__asgi_channel__": channel}
    (removed,), over = follow(plans.group_discard_elsewhere(layer, "group", channel), None)
    assert over and removed.script is plans.DISCARD_ELSEWHERE
    name_then, content, member = removed.args
    assert name == name_then and name.endswith(":local:specific.elsewhere!") and member == channel
    assert layer.deserialize(content) == {"__leave__": "group", "__asgi_channel__": channel}
    for asked in (added, removed):
        assert asked.keys == [layer._group_key("group")]
        assert asked.index == layer.consistent_hash("group")


def test_redis_knows_a_script_by_its_digest():
    found = plans.Script("return 1").digest
    assert found == "e0e1f9fabfc9d4800c877a703b823ac0578ff8db"  # as SCRIPT LOAD answers
