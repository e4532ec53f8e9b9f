"""
Release a channel's lock when waiting for its next message is cancelled.
https://github.com/python/cpython/issues/76709
"""

import functools
import inspect

from ...patching.patch import Patch

patch = Patch(
    __name__,
    package="channels_redis",
    versions=">=2.3.0,<2.4.1",
    python=">=3.8",
    symptom="after one cancelled receive() no consumer of the process receives anything",
)


@patch.when_imported("channels_redis.core")
def repair(core):
    import asyncio

    layer = core.RedisChannelLayer
    pop = layer._brpop_with_clean
    used = inspect.unwrap(layer.receive_single).__code__.co_names
    patch.expect(
        "_brpop_with_clean" in used and "receive_clean_locks" in used,
        "receive_single() does not hold receive_clean_locks while it waits",
    )

    @functools.wraps(pop)
    async def _brpop_with_clean(self, index, channel, timeout):
        try:
            return await pop(self, index, channel, timeout=timeout)
        except asyncio.CancelledError:
            # The caller took the lock and releases it on every `Exception`; this is none.
            self.receive_clean_locks.release(channel)
            raise

    patch.replace(layer, "_brpop_with_clean", _brpop_with_clean)
