"""
Find or make the event loop of the main thread without a warning.

daphne starts Twisted's reactor before anything has made a loop.
https://docs.python.org/3/library/asyncio-eventloop.html#asyncio.get_event_loop
"""

from ...patching.patch import Patch

patch = Patch(
    __name__,
    package="daphne",
    versions=">=2.0,<4.0",
    python=">=3.12",
    symptom="DeprecationWarning: There is no current event loop, an error under -W error",
)


@patch.when_imported("twisted.internet.asyncioreactor")
def repair_reactor(reactor):
    from .._current_loop import get_event_loop

    patch.replace(reactor, "get_event_loop", get_event_loop)


@patch.when_imported("daphne.server")
def repair(server):
    from .._current_loop import use_in

    use_in(patch, server)
