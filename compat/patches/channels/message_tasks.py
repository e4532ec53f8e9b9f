"""
Hand messages to a consumer from where they wait, without two tasks and a race for each of them.

await_many_dispatch() makes a task for every message and lets asyncio.wait() race it with the
others: half of what a broadcast to ordinary consumers costs. Now a consumer waits for its client's
queue and its channel at once, and goes on as long as there is something; messages of a synchronous
consumer that are there together make one hop into a thread. Order, exceptions and cancellation
are as before. What reads from something else, as a middleware's own receive(), has its task still.
https://github.com/django/channels/blob/2.1.4/channels/utils.py#L35
"""

import functools

from ...patching.patch import Patch

patch = Patch(
    __name__,
    package="channels",
    versions=">=2.0,<3.0",
    symptom="each message costs an ordinary consumer two tasks, half the CPU of a broadcast",
)


@patch.when_imported("channels.utils")
def repair(utils):
    import asyncio

    from ._batches import batch_of
    from ._dispatch import Sources

    stock = utils.await_many_dispatch
    names = stock.__code__.co_varnames[: stock.__code__.co_argcount]
    patch.expect(names == ("consumer_callables", "dispatch"), "it takes %r" % (names,))
    names = asyncio.Queue.get.__code__.co_names
    patch.expect({"empty", "_getters", "get_nowait"} <= set(names), "asyncio.Queue is different")

    @functools.wraps(stock)
    async def await_many_dispatch(consumer_callables, dispatch):
        sources = Sources(consumer_callables)
        if not sources.known:
            return await stock(consumer_callables, dispatch)
        sources.start()
        try:
            batch = batch_of(dispatch)
            if batch is None:
                await sources.each(dispatch)
            else:
                await sources.batches(batch)
        finally:
            await sources.end()

    patch.replace(utils, "await_many_dispatch", await_many_dispatch)
