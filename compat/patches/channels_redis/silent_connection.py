"""
Give up a connection to Redis on which no answer comes, and connect again.

After a power cut, or when an address moves to another machine, nobody says that a connection is
gone; aioredis waits for its answer without an end. Hosts that name a "connection_cls" keep theirs.
https://github.com/django/channels_redis/issues/20
"""

import asyncio
import functools

from ...patching.patch import Patch

patch = Patch(
    __name__,
    package="channels_redis",
    versions=">=2.3.0,<3.0",
    requires={"aioredis": ">=1.0,<2.0"},
    symptom="a connection to Redis goes silent, and no WebSocket gets a message until a restart",
)

ANSWER_SECONDS = 10.0
# Their last argument says how long Redis may take for the answer; 0 is for ever.
BLOCKING = {"BLPOP", "BRPOP", "BRPOPLPUSH", "BLMOVE", "BZPOPMIN", "BZPOPMAX"}


@patch.when_imported("channels_redis.core")
def repair(core):
    pool, connection_class = core.ConnectionPool, impatient(core.aioredis.RedisConnection)
    stock = pool.__init__

    @functools.wraps(stock)
    def __init__(self, host):
        stock(self, dict({"connection_cls": connection_class}, **host))

    patch.replace(pool, "__init__", __init__)


def impatient(base):
    """A class of connections that are closed when an answer takes too long."""

    class Connection(base):
        def execute(self, command, *args, **options):
            answer = super(Connection, self).execute(command, *args, **options)
            seconds = allowed(command, args)
            if seconds is not None:
                timer = asyncio.get_event_loop().call_later(seconds, self.give_up, seconds)
                answer.add_done_callback(lambda _: timer.cancel())
            return answer

        def give_up(self, seconds):
            from aioredis.errors import ConnectionClosedError

            # Not close(): for who waits it must look as if Redis had closed it.
            self._do_close(ConnectionClosedError("no answer in %g s" % seconds))

    return Connection


def allowed(command, args):
    """How many seconds the answer to a command may take; None for one that waits for ever."""
    name = command.decode("latin-1") if isinstance(command, bytes) else command
    if name.strip().upper() not in BLOCKING:
        return ANSWER_SECONDS
    return ANSWER_SECONDS + float(args[-1]) if args[-1] else None
