"""Who gets a message in this process: one FanOut for each layer and event loop."""

import asyncio
import collections
import logging
import time
from typing import Any, Dict, Optional

from .._throttle import Throttle
from ..metrics import counter
from . import plans
from .mailbox import Mailbox, Message
from .members import Members

logger = logging.getLogger(__name__)

SWEEP_SECONDS = 30.0

lost = counter("layer_lost", "Messages that did not reach a channel of the process", ["why"])
gaps = counter("layer_gaps", "Lost subscriptions, during which groups got no messages")
WHYS = {
    "full": 'a consumer reads too slowly; "capacity" and "queue_bytes" in the CONFIG of'
    " CHANNEL_LAYERS let more messages wait",
    "expired": 'a consumer reads too slowly; messages wait for "expiry" seconds',
}


class FanOut(Members):
    """Hands what comes from Redis to the members here, and tells of what is lost."""

    def __init__(self, layer: Any, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(layer, loop)
        self.sweep_at = 0.0
        self.throttles: Dict[str, Throttle] = collections.defaultdict(Throttle)

    # Messages

    def _group_received(self, group: str, content: bytes) -> None:
        message = self._read(content)
        if message is not None:
            self._to_group(group, message, len(content))

    def _to_group(self, group: str, message: Message, size: int) -> None:
        now = time.monotonic()
        if group in self.leaving:
            self._expire_members(group, now)
        for mailbox in self.groups.get(group, {}).values():
            mailbox.put(message, size, now)
        if now >= self.sweep_at:
            self._sweep(now)

    def _received(self, content: bytes) -> None:
        """What was sent to channels by name, or to groups by channels_redis' layer."""
        message = self._read(content)
        if message is not None:
            try:
                self._deliver(message, len(content))
            except (AttributeError, TypeError) as error:  # not as any layer writes it
                self._complain_of(error)

    def _deliver(self, message: Message, size: int) -> None:
        names = message.pop("__asgi_channel__", ())
        now = time.monotonic()
        if not names:
            # A notification of a process with channels_redis' layer.
            for listener in list(self.listeners.values()):
                listener.put(message, size, now)
        for name in [names] if isinstance(names, str) else names:
            if plans.MARK in name:
                self._to_group(name.partition(plans.MARK)[2], message, size)
            elif "__join__" in message:
                self._added_elsewhere(message["__join__"], name)
            elif "__leave__" in message:
                self._later(self.leave(message["__leave__"], name))
            elif name not in self.ended:
                self.mailbox(name).put(message, size, now)
        if now >= self.sweep_at:
            self._sweep(now)

    def _added_elsewhere(self, group: str, channel: str) -> None:
        """Somebody has added our channel: it gets the group's messages by our list."""
        if channel in self.ended or channel in self.groups.get(group, ()):
            # Nobody reads it; or it would get them twice.
            host = self.host(self.layer.consistent_hash(group))
            self._later(host.leave(group, None, [channel]))
        else:
            self.mailbox(channel).elsewhere.add(group)

    def _read(self, content: bytes) -> Optional[Message]:
        try:
            message = self.layer.deserialize(content)
            if not isinstance(message, dict):
                raise ValueError("it is not a dict")
        except Exception as error:  # of msgpack, of Fernet
            self._complain_of(error)
            return None
        return message

    def _complain_of(self, error: Exception) -> None:
        error = error.__context__ or error  # type: ignore[assignment]  # of what, not by whom
        self.throttles["unreadable"].log(
            logger.warning,
            "a message from Redis was dropped, it cannot be read: %s %s; do all processes have the "
            "same symmetric_encryption_keys?",
            type(error).__name__,
            error,
        )

    # What is lost, what is over

    def _on_lost(self, mailbox: Mailbox, number: int, why: str) -> None:
        if why not in WHYS:
            return
        lost.labels(why).inc(number)
        self.throttles[why].log(
            logger.warning,
            "messages lost for channel %s, in which %d wait (%d bytes): %s",
            mailbox.name,
            len(mailbox.items),
            mailbox.bytes,
            WHYS[why],
        )

    def _on_return(self, index: int) -> None:
        """A subscription was lost, and is back."""
        gaps.inc()
        reached = 0
        for listener in list(self.listeners.values()):
            listener.lose(0, "gap")
        for group, members in self.groups.items():
            if self.layer.consistent_hash(group) == index:
                for channel, mailbox in members.items():
                    if (group, channel) not in self.coming and channel not in self.listeners:
                        reached += 1
                        mailbox.lose(0, "gap")
        if reached:
            self.throttles["gap"].log(
                logger.warning,
                "Redis is back; what was sent to groups meanwhile has not reached %d members here",
                reached,
            )

    def _expire_members(self, group: str, now: float) -> None:
        for channel, at in list(self.leaving[group].items()):
            if at <= now:
                self._later(self.leave(group, channel))

    def _sweep(self, now: float) -> None:
        """Forget the channels of nobody in which nothing waits."""
        self.sweep_at = now + SWEEP_SECONDS
        for name, mailbox in list(self.mailboxes.items()):
            used = name in self.owned or mailbox.groups or mailbox.elsewhere
            if not used and mailbox.is_idle(now):
                del self.mailboxes[name]
