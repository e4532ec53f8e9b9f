"""
Raise what a consumer raised, not the cancellation of what it was waiting for besides.
https://github.com/python/cpython/issues/76709
"""

from ...patching.patch import Patch
from .._cancellation import catch_asyncios_too

patch = Patch(
    __name__,
    package="channels",
    versions=">=2.0,<2.3.1",
    python=">=3.8",
    symptom="an exception in a consumer is reported as CancelledError, or not at all",
)


@patch.when_imported("channels.utils")
def repair(utils):
    catch_asyncios_too(patch, utils)
