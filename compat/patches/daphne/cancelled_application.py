"""
Let daphne reap an application that it has cancelled, and go on reaping the others.
https://github.com/python/cpython/issues/76709
"""
from ...patch import Patch

patch = Patch(
    __name__,
    package="daphne",
    versions="<2.4",
    python=">=3.8",
    symptom="after one slow disconnect no connection is ever cleaned up and no error is logged",
)


@patch.when_imported("daphne.server")
@patch.when_imported("daphne.testing")
def repair(module):
    import asyncio
    import concurrent.futures

    patch.expect(
        module.CancelledError is concurrent.futures.CancelledError, "CancelledError is another"
    )
    patch.replace(module, "CancelledError", (module.CancelledError, asyncio.CancelledError))
