"""Threads that deployments run in."""

import logging
import queue
import threading

logger = logging.getLogger(__name__)


class Workers(object):
    """Threads that are made when they are needed and kept, with their connections to Redis.

    Daemons: a process that is told to end does not wait for a database that does not answer.
    """

    def __init__(self):
        self._jobs = queue.Queue()
        self._idle = threading.Semaphore(0)

    def start(self, job):
        """Run job() in a thread that has nothing to do, or in a new one."""
        if not self._idle.acquire(blocking=False):
            threading.Thread(target=self._work, name="deployments", daemon=True).start()
        self._jobs.put(job)

    def _work(self):
        while True:
            job = self._jobs.get()
            try:
                job()
            except Exception:  # the thread counts as idle now, so it has to be there
                logger.exception("a deployment's thread failed")
            job = None
            self._idle.release()
