"""
Let daphne reap an application that it has cancelled, and go on reaping the others.
https://github.com/python/cpython/issues/76709
"""

from ...patching.patch import Patch
from .._cancellation import catch_asyncios_too

patch = Patch(
    __name__,
    package="daphne",
    versions=">=2.0,<3.0.1",
    python=">=3.8",
    symptom="after one slow disconnect no connection is ever cleaned up and no error is logged",
)


@patch.when_imported("daphne.server")
@patch.when_imported("daphne.testing")
def repair(module):
    catch_asyncios_too(patch, module)
