"""Whether the event loop of this thread was made by async_to_sync() for one call alone."""

import threading

_local = threading.local()


def is_temporary():
    """Whether what is set up on it now is gone when the call returns."""
    return getattr(_local, "calls", 0) > 0


class temporary:
    """A context manager around such a call."""

    def __enter__(self):
        _local.calls = getattr(_local, "calls", 0) + 1

    def __exit__(self, *_):
        _local.calls -= 1
