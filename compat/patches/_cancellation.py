"""Since Python 3.8, asyncio and concurrent.futures each have a CancelledError of their own."""

from ..patching.patch import NotNeeded


def catch_asyncios_too(patch, module):
    """Let `except CancelledError` mean both in a module that took it from concurrent.futures."""
    import asyncio
    import concurrent.futures

    if module.CancelledError is asyncio.CancelledError:
        raise NotNeeded("%s catches asyncio's CancelledError" % module.__name__)
    patch.expect(
        module.CancelledError is concurrent.futures.CancelledError, "CancelledError looks different"
    )
    patch.replace(module, "CancelledError", (module.CancelledError, asyncio.CancelledError))
