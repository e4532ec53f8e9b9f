import sys

import pytest

from compat.patching.versions import installed_version
from tests.support.probe import prove, source

if not installed_version("celery"):
    pytest.skip("celery is not installed", allow_module_level=True)


# flush() discards the jobs whose writers were not started: here one is waiting for a process.
@source
def code():
    from billiard.pool import RUN
    from celery.concurrency import asynpool

    discarded = []

    class Job:
        _accepted = False
        _write_to = None  # no process has been chosen

        def __init__(self, writer):
            self._writer = lambda: writer

        def _cancel(self):
            pass

        def discard(self):
            discarded.append(self)

    class Pool(asynpool.AsynPool):
        def __init__(self):
            def _write_job():
                yield

            writer = _write_job()
            self._state = RUN
            self.outbound_buffer = []
            self._active_writers, self._active_writes, self._busy_workers = {writer}, set(), set()
            self._cache = {1: Job(writer)}

        def maintain_pool(self):
            pass

    pool = Pool()
    pool.flush()
    print(len(discarded), "discarded")
    gen = (n for n in [1, 2])
    next(gen)
    print(bool(asynpool.gen_not_started(gen)))
    list(gen)
    print(bool(asynpool.gen_not_started(gen)))


def test_what_was_not_begun_is_discarded():
    prove(
        "celery.unstarted_writers",
        code,
        good="1 discarded\nFalse\nFalse",
        bad="'NoneType' object has no attribute '_is_alive'",
        needed=sys.version_info >= (3, 11),
    )
