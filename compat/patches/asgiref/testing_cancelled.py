"""
Let ApplicationCommunicator stop an application that it has cancelled.
https://github.com/python/cpython/issues/76709
"""

from ...patching.patch import Patch
from .._cancellation import catch_asyncios_too

patch = Patch(
    __name__,
    package="asgiref",
    versions=">=2.0,<3.2.3",
    python=">=3.8",
    symptom="ApplicationCommunicator.wait() and receive_output() raise CancelledError in tests",
)


@patch.when_imported("asgiref.testing")
def repair(testing):
    catch_asyncios_too(patch, testing)
