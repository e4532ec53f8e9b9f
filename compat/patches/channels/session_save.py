"""
Save the session of a scope in a thread, not on the event loop.
https://github.com/django/channels/pull/1389
"""

import copy
import functools

from ...patching.patch import APPLIED, Patch
from ..asgiref import thread_pool

patch = Patch(
    __name__,
    package="channels",
    versions=">=2.0.2,<2.4",
    requires={"asgiref": thread_pool.patch.versions},
    symptom="the whole server stands still while SessionMiddleware saves a session",
)


@patch.when_imported("channels.sessions")
def repair(sessions):
    from channels.db import database_sync_to_async

    # The response of a view is sent from one of those threads, which would wait for another.
    patch.expect(thread_pool.patch.state()[0] == APPLIED, "it needs asgiref.thread_pool")
    instance = sessions.SessionMiddlewareInstance
    stock = instance.send

    @functools.wraps(stock)
    async def send(self, message):
        if saves(self, message):
            # Upstream's send() but for its last step, which is all that has to wait for anything.
            saver = copy.copy(self)
            saver.real_send = keep
            await database_sync_to_async(run)(stock, saver, message)
            return await self.real_send(message)
        return await stock(self, message)

    def saves(self, message):
        """Whether this message may make upstream save the session."""
        return (
            getattr(self, "activated", True)
            and message.get("type") in self.middleware.save_message_types
            and (self.scope["session"].modified or sessions.settings.SESSION_SAVE_EVERY_REQUEST)
        )

    patch.replace(instance, "send", send)


async def keep(message):
    pass


def run(function, *args):
    """Run an async function that waits for nothing."""
    coroutine = function(*args)
    try:
        coroutine.send(None)
    except StopIteration:
        return
    coroutine.close()
    raise RuntimeError("%s waits for something before the message is sent" % function)
