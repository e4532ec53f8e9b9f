"""One run of a command: its process group, its pipe, its end. No database in here."""

import collections
import os
import select
import signal
import subprocess
import threading
import time

from django.core.exceptions import ValidationError

from deploy import processes
from deploy.fields import parse_environment, validate_arguments
from deploy.models import Deployment
from deploy.output import Outbox
from deploy.secrets import CannotOpen

Outcome = collections.namedtuple("Outcome", "state exit_code reason")

READ_SIZE = 64 * 1024
GIVE_UP = 2.0  # seconds after KILL
LEFT_RUNNING = (
    "its output is still held open by a process in a session of its own, which is left running; "
    "what it writes is not read any more"
)
TICK = 0.1  # seconds between two looks at the clock and at the process
# What became of reading the output; behind: the log is, and so it is us who leave it in the pipe.
DATA, SILENCE, BEHIND, ENDED = "data", "silence", "behind", "ended"

# The site's own configuration is not a command's business: it may well deploy another Django site.
PRIVATE = (
    "DJANGO_SETTINGS_MODULE",
    "SECRET_KEY",
    "DATABASE_URL",
    "REDIS_URL",
    "LAYER_KEYS",
    "DEPLOY_KEYS",
    "PROMETHEUS_MULTIPROC_DIR",
    # `make run`'s own: a command's make would take them for its options, and wait for its jobs.
    "MAKEFLAGS",
    "MFLAGS",
    "MAKELEVEL",
    "MAKEOVERRIDES",
    "MAKE_TERMERR",
    "MAKE_TERMOUT",
    "GNUMAKEFLAGS",
)


class CannotStart(Exception):
    """The command could not be started; the text says why."""


def build_environment(deployment, inherited, secrets):
    """Return the environment (a dict) that a deployment's command gets; secrets: {name: value}."""
    environment = {
        name: value
        for name, value in inherited.items()
        if name not in PRIVATE and not name.startswith("SUPERVISOR_")
    }
    # Nobody reads a pipe line by line for fun: lines should come when they are written, and
    # programs may colour them, since the page shows colours.
    environment.setdefault("PYTHONUNBUFFERED", "1")
    environment.setdefault("FORCE_COLOR", "1")
    environment.update(parse_environment(deployment.service.environment))
    environment.update(secrets)
    if "NO_COLOR" in environment:
        environment.pop("FORCE_COLOR", None)
    environment["DEPLOY_ID"] = str(deployment.pk)
    environment["DEPLOY_SERVICE"] = deployment.service.uid
    environment["DEPLOY_TOKEN"] = deployment.token
    return environment


class Execution(object):
    """A command that runs in its own session, read by a thread of its own.

    `outbox` carries its output; `outcome` is there once the outbox has come to its end. grace:
    seconds between TERM and KILL. linger: seconds that the pipe may stay open after the command
    has ended.
    """

    def __init__(self, deployment, grace=10.0, linger=3.0, outbox=None):
        self.deployment = deployment
        self.grace = grace
        self.linger = linger
        self.outbox = Outbox() if outbox is None else outbox
        self.outcome = None
        self.pid = None
        self._stop_lock = threading.Lock()
        self._stop = None  # (state, reason), the first one that was asked for
        self._hurry = False
        self._reading = 0.0  # seconds, without those in which the log was behind
        self._exited_at = None  # of self._reading, and so is
        self._kill_at = None
        self._term_at = None

    def start(self):
        """Start the command and the thread that reads it; raises CannotStart."""
        service = self.deployment.service
        try:
            validate_arguments(service.command)
            secrets = service.secrets
            environment = build_environment(self.deployment, os.environ, secrets)
        except ValidationError as error:  # a row that was not written by way of a form
            raise CannotStart(" ".join(error.messages))
        except CannotOpen as error:
            raise CannotStart(str(error))
        self.outbox.hide(secrets.values())
        cwd = service.cwd or None
        if cwd is not None and not os.path.isdir(cwd):
            raise CannotStart(f"the working directory {cwd} is not a folder")
        program = service.command[0]
        try:
            # Bytes: what arrives must not depend on the locale that the runner was started with.
            self._process = subprocess.Popen(
                [argument.encode("utf-8") for argument in service.command],
                cwd=None if cwd is None else cwd.encode("utf-8"),
                env={
                    name.encode("utf-8", "surrogateescape"): value.encode(
                        "utf-8", "surrogateescape"
                    )
                    for name, value in environment.items()
                },
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                bufsize=0,
                start_new_session=True,
            )
        except FileNotFoundError:
            raise CannotStart(f"command not found: {program}")
        except PermissionError:
            raise CannotStart(f"no permission to run {program}")
        except (OSError, ValueError) as error:
            raise CannotStart(f"{program} cannot be run: {error}")
        self.pid = self._process.pid
        self._deadline = time.monotonic() + service.timeout
        threading.Thread(
            target=self._control, name=f"read-{self.deployment.pk}", daemon=True
        ).start()

    def stop(self, state, reason):
        """Ask for the end: TERM to the group, KILL after the grace; the first request counts."""
        with self._stop_lock:
            if self._exited_at is not None:
                self._hurry = True  # it has ended by itself; only what it left behind is stopped
            elif self._stop is None:
                self._stop = (state, reason)

    def kill(self):
        """Do not wait any longer."""
        self._hurry = True

    def _control(self):
        try:
            self._read_until_the_end()
        except Exception as error:  # whatever happens, the writer must not wait for ever
            processes.signal_group(self.pid, signal.SIGKILL)
            self.outcome = Outcome(Deployment.FAILED, None, f"the runner failed: {error!r}")
            raise
        finally:
            self._process.stdout.close()
            self.outbox.close()

    def _read_until_the_end(self):
        pipe = self._process.stdout.fileno()
        os.set_blocking(pipe, False)
        poll = select.poll()  # not select(): it fails for file descriptors above 1023
        poll.register(pipe, select.POLLIN)
        found, before = SILENCE, time.monotonic()
        while True:
            if found == ENDED:
                time.sleep(TICK / 2)
            else:
                found = self._read_some(pipe, poll)
            now = time.monotonic()
            if found != BEHIND:
                self._reading += now - before
            before = now
            exited = self._has_exited()
            if exited and found == ENDED and not self._has_leftovers():
                break
            if not self._advance(now, exited, found):
                break
        self.outcome = self._judge(self._process.wait() if exited else None)

    def _advance(self, now, exited, found):
        """Take the step towards a forced end that is due now; False: there is none left."""
        if not exited and now >= self._deadline:
            reason = f"timed out after {self.deployment.service.timeout} s"
            self.stop(Deployment.FAILED, reason)
        if self._term_at is None:
            if self._stop is None and not (exited and self._lingers(found)):
                return True
            if self._stop is not None:
                self.outbox.note(f"{self._stop[1]}: stopping the command")
            elif not processes.group_is_alive(self.pid):
                self.outbox.note(LEFT_RUNNING)  # there is nobody whom a signal would reach
                return False
            else:
                self.outbox.note(
                    "the command has ended, but what it left behind holds its output open: "
                    "stopping that"
                )
            self._term_at = now
            processes.signal_group(self.pid, signal.SIGTERM)
        elif self._kill_at is None:
            done = exited and not processes.group_is_alive(self.pid)
            if done or self._hurry or now >= self._term_at + self.grace:
                self._kill_at = self._reading
                processes.signal_group(self.pid, signal.SIGKILL)
        elif self._reading >= self._kill_at + GIVE_UP:
            # Stuck in the kernel, or the pipe is held by somebody outside the group.
            if exited:
                self.outbox.note(LEFT_RUNNING)
            return False
        return True

    def _lingers(self, found):
        """After the command's end: tell whether somebody else holds its output open."""
        if found == ENDED:
            return False
        if found != BEHIND and self._reading >= self._exited_at + self.linger:
            return True
        # Behind data, read or not, may be the end. In a hurry it counts who is seen to be there.
        return self._hurry and (found == SILENCE or processes.group_is_alive(self.pid))

    def _has_leftovers(self):
        """After a forced end, the whole group has to go, not only its leader."""
        return self._stop is not None and processes.group_is_alive(self.pid)

    def _read_some(self, pipe, poll):
        """Read what is there, or wait for it a moment; tell what became of it."""
        if not self.outbox.has_room(TICK):
            return BEHIND  # leave it in the pipe, and the command waits
        if not poll.poll(TICK * 1000):
            self.outbox.pause()
            return SILENCE
        try:
            data = os.read(pipe, READ_SIZE)
        except BlockingIOError:
            return SILENCE
        if not data:
            return ENDED
        self.outbox.feed(data)
        return DATA

    def _has_exited(self):
        # The process is left a zombie until the end: so its number (our group's) stays taken, and
        # a signal to the group can never reach somebody else's.
        with self._stop_lock:
            if self._exited_at is None:
                options = os.WEXITED | os.WNOHANG | os.WNOWAIT
                if os.waitid(os.P_PID, self.pid, options) is not None:
                    self._exited_at = self._reading
            return self._exited_at is not None

    def _judge(self, code):
        if self._stop is not None:
            state, reason = self._stop
            return Outcome(state, code, reason)
        if code == 0:
            return Outcome(Deployment.SUCCEEDED, 0, "")
        if code is not None and code < 0:
            return Outcome(Deployment.FAILED, code, f"ended by signal {_signal_name(-code)}")
        return Outcome(Deployment.FAILED, code, f"exit code {code}")


def _signal_name(number):
    try:
        return signal.Signals(number).name
    except ValueError:
        return str(number)
