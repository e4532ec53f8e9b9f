"""
Raise a timeout from ApplicationCommunicator that is asyncio's and concurrent.futures' at once.
https://docs.python.org/3/whatsnew/3.11.html#asyncio
"""

import functools

from ...patching.patch import Patch

patch = Patch(
    __name__,
    package="asgiref",
    versions=">=2.0,<3.3",
    python=">=3.8,<3.11",
    symptom="tests that catch concurrent.futures.TimeoutError from a communicator fail",
)


@patch.when_imported("asgiref.testing")
def repair(testing):
    import asyncio
    import concurrent.futures

    class TimeoutError(asyncio.TimeoutError, concurrent.futures.TimeoutError):
        """What both names meant before Python 3.8, and mean again since 3.11."""

    def raising_both(method):
        @functools.wraps(method)
        async def wrapper(*args, **kwargs):
            try:
                return await method(*args, **kwargs)
            except asyncio.TimeoutError as error:
                raise TimeoutError(*error.args) from error

        return wrapper

    communicator = testing.ApplicationCommunicator
    for name in ("wait", "receive_output"):
        patch.replace(communicator, name, raising_both(getattr(communicator, name)))
