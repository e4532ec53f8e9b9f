"""
Give AsyncToSync a native thread in a process that gevent has patched.

All its “threads” are greenlets of one thread, in which asyncio runs one event loop at a time: while
one of them waits for Redis, every other one was refused.
https://www.gevent.org/api/gevent.threadpool.html
"""

import functools

from ... import _greenlets
from ...patching.patch import Patch

patch = Patch(
    __name__,
    package="asgiref",
    versions=">=2.0,<3.0",
    symptom="group_send() from several greenlets of gevent: You cannot use AsyncToSync in the same "
    "thread as an async event loop",
)


@patch.when_imported("asgiref.sync")
def repair(sync):
    call = sync.AsyncToSync.__call__

    @functools.wraps(call)
    def __call__(self, *args, **kwargs):
        if _greenlets.share_this_thread():
            return _greenlets.run_apart(functools.partial(call, self, *args, **kwargs))
        return call(self, *args, **kwargs)

    patch.replace(sync.AsyncToSync, "__call__", __call__)
