"""The channels of one event loop, who owns them, and the groups that they are in."""

import asyncio
import collections
import functools
import logging
import os
import time
import uuid
from typing import Any, Dict, Iterable, List, Set, Tuple

from .._asyncio import current_task, end_task, start
from . import plans
from .host import Host
from .mailbox import Mailbox

logger = logging.getLogger(__name__)

# A task that makes many channels uses them for replies; those that are idle are forgotten.
CHANNELS_OF_A_TASK = 20
ENDED_CHANNELS = 10000


class Members:
    """Joins and leaves; a FanOut adds what is done with what comes."""

    def __init__(self, layer: Any, loop: asyncio.AbstractEventLoop) -> None:
        self.layer, self.loop, self.pid = layer, loop, os.getpid()
        self.name = uuid.uuid4().hex
        self.hosts: Dict[int, Host] = {}
        self.locals: Set[str] = set()  # beginnings of our channels' names
        self.mailboxes: Dict[str, Mailbox] = {}
        # group → its members here, and those of them that leave by themselves, with the time
        self.groups: Dict[str, Dict[str, Mailbox]] = {}
        self.leaving: Dict[str, Dict[str, float]] = {}
        self.owners: Dict[Any, List[str]] = {}  # task → channels that it has made
        self.owned: Set[str] = set()
        self.ended: collections.OrderedDict[str, None] = collections.OrderedDict()
        self.listeners: Dict[str, Any] = {}  # some of the mailboxes, which are Subscribers'
        self.tasks: Set[asyncio.Future[Any]] = set()
        self.joining: Dict[str, asyncio.Future[Any]] = {}
        self.coming: Set[Tuple[str, str]] = set()  # (group, channel) in join()
        self.stopped = False

    def host(self, index: int) -> Host:
        """The host of that number."""
        found = self.hosts.get(index)
        if found is None:
            on_return = functools.partial(self._on_return, index)
            found = Host(self.layer, index, self.name, self._received, on_return)
            self.hosts[index] = found
        return found

    async def ask(self, ask: plans.Ask) -> Any:
        """Redis' answer to a step of a plan."""
        return await self.host(ask.index).ask(ask.script, ask.keys, ask.args)

    # Channels

    def new_channel(self, prefix: str) -> str:
        """A name for the running task, which owns it: with the task the channel ends."""
        name = self._name(prefix)
        task = current_task()
        if task is not None:
            self._own(task, name)
        return name

    def _name(self, prefix: str) -> str:
        local = "%s.%s!" % (prefix, self.name)
        if local not in self.locals:
            self.locals.add(local)
            channel = plans.local_channel(self.layer, local)
            self.host(self.layer.consistent_hash(local)).listen(local, channel, self._received)
        return local + uuid.uuid4().hex[:12]

    def _own(self, task: Any, name: str) -> None:
        names = self.owners.get(task)
        if names is None:
            names = self.owners[task] = []
            task.add_done_callback(self._task_ended)
        if len(names) >= CHANNELS_OF_A_TASK:
            idle = [one for one in names if one not in self.mailboxes]
            self.owned.difference_update(idle)
            names[:] = [one for one in names if one in self.mailboxes]
        names.append(name)
        self.owned.add(name)

    def _task_ended(self, task: Any) -> None:
        """What it has received on, it alone has: nobody reads that any more."""
        for name in self.owners.pop(task, ()):
            self.owned.discard(name)
            mailbox = self.mailboxes.get(name)
            if mailbox is None or self.stopped:
                continue
            if not mailbox.heard:
                for group in mailbox.groups:
                    self._leaves(group, name)
                continue
            for group in mailbox.groups | mailbox.elsewhere:
                self._later(self.leave(group, name))
            del self.mailboxes[name]
            self.ended[name] = None
        while len(self.ended) > ENDED_CHANNELS:
            self.ended.popitem(last=False)

    def is_ours(self, channel: str) -> bool:
        """Whether the channel was made on this event loop."""
        return self.layer.non_local_name(channel) in self.locals

    def mailbox(self, channel: str) -> Mailbox:
        """The channel's, made when it is first needed."""
        found = self.mailboxes.get(channel)
        if found is None:
            layer = self.layer
            found = self.mailboxes[channel] = Mailbox(
                channel,
                layer.local_capacity(channel),
                layer.queue_bytes,
                layer.expiry,
                self._on_lost,
                layer.lost_type,
            )
        return found

    # Listeners, which stay while the connections to Redis come and go

    def add_listener(self, listener: Any) -> str:
        """A channel whose messages are handed to the listener; returns its name."""
        name = self._name("specific")
        self.mailboxes[name] = self.listeners[name] = listener
        self.owned.add(name)
        return name

    def remove_listener(self, name: str) -> None:
        """Forget a listener that has left its groups."""
        self.listeners.pop(name, None)
        self.mailboxes.pop(name, None)
        self.owned.discard(name)

    async def listen(self, group: str, name: str) -> None:
        """Make a listener a member for good; returns when Redis has confirmed it."""
        listener, host = self.listeners[name], self.host(self.layer.consistent_hash(group))
        self.groups.setdefault(group, {})[name] = listener
        listener.groups.add(group)
        host.renewing.add(group)
        joining = self.joining.get(group)
        if joining is None or failed(joining):
            joining = self.joining[group] = self._later(self._subscribe(group))
        await asyncio.shield(joining)

    async def renew(self, group: str) -> None:
        """Leave a mark in the group again."""
        await self.host(self.layer.consistent_hash(group)).renew(group)

    def goodbye(self, groups: Iterable[str]) -> plans.Plan:
        """What takes our marks out of groups, at the end of the process."""
        for group in groups:
            index = self.layer.consistent_hash(group)
            key = self.layer._group_key(group)
            yield plans.Ask(index, plans.LEAVE, [key], [self._mark_in(group)])

    # Groups

    async def join(self, group: str, channel: str) -> None:
        """Make our channel a member; raises when Redis does not confirm the subscription."""
        if channel in self.ended:
            return
        mailbox = self.mailbox(channel)
        members = self.groups.setdefault(group, {})
        members[channel] = mailbox
        mailbox.groups.add(group)
        self.leaving.get(group, {}).pop(channel, None)
        if channel not in self.owned:
            self._leaves(group, channel)
        joining = self.joining.get(group)
        if joining is None or failed(joining):
            joining = self.joining[group] = self._later(self._subscribe(group))
        self.coming.add((group, channel))
        try:
            await asyncio.shield(joining)
            if group in mailbox.elsewhere:
                mailbox.elsewhere.discard(group)
                await self.host(self.layer.consistent_hash(group)).leave(group, None, [channel])
        except BaseException:
            if self.groups.get(group, {}).get(channel) is mailbox:
                self._later(self.leave(group, channel))
            raise
        finally:
            self.coming.discard((group, channel))

    async def _subscribe(self, group: str) -> None:
        index = self.layer.consistent_hash(group)
        mark = self._mark_in(group)
        channel = plans.group_channel(self.layer, group)
        receive = functools.partial(self._group_received, group)
        await self.host(index).join(group, channel, mark, receive)

    def _mark_in(self, group: str) -> str:
        return "specific.%s%s%s" % (self.name, plans.MARK, group)

    def _leaves(self, group: str, channel: str) -> None:
        """Nobody is known to read it: the membership expires, as with channels_redis."""
        at = time.monotonic() + self.layer.group_expiry
        self.leaving.setdefault(group, {})[channel] = at

    def leave(self, group: str, channel: str) -> Any:
        """
        Undo join(), also where somebody elsewhere had done it: here at once; a coroutine for Redis.
        """
        mailbox = self.mailboxes.get(channel)
        if mailbox is not None:
            mailbox.elsewhere.discard(group)
        was_here = mailbox is not None and self._forget(group, channel, mailbox)
        host = self.host(self.layer.consistent_hash(group))
        if was_here and group not in self.groups:
            return host.leave(group, plans.group_channel(self.layer, group), [channel])
        return host.leave(group, None, [channel])

    def _forget(self, group: str, channel: str, mailbox: Mailbox) -> bool:
        members = self.groups.get(group, {})
        mailbox.groups.discard(group)
        if members.pop(channel, None) is None:
            return False
        self.leaving.get(group, {}).pop(channel, None)
        if not members:
            self.groups.pop(group, None)
            self.leaving.pop(group, None)
            self.joining.pop(group, None)
        return True

    # Tasks, and the end

    def _later(self, coroutine: Any) -> "asyncio.Future[Any]":
        failure = "a group was not left or joined"
        return start(self.loop, coroutine, self.tasks, logger, failure)

    async def stop(self) -> None:
        """Leave all groups, and close everything."""
        self.stopped = True
        self.groups.clear()
        if self.tasks:
            await asyncio.wait(list(self.tasks), timeout=1)
        for task in list(self.tasks):
            await end_task(task)
        for host in list(self.hosts.values()):
            await host.stop()
        listeners, self.listeners = list(self.listeners.values()), {}
        for listener in listeners:
            listener.on_end()

    async def close_loop(self, loop: Any) -> None:
        """What channels_redis calls when an event loop is closed."""
        self.listeners.clear()  # who comes back has no time for it
        await self.stop()

    # What a FanOut does

    def _received(self, content: bytes) -> None:
        raise NotImplementedError

    def _group_received(self, group: str, content: bytes) -> None:
        raise NotImplementedError

    def _on_return(self, index: int) -> None:
        raise NotImplementedError

    def _on_lost(self, mailbox: Mailbox, number: int, why: str) -> None:
        raise NotImplementedError


def failed(task: "asyncio.Future[Any]") -> bool:
    """Whether it has ended without a result."""
    return task.done() and (task.cancelled() or task.exception() is not None)
