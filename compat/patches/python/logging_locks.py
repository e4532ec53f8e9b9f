"""
Offer `logging._acquireLock()` and `_releaseLock()` again: celery sets up its log under that lock.
https://github.com/python/cpython/issues/109461
"""

from ...patching.patch import Patch

patch = Patch(
    __name__,
    package="python",
    versions=">=3.13",
    symptom="a celery worker ends: module 'logging' has no attribute '_acquireLock'",
)


@patch.when_imported("logging")
def repair(logging):
    patch.expect(hasattr(logging._lock, "_at_fork_reinit"), "logging has no lock")

    def _acquireLock():
        logging._lock.acquire()

    def _releaseLock():
        logging._lock.release()

    patch.add(logging, "_acquireLock", _acquireLock)
    patch.add(logging, "_releaseLock", _releaseLock)
