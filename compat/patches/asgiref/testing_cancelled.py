"""
Let ApplicationCommunicator stop an application that it has cancelled.
https://github.com/python/cpython/issues/76709
"""
from ...patch import Patch

patch = Patch(
    __name__,
    package="asgiref",
    versions=">=2.0,<3.2",
    python=">=3.8",
    symptom="ApplicationCommunicator.wait() and receive_output() raise CancelledError in tests",
)


@patch.when_imported("asgiref.testing")
def repair(testing):
    import asyncio
    import concurrent.futures

    patch.expect(
        testing.CancelledError is concurrent.futures.CancelledError, "CancelledError is another"
    )
    patch.replace(testing, "CancelledError", (testing.CancelledError, asyncio.CancelledError))
