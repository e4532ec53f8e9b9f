import threading

from deploy.workers import Workers
from tests.support.wait import wait_until


def test_a_worker_survives_a_job_that_fails(caplog):
    workers, ran = Workers(), threading.Event()

    def fail():
        raise RuntimeError("broken")

    workers.start(fail)
    wait_until(lambda: "RuntimeError: broken" in caplog.text, what="the failure in the log")
    workers.start(ran.set)
    assert ran.wait(10)
