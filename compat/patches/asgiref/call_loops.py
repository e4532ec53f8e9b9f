"""
Send to a channel layer from code without an event loop by the layer's own connection, if it has
one: async_to_sync(layer.group_send) makes an event loop and opens a connection for every call.

Only compat's pub/sub layer has `group_send.without_loop`. It is told, too, of code that runs on a
loop which was made for one call: what it subscribes there would end with the call.
https://github.com/django/asgiref/blob/2.3.2/asgiref/sync.py
"""

import functools

from ...patching.patch import Patch

patch = Patch(
    __name__,
    package="asgiref",
    versions=">=2.0,<3.0",
    symptom="each async_to_sync(layer.group_send) of the pub/sub layer opens a connection to Redis",
)


@patch.when_imported("asgiref.sync")
def repair(sync):
    import asyncio

    from ... import _call_loops

    bridge = sync.AsyncToSync
    stock = bridge.__call__
    code = stock.__code__
    names = code.co_varnames[: code.co_argcount + 2]
    patch.expect(names == ("self", "args", "kwargs"), "AsyncToSync.__call__ takes %r" % (names,))

    @functools.wraps(stock)
    def __call__(self, *args, **kwargs):
        method = self.awaitable
        without_loop = getattr(getattr(method, "__func__", None), "without_loop", None)
        if without_loop is not None and asyncio._get_running_loop() is None:
            return without_loop(method.__self__, *args, **kwargs)
        with _call_loops.temporary():
            return stock(self, *args, **kwargs)

    patch.replace(bridge, "__call__", __call__)
