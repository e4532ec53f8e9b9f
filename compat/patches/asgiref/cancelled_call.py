"""
Wake the thread that waits in AsyncToSync when what it waits for is cancelled.

Cancellation used to be an `Exception`, and only those are handed on to the thread.
https://github.com/python/cpython/issues/76709
"""

import functools

from ...patching.patch import Patch

patch = Patch(
    __name__,
    package="asgiref",
    versions=">=2.0,<3.3",
    python=">=3.8",
    symptom="a thread in async_to_sync() hangs for ever once the awaited task is cancelled",
)


@patch.when_imported("asgiref.sync")
def repair(sync):
    import asyncio
    import concurrent.futures

    class CancelledError(concurrent.futures.CancelledError, asyncio.CancelledError):
        """Both, as they were one: the caller may expect either, or any `Exception`."""

    bridge = sync.AsyncToSync
    wrap = bridge.main_wrap
    names = wrap.__code__.co_varnames[: wrap.__code__.co_argcount]
    patch.expect(names[1:4] == ("args", "kwargs", "call_result"), "main_wrap takes %r" % (names,))

    @functools.wraps(wrap)
    async def main_wrap(self, args, kwargs, call_result, *later):
        try:
            await wrap(self, args, kwargs, call_result, *later)  # asgiref 3 hands on some more
        except asyncio.CancelledError as error:
            call_result.set_exception(CancelledError(*error.args))

    patch.replace(bridge, "main_wrap", main_wrap)
