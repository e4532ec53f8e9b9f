"""The runner: takes queued deployments, runs their commands, and writes what they say."""

import logging
import os
import queue
import select
import threading
import time
from datetime import timedelta

from django.conf import settings
from django.db import Error as DatabaseError
from django.db import InterfaceError, InternalError, OperationalError, connections, transaction
from django.utils import timezone

from compat.streams import publish_many, read
from compat.streams.retention import trim_all
from deploy import lifecycle, processes
from deploy.execution import CannotStart, Execution
from deploy.liveness import Silences
from deploy.models import Deployment, RunnerBeat

logger = logging.getLogger(__name__)

# InternalError: PostgreSQL's for a transaction that may only read, as in a failover.
DATABASE_TROUBLE = (OperationalError, InterfaceError, InternalError)
PAGE = 200  # entries
HEARTBEAT = 5.0  # seconds
FORGOTTEN = timedelta(days=1)  # after which a runner's last heartbeat is of no interest
SWEEP = 15.0  # seconds
TRIM = 600.0  # seconds between two looks at what streams need not keep (STREAMS_KEEP)
# Who stops the runner kills it soon (`deploy_conf up` after 8 s), and a command in a process group
# of its own would then outlive it: this is the longest grace, in seconds, when the runner stops.
STOPPING = 4.0
FINISHING = 10.0  # seconds that the last entries may take when the runner is stopped
ORPHAN_GRACE = 2.0  # seconds between TERM and KILL for what a dead runner left


def stale_after():
    """Seconds without a heartbeat after which a runner that cannot be looked at counts as gone."""
    return getattr(settings, "DEPLOY_STALE_SECONDS", 60)


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


class Output(object):
    """Appends a deployment's output to its stream, each batch once."""

    def __init__(self, deployment):
        self._deployment = deployment
        self._stream = deployment.service.stream
        self._last = deployment.since  # our last entry is there, or before
        self._in_doubt = False

    def write(self, bodies):
        """Append the bodies; when it raises, call it again with the same ones."""
        if self._in_doubt:
            last = self._write_unless_there(bodies)
        else:
            self._in_doubt = True
            last = publish_many(self._stream, bodies)[1]
        self._last, self._in_doubt = last, False

    def _write_unless_there(self, bodies):
        """Append after a failure: a connection that broke may have committed all the same.

        The append comes first, since it waits for whatever still holds the stream's row.
        """
        with transaction.atomic():
            first, last = publish_many(self._stream, bodies)
            written = self._last_before(first)
            if written is None:
                return last
            transaction.set_rollback(True)
        return written

    def _last_before(self, end):
        """Return the last entry of ours that we do not know of; None: there is none."""
        found, since = None, self._last
        while since < end - 1:
            for row in read(self._stream, since, PAGE):
                since, body = row.seq, row.body
                ours = body.get("k") == "out" and body.get("d") == self._deployment.pk
                if ours and since < end:
                    found = since
        return found


class Run(object):
    """One claimed deployment: what writes about it, and the execution it writes about."""

    def __init__(self, deployment, grace, linger, on_end):
        self.deployment = deployment
        self.execution = Execution(deployment, grace=grace, linger=linger)
        self.abandoned = threading.Event()
        self._on_end = on_end

    def disown(self):
        """The row is not ours any more: stop the command and write nothing about it."""
        self.abandoned.set()
        self.execution.stop(Deployment.LOST, "somebody else ended this deployment")

    def __call__(self):
        try:
            self._execute()
        except Exception:
            logger.exception("deployment %s: the runner failed", self.deployment.pk)
            self._give_up()
        finally:
            connections.close_all()
            self._on_end(self)

    def _give_up(self):
        self.execution.stop(Deployment.FAILED, "the runner failed")
        while self.execution.pid is not None and self.execution.outbox.take() is not None:
            pass
        reason = "the runner failed; its own log says why"
        self._persist(lifecycle.finish, self.deployment, Deployment.FAILED, None, reason)

    def _execute(self):
        deployment, execution = self.deployment, self.execution
        output = Output(deployment)
        try:
            execution.start()
        except CannotStart as error:
            execution.outbox.note(f"cannot start: {error}")
            execution.outbox.close()
            outcome = (Deployment.FAILED, None, str(error))
        else:
            outcome = None
            mark = processes.process_mark(execution.pid)
            self._persist(lifecycle.record_process, deployment, execution.pid, mark)
        while True:
            pieces = execution.outbox.take()
            if pieces is None:
                break
            at = int(time.time() * 1000)
            bodies = [{"k": "out", "d": deployment.pk, "s": piece, "t": at} for piece in pieces]
            self._persist(output.write, bodies)
        if self._persist(lifecycle.finish, deployment, *(outcome or execution.outcome)):
            logger.info("deployment %s: %s %s", deployment.pk, deployment.state, deployment.reason)

    def _persist(self, operation, *args):
        """Do it however long the database takes: nothing is read from the pipe meanwhile."""
        delay = 0.1
        while not self.abandoned.is_set():
            try:
                return operation(*args)
            except DATABASE_TROUBLE as error:
                logger.warning(
                    "deployment %s: the database does not take it: %s", self.deployment.pk, error
                )
                connections.close_all()
                self.abandoned.wait(delay)
                delay = min(2 * delay, 5.0)
        return None


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
        self._silences = Silences(SWEEP)

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
        self._silences.look(others)
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
        if gone is None and self._silences.seconds(deployment) >= stale_after():
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
        deadline = time.monotonic() + (grace if self.runs else 0) + FINISHING
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
            self._silences.forget()  # others could not write a heartbeat either
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
