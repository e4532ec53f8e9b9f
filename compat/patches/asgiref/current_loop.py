"""
Find or make the event loop of the main thread without a warning.
https://docs.python.org/3/library/asyncio-eventloop.html#asyncio.get_event_loop
"""

from ...patching.patch import Patch

patch = Patch(
    __name__,
    package="asgiref",
    versions=">=2.0,<3.3",
    python=">=3.12",
    symptom="DeprecationWarning: There is no current event loop, from async_to_sync()",
)


@patch.when_imported("asgiref.sync")
@patch.when_imported("asgiref.server")
def repair(module):
    from .._current_loop import use_in

    use_in(patch, module)
