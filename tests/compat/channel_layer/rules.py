"""
What channels' specification of a layer demands, as far as it can be checked: one function a rule.
https://channels.readthedocs.io/en/2.x/channel_layer_spec.html

Each is given `make`, which makes a layer with a configuration; all see the same messages.
"""

import asyncio
import re

from channels.exceptions import ChannelFull

SECONDS = 20
MESSAGE = {"type": "test.message", "text": "hi"}


def taken(layer, channel):
    """The next message, which is there or comes."""
    return asyncio.wait_for(layer.receive(channel), SECONDS)


async def refused(errors, call):
    """It raises one of these."""
    try:
        await call
    except errors:
        return
    raise AssertionError("it raises nothing")


async def nothing(layer, *channels):
    """Nobody gets anything more: what comes next is what is sent now."""
    for number, channel in enumerate(channels):
        await layer.send(channel, {"type": "end", "number": number})
        assert await taken(layer, channel) == {"type": "end", "number": number}


async def a_message_arrives_at_a_named_channel(make):
    layer = make()
    await layer.send("work", MESSAGE)
    assert await taken(layer, "work") == MESSAGE


async def a_message_arrives_at_a_channel_of_the_process(make):
    layer = make()
    channel = await layer.new_channel()
    await layer.send(channel, MESSAGE)
    assert await taken(layer, channel) == MESSAGE


async def messages_arrive_once_and_in_order(make):
    layer = make()
    for channel in ("work", await layer.new_channel()):
        for number in range(50):
            await layer.send(channel, {"type": "n", "number": number})
        got = [(await taken(layer, channel))["number"] for _ in range(50)]
        assert got == list(range(50))
        await nothing(layer, channel)


async def values_arrive_as_they_were_sent(make):
    layer = make()
    message = {
        "type": "values",
        "bytes": b"\x00\xff",
        "text": "\u00e9\U0001f600",
        "numbers": [0, -1, 2**63 - 1, -(2**63), 1.5],
        "others": [None, True, False],
        "nested": {"list": [{"a": [1]}], "": ""},
    }
    channel = await layer.new_channel()
    await layer.group_add("values", channel)
    for send in (layer.send(channel, message), layer.group_send("values", message)):
        await send
        assert await taken(layer, channel) == message


async def what_is_changed_after_sending_is_not_sent(make):
    layer = make()
    channel = await layer.new_channel()
    await layer.group_add("changed", channel)
    for send, to in ((layer.send, channel), (layer.group_send, "changed")):
        message = {"type": "first", "list": [1]}
        await send(to, message)
        message["type"] = "second"
        message["list"].append(2)
        assert await taken(layer, channel) == {"type": "first", "list": [1]}


async def receivers_do_not_see_each_others_changes(make):
    layer = make()
    channels = [await layer.new_channel() for _ in range(2)]
    for channel in channels:
        await layer.group_add("shared", channel)
    await layer.group_send("shared", {"type": "first"})
    (await taken(layer, channels[0]))["type"] = "second"
    assert await taken(layer, channels[1]) == {"type": "first"}


async def a_message_is_a_dict(make):
    layer = make()
    for message in (None, [], "text", b"bytes"):
        await refused(AssertionError, layer.send("work", message))


async def a_message_to_a_group_is_a_dict(make):
    layer = make()
    channel = await layer.new_channel()
    await layer.group_add("dicts", channel)
    for message in (None, [], "text"):
        await refused((AssertionError, AttributeError), layer.group_send("dicts", message))


async def names_are_checked(make):
    layer = make()
    for name in ("", "with space", "\u00e9", "a" * 100, b"bytes", None, 1, "a!b!c"):
        await refused(TypeError, layer.send(name, MESSAGE))
        await refused(TypeError, layer.receive(name))
        await refused(TypeError, layer.group_add("group", name))
        await refused(TypeError, layer.group_discard("group", name))
    channel = await layer.new_channel()
    for name in ("", "with space", "a!b", "a" * 100, None, 1):
        await refused(TypeError, layer.group_add(name, channel))
        await refused(TypeError, layer.group_discard(name, channel))
        await refused(TypeError, layer.group_send(name, MESSAGE))


async def long_names_are_names(make):
    layer = make()
    await layer.send("c" * 99, MESSAGE)
    assert await taken(layer, "c" * 99) == MESSAGE
    channel = await layer.new_channel()
    await layer.group_add("g" * 99, channel)
    await layer.group_send("g" * 99, MESSAGE)
    assert await taken(layer, channel) == MESSAGE


async def new_channels_are_unique_and_of_the_process(make):
    layer, another = make(), make()
    names = [await one.new_channel() for one in (layer, another) for _ in range(100)]
    assert len(set(names)) == 200
    for name in names:
        assert "!" in name and layer.valid_channel_name(name)


async def a_new_channel_has_the_prefix_asked_for(make):
    layer = make()
    channel = await layer.new_channel("mine")
    assert channel.startswith("mine.")
    await layer.send(channel, MESSAGE)
    assert await taken(layer, channel) == MESSAGE


async def a_full_named_channel_takes_no_more(make):
    layer = make(capacity=3)
    for _ in range(3):
        await layer.send("work", MESSAGE)
    await refused(ChannelFull, layer.send("work", MESSAGE))
    await taken(layer, "work")
    await layer.send("work", MESSAGE)


async def a_full_channel_of_the_process_takes_no_more(make):
    layer = make(capacity=3)
    channel = await layer.new_channel()
    for _ in range(3):
        await layer.send(channel, MESSAGE)
    await settled(layer, channel, 3)
    await refused(ChannelFull, layer.send(channel, MESSAGE))
    for _ in range(3):
        assert await taken(layer, channel) == MESSAGE
    await layer.send(channel, MESSAGE)
    assert await taken(layer, channel) == MESSAGE


async def whoever_sends_is_told_of_a_full_channel(make):
    layer, another = make(capacity=3), make(capacity=3)
    channel = await layer.new_channel()
    for _ in range(3):
        await another.send(channel, MESSAGE)
    await refused(ChannelFull, another.send(channel, MESSAGE))


async def settled(layer, channel, number):
    """A layer over Redis knows only of messages that have come back."""
    owner = getattr(layer, "_owner", lambda _: None)(channel)
    while owner is not None and len(owner.mailbox(channel).items) < number:
        await asyncio.sleep(0.005)


async def capacities_go_by_patterns(make):
    layer = make(capacity=5, channel_capacity={"one.*": 1, re.compile("t.o$"): 2})
    for channel, room in (("one.1", 1), ("two", 2), ("three", 5)):
        for _ in range(room):
            await layer.send(channel, MESSAGE)
        await refused(ChannelFull, layer.send(channel, MESSAGE))


async def a_full_member_does_not_hold_up_its_group(make):
    layer = make(capacity=2)
    full, other = [await layer.new_channel() for _ in range(2)]
    for channel in (full, other):
        await layer.group_add("pair", channel)
    for number in range(4):
        await layer.group_send("pair", {"type": "n", "number": number})
        assert (await taken(layer, other))["number"] == number
    assert [(await taken(layer, full))["number"] for _ in range(2)] == [0, 1]
    await nothing(layer, full)


async def receive_waits(make):
    layer = make()
    for channel in ("work", await layer.new_channel()):
        waiting = asyncio.ensure_future(taken(layer, channel))
        await asyncio.sleep(0.05)
        assert not waiting.done()
        await layer.send(channel, MESSAGE)
        assert await waiting == MESSAGE


async def each_of_several_receivers_gets_one(make):
    layer = make()
    channel = await layer.new_channel()
    waiting = [asyncio.ensure_future(taken(layer, channel)) for _ in range(3)]
    await asyncio.sleep(0)
    for number in range(3):
        await layer.send(channel, {"type": "n", "number": number})
    assert sorted([(await one)["number"] for one in waiting]) == [0, 1, 2]


async def a_cancelled_receive_takes_nothing(make):
    layer = make()
    channel = await layer.new_channel()
    await layer.group_add("cancelled", channel)
    for number in range(10):
        waiting = asyncio.ensure_future(layer.receive(channel))
        await asyncio.sleep(0.01 * (number % 2))
        sending = asyncio.ensure_future(layer.group_send("cancelled", {"type": "n", "n": number}))
        await asyncio.sleep(0.001 * number)
        waiting.cancel()
        await asyncio.wait([waiting, sending])
        found = waiting.result() if not waiting.cancelled() else await taken(layer, channel)
        assert found["n"] == number


async def channels_do_not_get_each_others_messages(make):
    layer = make()
    one, two = [await layer.new_channel() for _ in range(2)]
    await layer.send(one, MESSAGE)
    await nothing(layer, two)
    assert await taken(layer, one) == MESSAGE


async def a_group_reaches_all_members_and_nobody_else(make):
    layer = make()
    inside = [await layer.new_channel() for _ in range(3)]
    outside = await layer.new_channel()
    for channel in inside:
        await layer.group_add("group", channel)
    await layer.group_add("another", outside)
    await layer.group_send("group", MESSAGE)
    for channel in inside:
        assert await taken(layer, channel) == MESSAGE
    await nothing(layer, outside, *inside)


async def a_group_reaches_members_of_another_layer(make):
    layer, another = make(), make()
    channel = await layer.new_channel()
    await layer.group_add("group", channel)
    await another.group_send("group", MESSAGE)
    assert await taken(layer, channel) == MESSAGE
    await another.send(channel, {"type": "direct"})
    assert await taken(layer, channel) == {"type": "direct"}


async def a_member_that_is_added_twice_is_a_member_once(make):
    layer = make()
    channel = await layer.new_channel()
    for _ in range(2):
        await layer.group_add("group", channel)
    await layer.group_send("group", MESSAGE)
    assert await taken(layer, channel) == MESSAGE
    await nothing(layer, channel)
    await layer.group_discard("group", channel)
    await layer.group_send("group", MESSAGE)
    await nothing(layer, channel)


async def who_has_left_gets_nothing_and_may_come_back(make):
    layer = make()
    staying, leaving = [await layer.new_channel() for _ in range(2)]
    for channel in (staying, leaving):
        await layer.group_add("group", channel)
    await layer.group_discard("group", leaving)
    await layer.group_send("group", MESSAGE)
    assert await taken(layer, staying) == MESSAGE
    await nothing(layer, leaving)
    for channel in (staying, leaving):
        await layer.group_discard("group", channel)
    await layer.group_add("group", leaving)
    await layer.group_send("group", MESSAGE)
    assert await taken(layer, leaving) == MESSAGE
    await nothing(layer, staying)


async def leaving_a_group_one_is_not_in_is_no_error(make):
    layer = make()
    await layer.group_discard("group", await layer.new_channel())
    await layer.group_discard("group", "specific.unknown!channel")


async def a_message_to_an_empty_group_is_no_error(make):
    await make().group_send("nobody", MESSAGE)


async def named_channels_may_be_members(make):
    layer = make()
    await layer.group_add("group", "work")
    await layer.group_send("group", MESSAGE)
    assert await taken(layer, "work") == MESSAGE
    await layer.group_discard("group", "work")
    await layer.group_send("group", MESSAGE)
    await nothing(layer, "work")


async def anybody_may_add_and_remove_a_member(make):
    layer, another = make(), make()
    channel = await layer.new_channel()
    await another.group_add("group", channel)
    await another.group_send("group", MESSAGE)
    assert await taken(layer, channel) == MESSAGE
    await nothing(layer, channel)
    await another.group_discard("group", channel)
    await nothing(layer, channel)
    await another.group_send("group", MESSAGE)
    await nothing(layer, channel)


async def who_is_added_by_several_is_a_member_once(make):
    layer, another = make(), make()
    for order in ((layer, another), (another, layer)):
        channel = await layer.new_channel()
        for one in order:
            await one.group_add("group", channel)
            await nothing(layer, channel)
            await layer.group_add("meanwhile", channel)
        await another.group_send("group", MESSAGE)
        assert await taken(layer, channel) == MESSAGE
        await nothing(layer, channel)
        await layer.group_discard("group", channel)
        await another.group_send("group", MESSAGE)
        await nothing(layer, channel)


async def anybody_may_remove_a_member_that_has_joined(make):
    layer, another = make(), make()
    channel = await layer.new_channel()
    await layer.group_add("group", channel)
    await another.group_discard("group", channel)
    await nothing(layer, channel)
    await another.group_send("group", MESSAGE)
    await nothing(layer, channel)


async def a_member_is_forgotten_after_group_expiry(make):
    layer = make(group_expiry=1)
    names = []

    async def join():
        names.append(await layer.new_channel())
        await layer.group_add("group", names[0])

    await asyncio.ensure_future(join())  # a task that has ended: nobody knows whether it is read
    await layer.group_send("group", MESSAGE)
    assert await taken(layer, names[0]) == MESSAGE
    await asyncio.sleep(2.1)
    await layer.group_send("group", MESSAGE)
    await nothing(layer, names[0])


async def a_message_is_forgotten_after_expiry(make):
    layer = make(expiry=1)
    await layer.send("work", MESSAGE)
    channel = await layer.new_channel()
    await layer.send(channel, MESSAGE)
    await asyncio.sleep(1.3)
    await nothing(layer, "work", channel)


async def what_is_sent_to_a_group_and_a_member_arrives_in_order(make):
    layer = make()
    channel = await layer.new_channel()
    await layer.group_add("group", channel)
    for number in range(10):
        await layer.group_send("group", {"type": "n", "number": 2 * number})
        await layer.send(channel, {"type": "n", "number": 2 * number + 1})
    assert [(await taken(layer, channel))["number"] for _ in range(20)] == list(range(20))


async def flush_forgets_messages_and_groups(make):
    layer = make()
    assert {"groups", "flush"} <= set(layer.extensions)
    channel = await layer.new_channel()
    await layer.group_add("group", channel)
    await layer.send("work", MESSAGE)
    await layer.send(channel, MESSAGE)
    await layer.flush()
    channel = await layer.new_channel()
    await layer.group_send("group", MESSAGE)
    await nothing(layer, "work", channel)


ALL = [
    value
    for name, value in list(globals().items())
    if asyncio.iscoroutinefunction(value) and name not in ("nothing", "refused", "settled")
]
