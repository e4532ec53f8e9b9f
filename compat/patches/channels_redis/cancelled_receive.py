"""
Keep the consumers of a process receiving when one of them is cancelled, and forget that one.

Whoever waits in receive() may be the one that reads for all of them; upstream leaks the lock if
the cancellation comes just when it is granted, and a queue for each cancelled receive. It also
keeps whatever arrives for a name that nobody reads any more.
https://github.com/django/channels_redis/issues/134
"""

import asyncio
import collections
import inspect
import time

from ...patching.patch import Patch
from .group_membership import members

patch = Patch(
    __name__,
    package="channels_redis",
    versions=">=2.3.0,<2.3.2",
    symptom="a WebSocket that disconnects stalls all others of the process, or leaks memory",
)


@patch.when_imported("channels_redis.core")
def repair(core):
    layer = core.RedisChannelLayer
    stock_receive = layer.receive
    used = set(inspect.unwrap(stock_receive).__code__.co_names)
    patch.expect(
        used.issuperset(["receive_lock", "receive_buffer", "receive_single"]),
        "receive() does not share one reader by receive_lock",
    )

    async def receive(self, channel):
        if "!" not in channel:
            return await stock_receive(self, channel)
        return await receive_own(self, channel)

    patch.replace(layer, "receive", receive)


async def receive_own(layer, channel):
    """receive() on a channel of this process."""
    assert layer.valid_channel_name(channel)
    shared = layer.non_local_name(channel)
    assert shared.endswith(layer.client_prefix + "!"), "Wrong client prefix"
    loop = asyncio.get_event_loop()
    if not layer.receive_count:
        layer.receive_event_loop = loop
        layer._turns = Turns()
    elif layer.receive_event_loop is not loop:
        raise RuntimeError("two event loops receive() on one channel layer at the same time")
    layer.receive_count += 1
    try:
        return await next_message(layer, channel, shared, layer._turns)
    finally:
        layer.receive_count -= 1
        if not layer.receive_count:
            layer.receive_event_loop = None


async def next_message(layer, channel, shared, turns):
    """Wait for a message of `channel`; while nobody else does, read for every channel."""
    buffers = layer.receive_buffer
    forget_strays(layer, turns)
    turns.receiving[channel] = turns.receiving.get(channel, 0) + 1
    try:
        while buffers[channel].empty():
            if turns.taken:
                await turns.wait(channel)
                continue
            turns.taken = True
            try:
                to, message = await layer.receive_single(shared)
            finally:
                turns.taken = False
            for name in to if isinstance(to, list) else [to]:
                if is_expected(layer, name, turns) or takes_stray(layer, name):
                    buffers[name].put_nowait(dict(message))
                    turns.wake(name)
        return buffers[channel].get_nowait()
    finally:
        turns.receiving[channel] -= 1
        if not turns.receiving[channel]:
            del turns.receiving[channel]
            if buffers[channel].empty():
                del buffers[channel]
        turns.hand_over()


def is_expected(layer, name, turns):
    """Whether somebody reads the name, or does so in a moment: the task that made it runs."""
    return name in turns.receiving or name in members(layer).owners


def takes_stray(layer, name):
    """
    Whether a message is kept for a name that nobody is known to read.

    That of a consumer that has ended is not. Others may be read later, such as those made outside
    of a task; they get what Redis would give: room for `capacity` messages, and `expiry` seconds.
    """
    if name in members(layer).ended:
        return False
    strays = strays_of(layer)
    strays.pop(name, None)
    strays[name] = time.monotonic() + layer.expiry
    return layer.receive_buffer[name].qsize() < layer.get_capacity(name)


def forget_strays(layer, turns):
    """Drop what has waited for too long."""
    strays, now = strays_of(layer), time.monotonic()
    while strays:
        name, until = next(iter(strays.items()))
        if until > now:
            break
        del strays[name]
        if not is_expected(layer, name, turns):
            layer.receive_buffer.pop(name, None)


def strays_of(layer):
    """Name → when its messages expire, the next first."""
    return vars(layer).setdefault("_strays", collections.OrderedDict())


class Turns(object):
    """
    Who waits while one reads. A waiter that is woken looks by itself whether it has a message
    or nobody reads; one that leaves wakes another, so that no wake-up is lost.
    """

    def __init__(self):
        self.taken = False  # somebody reads
        self.waiting = {}  # channel → futures of wait()
        self.receiving = {}  # channel → how many are in receive()

    async def wait(self, channel):
        woken = asyncio.get_event_loop().create_future()
        waiters = self.waiting.setdefault(channel, [])
        waiters.append(woken)
        try:
            await woken
        except BaseException:
            if not woken.cancelled():  # woken and cancelled at once: it was for the next one
                self.wake(channel)
            raise
        finally:
            waiters.remove(woken)
            if not waiters:
                del self.waiting[channel]

    def wake(self, channel):
        """Wake the first who waits for the channel; False when nobody does."""
        for woken in self.waiting.get(channel, ()):
            if not woken.done():
                woken.set_result(None)
                return True
        return False

    def hand_over(self):
        """Let somebody read if nobody does."""
        if not self.taken:
            for channel in self.waiting:
                if self.wake(channel):
                    break
