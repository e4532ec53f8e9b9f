"""The runner: takes queued deployments, looks after those that run, and buries the lost."""

import logging
import os
import select
import threading
import time
from datetime import timedelta

from django.db import Error as DatabaseError
from django.db import connections
from django.utils import timezone

from compat.streams.retention import trim_all
from deploy import lifecycle, processes
from deploy.liveness import Liveness, stale_after
from deploy.models import Deployment, RunnerBeat
from deploy.run import Run
from deploy.workers import Workers

logger = logging.getLogger(__name__)

HEARTBEAT = 5.0  # seconds
FORGOTTEN = timedelta(days=1)  # after which a runner's last heartbeat is of no interest
SWEEP = 15.0  # seconds
TRIM = 600.0  # seconds between two looks at what streams need not keep (STREAMS_KEEP)
# Who stops the runner kills it soon (`deploy_conf up` after 8 s), and a command in a process group
# of its own would then outlive it: this is the longest grace, in seconds, when the runner stops.
STOPPING = 4.0
FINISHING = 10.0  # seconds that the last entries may take when the runner is stopped
ORPHAN_GRACE = 2.0  # seconds between TERM and KILL for what a dead runner left


class Runner(object):
    """Runs deployments until stop() is called; `run()` is the loop, in the main thread.

    poll: seconds between two looks at the queue. concurrency: commands at the same time.
    """

    def __init__(self, poll=0.5, concurrency=4, grace=10.0, linger=3.0):
        self.identity = processes.RunnerIdentity.here()
        self.poll = poll
        self.concurrency = concurrency
        self.grace = grace
        self.linger = linger
        self.runs = {}  # deployment id: Run
        self._workers = Workers()
        self._ended = []
        self._stops = 0
        self._finishing = False
        # A pipe, not an Event: a signal handler may write to it at any moment.
        self._wake_read, self._wake_write = os.pipe()
        os.set_blocking(self._wake_read, False)
        os.set_blocking(self._wake_write, False)
        self._next_heartbeat = self._next_sweep = self._next_trim = 0.0
        self._trimming = threading.Lock()
        self._liveness = Liveness(SWEEP)

    def stop(self):
        """Stop claiming and end what runs; the second call does not wait for the grace."""
        self._stops += 1
        self._wake()

    def finish(self):
        """Stop claiming, and end when what runs has ended by itself: its successor has new code."""
        self._finishing = True
        self._wake()

    def run(self, once=False):
        """Work until stop() or finish(); once: until nothing is queued that can run, or runs.

        Returns True when everything it ran was recorded to its end.
        """
        logger.info("runner %s: started, %s at a time", self.identity, self.concurrency)
        while not self._stops:
            claimed = self._guarded(self._tick)
            if (once or self._finishing) and claimed is False and not self.runs:
                break
            self._wait(self.poll)
        complete = self._shut_down()
        logger.info("runner %s: stopped", self.identity)
        connections.close_all()
        os.close(self._wake_read)
        os.close(self._wake_write)
        return complete

    def _tick(self):
        """Do all that is due; tell whether something was claimed."""
        now = time.monotonic()
        self._collect()
        beat = now >= self._next_heartbeat
        if self.runs:
            self._look_after_runs(beat)
        if beat:
            self._beat()
            self._next_heartbeat = now + HEARTBEAT
        if now >= self._next_sweep:
            self.sweep()
            self._next_sweep = now + SWEEP
        if now >= self._next_trim:
            self._next_trim = now + TRIM
            self._workers.start(self._trim)
        claimed = False
        while not self._stops and not self._finishing and len(self.runs) < self.concurrency:
            deployment = lifecycle.claim_next(self.identity)
            if deployment is None:
                break
            claimed = True
            logger.info("deployment %s: %s", deployment.pk, deployment.service.uid)
            run = Run(deployment, self.grace, self.linger, self._on_end)
            self.runs[deployment.pk] = run
            self._workers.start(run)
        return claimed

    def _beat(self):
        """Say that this runner is there, and forget those that have not done so for long."""
        now = timezone.now()
        RunnerBeat.objects.update_or_create(runner=str(self.identity), defaults={"at": now})
        RunnerBeat.objects.filter(at__lt=now - FORGOTTEN).delete()

    def _look_after_runs(self, beat):
        mine = Deployment.objects.filter(
            pk__in=list(self.runs), state=Deployment.RUNNING, runner=str(self.identity)
        )
        if beat:
            mine.update(heartbeat_at=timezone.now())
        rows = {
            row[0]: row[1:]
            for row in mine.values_list("pk", "cancel_requested", "cancelled_by_name")
        }
        self._collect()
        for pk, run in self.runs.items():
            if pk not in rows:
                # Recorded as ended in this moment, or marked lost by another runner.
                if run.execution.outcome is None:
                    run.disown()
            elif rows[pk][0]:
                run.execution.stop(Deployment.CANCELLED, f"cancelled by {rows[pk][1]}")

    def sweep(self):
        """Mark deployments lost whose runner is gone, and stop what it left running."""
        running = Deployment.objects.filter(state=Deployment.RUNNING).select_related("service")
        others = list(running.exclude(pk__in=list(self.runs)))
        self._liveness.look(others)
        for deployment in others:
            reason = self._why_lost(deployment)
            if reason:
                self._bury(deployment, reason)

    def _trim(self):
        """In a thread of its own: no deployment waits for it, nor does the runner's end."""
        if not self._trimming.acquire(blocking=False):
            return
        try:
            removed = trim_all()
            if removed:
                logger.info("removed %d old entries of streams", removed)
        except DatabaseError as error:
            logger.warning("old entries of streams are still there: %s", error)
        finally:
            self._trimming.release()
            connections.close_all()

    def _why_lost(self, deployment):
        if deployment.runner == str(self.identity):
            # Its claim was committed, but the answer of the database did not arrive; or its end
            # could not be recorded. It is not started (again): nobody could tell whether twice.
            return "its runner lost track of it"
        try:
            gone = processes.RunnerIdentity.parse(deployment.runner).is_gone()
        except ValueError:
            gone = None
        if gone:
            return "its runner died"
        # One that is seen to live has a reason for its silence, such as waiting for the database.
        if gone is None and self._liveness.silent_for(deployment) >= stale_after():
            return "its runner has not been heard of for too long"
        return ""

    def _bury(self, deployment, reason):
        try:
            here = processes.RunnerIdentity.parse(deployment.runner).host == self.identity.host
        except ValueError:
            here = False
        groups = set()
        if here:
            groups = processes.find_groups(
                deployment.token, deployment.pid, deployment.process_mark
            )
            processes.stop_groups(groups, ORPHAN_GRACE)
        if groups:
            reason += "; the command it left behind was stopped"
        if lifecycle.finish(deployment, Deployment.LOST, None, reason):
            logger.warning("deployment %s: lost: %s", deployment.pk, reason)

    def _shut_down(self):
        """End what runs, wait for its last entries, and tell whether all are written."""
        grace = min(self.grace, STOPPING)
        for run in self.runs.values():
            run.execution.grace = grace
            run.execution.stop(Deployment.LOST, "the runner was stopped")
        deadline = time.monotonic() + grace + FINISHING
        hurried = False
        while self.runs and time.monotonic() < deadline:
            if self._stops > 1 and not hurried:
                hurried = True
                for run in self.runs.values():
                    run.execution.kill()
            self._wait(self.poll)
            self._collect()
            if self.runs and time.monotonic() >= self._next_heartbeat:
                self._guarded(self._look_after_runs, True)
                self._next_heartbeat = time.monotonic() + HEARTBEAT
        return not self.runs

    def _guarded(self, operation, *args):
        """Do it; trouble with the database is logged and left to the next round (None).

        Of any kind: a runner that ended now would leave its commands behind.
        """
        try:
            return operation(*args)
        except DatabaseError as error:
            logger.warning("the database does not answer: %s", error)
            self._liveness.forget()  # others could not write a heartbeat either
            connections.close_all()
            return None

    def _on_end(self, run):
        self._ended.append(run)
        self._wake()

    def _collect(self):
        while self._ended:
            self.runs.pop(self._ended.pop().deployment.pk, None)

    def _wake(self):
        try:
            os.write(self._wake_write, b"!")
        except OSError:
            pass  # full, so it wakes up anyway; or closed, so there is nobody to wake

    def _wait(self, seconds):
        select.select([self._wake_read], [], [], seconds)
        try:
            os.read(self._wake_read, 1024)
        except BlockingIOError:
            pass
