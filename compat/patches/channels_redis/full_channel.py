"""
Say which channel is full when a message is lost for it.

The unread messages of all WebSockets of one process wait in one list, which takes `capacity` of
them, 100 unless configured. send() raises ChannelFull beyond that, without a word about which
channel it was; group_send() drops the message without any. The limit stays what it was.
https://github.com/django/channels_redis/blob/2.4.2/CHANGELOG.txt
"""

import functools
import logging

from ..._throttle import Throttle
from ...patching.patch import Patch

patch = Patch(
    __name__,
    package="channels_redis",
    versions=">=2.3.0,<2.4.2",
    symptom="in a burst WebSockets miss messages to their group, and nothing is logged",
)

# Runs before the layer's own script, in one step with it: KEYS are the lists, ARGV the messages
# and then the capacities.
FIND_FULL = """
local full = {}
for i = 1, #KEYS do
    if redis.call('LLEN', KEYS[i]) >= tonumber(ARGV[#KEYS + i]) then
        full[#full + 1] = KEYS[i]
    end
end
"""
HINT = (
    'a process reads too slowly, or died; "capacity" or "channel_capacity" in the CONFIG of'
    " CHANNEL_LAYERS lets more messages wait"
)

logger = logging.getLogger(__name__)
refused, lost = Throttle(), Throttle()


@patch.when_imported("channels_redis.core")
def repair(core):
    layer = core.RedisChannelLayer
    stock_send, stock_group_send = layer.send, layer.group_send

    @functools.wraps(stock_send)
    async def send(self, channel, message):
        try:
            return await stock_send(self, channel, message)
        except core.ChannelFull:
            refused.log(
                logger.warning,
                "message refused: channel %s has %d messages waiting; %s",
                self.non_local_name(channel),
                self.get_capacity(channel),
                HINT,
            )
            raise

    @functools.wraps(stock_group_send)
    async def group_send(self, group, message):
        full = []
        await stock_group_send(Watched(self, full), group, message)
        if full:
            names = sorted(key.decode("utf8")[len(self.prefix) :] for key in full)
            if len(names) > 5:
                names[5:] = ["and %d more" % (len(names) - 5)]
            lost.log(
                logger.warning,
                "message to group %s lost, channels are full: %s; %s",
                group,
                ", ".join(names),
                HINT,
            )

    patch.replace(layer, "send", send)
    patch.replace(layer, "group_send", group_send)


class Watched(object):
    """A layer whose connections notice full lists when they push to them."""

    def __init__(self, layer, full):
        self._layer, self._full = layer, full

    def __getattr__(self, name):
        return getattr(self._layer, name)

    def connection(self, index):
        return Connecting(self._layer.connection(index), self._full)


class Connecting(object):
    """The layer's context manager of a connection."""

    def __init__(self, manager, full):
        self.manager, self.full = manager, full

    async def __aenter__(self):
        return Connection(await self.manager.__aenter__(), self.full)

    async def __aexit__(self, *error):
        return await self.manager.__aexit__(*error)


class Connection(object):
    """A connection to Redis."""

    def __init__(self, connection, full):
        self._connection, self._full = connection, full

    def __getattr__(self, name):
        return getattr(self._connection, name)

    async def eval(self, script, keys=(), args=()):
        if len(args) != 2 * len(keys):
            return await self._connection.eval(script, keys=keys, args=args)
        script = "%s\n%s\nreturn full" % (FIND_FULL, script)
        self._full += await self._connection.eval(script, keys=keys, args=args)
