"""up and down: a thin wrapper around supervisord."""

import ctypes
import os
import shlex
import signal
import subprocess
import sys
import time
from typing import IO, Any, Callable, Dict, List, Optional, Set, TypeVar

from . import (
    binaries,
    health,
    layout,
    ports,
    probe,
    processes,
    project,
    redis_address,
    render,
    wheels,
)
from .errors import ConfError
from .layout import Layout
from .running import Run
from .site import Site

Found = TypeVar("Found")

# More than the sum of what the parts may take to stop (see Layout.hurry).
STOP_PATIENCE = 45
PR_SET_PDEATHSIG = 1
ANY = "0.0.0.0"  # noqa: S104 (compared, not listened on)
LOOK = 2  # seconds until the next look for programs that do not stay up, in the foreground
LOOKS = 5  # in a row at which a program was not up, or for less than LOOK
REDIS_PATIENCE = 5  # seconds that a Redis of somebody else's, which may be starting, has to answer


def up(
    site: Site,
    var: str,
    host: str,
    port: int,
    redis_url: Optional[str],
    timeout: int,
    foreground: bool,
    no_redis: bool = False,
) -> int:
    """Starts the site and waits until it answers; in the foreground, until it is stopped."""
    run = Run(var)
    os.makedirs(var, exist_ok=True)
    lock = _lock(run)
    if lock is None:
        record = run.read()
        print(
            "already running: %s (stop it with: python -m deploy_conf down)"
            % record.get("url", "another `up` is at work")
        )
        return 1 if foreground or not record else 0
    stop = Stop()
    with lock, stop:
        run.make_folders()
        run.clean()
        ports.check(host, port)
        if redis_url:
            _check_redis(redis_url, min(timeout, REDIS_PATIENCE))
        daphne_port = ports.free(layout.preferred_daphne_port(var), besides=port)
        sockets = run.socket_folder()
        try:
            where = layout.for_this_machine(
                site, var, sockets, host, port, daphne_port, redis_url, no_redis
            )
            _write(site, var, where)
            _check_nginx(where)
            for line in wheels.remarks(where, project.bridge(site.directory)):
                print(line)
            child = _start(where, lock, foreground)
        except BaseException:
            run.forget({"sockets": sockets})
            raise
        if site.static_remark:
            print(site.static_remark)
        reachable = {ANY: "127.0.0.1", "[::]": "::1"}.get(host, host.strip("[]"))
        name = name_for(site.allowed_hosts, reachable)
        record = {
            "pid": child.pid,
            "start": getattr(processes.stat(child.pid), "start", None),
            "boot": processes.boot_id(),
            "url": "http://%s/" % probe.authority(name, port),
            "host": reachable,
            "name": name,
            "port": port,
            "sockets": sockets,
            "prefix": site.id + "-",
            "websocket": site.websocket_probe or site.websocket_paths[0],
            "probe": bool(site.websocket_probe),
            "redis": where.redis_url,
        }
        try:
            run.write(**record)
            return _attend(run, record, child, stop, timeout, foreground)
        except BaseException:
            # Nobody would know of it: the disk is full, say, or nobody reads what we print.
            _stop(child)
            run.clean()
            run.forget(record)
            raise


def name_for(allowed: List[str], address: str) -> str:
    """The name by which a site is asked: its address, or what its ALLOWED_HOSTS has instead."""
    written = "[%s]" % address if ":" in address else address
    names = [name.lstrip(".") for name in allowed]
    if not names or "*" in names or written in names or address in names:
        return address
    return names[0].strip("[]")


def down(var: str) -> int:
    """Stops the site and waits until every process has gone; fine when none runs."""
    run = Run(var)
    if not os.path.isdir(var):
        print("not running")
        return 0
    lock = run.lock()
    if lock is not None:
        with lock:
            run.clean()
        print("not running")
        return 0
    record = run.read()
    if not record:
        raise ConfError("another `up` or `down` is at work in %s" % var)
    if processes.alive(record["pid"], record["start"]):
        try:
            os.kill(record["pid"], signal.SIGTERM)
        except PermissionError:
            raise run.foreign()
    lock = _wait(lambda: run.lock(), STOP_PATIENCE)
    if lock is None:
        processes.end({record["pid"]: record["start"]}, patience=1)
        lock = _wait(lambda: run.lock(), 5)
        if lock is None:
            raise ConfError("supervisord (pid %d) does not end" % record["pid"])
    with lock:
        run.clean()
    print("stopped")
    return 0


class Stop:
    """Turns INT, TERM and HUP into a flag while it is entered; a second Ctrl-C changes nothing."""

    SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

    def __init__(self) -> None:
        self.asked = False

    def __enter__(self) -> "Stop":
        numbers = list(self.SIGNALS)
        if signal.getsignal(signal.SIGHUP) == signal.SIG_IGN:
            numbers.remove(signal.SIGHUP)  # nohup
        self.before = [(number, signal.signal(number, self._ask)) for number in numbers]
        return self

    def __exit__(self, *_: Any) -> None:
        for number, handler in self.before:
            signal.signal(number, handler)

    def _ask(self, number: int, frame: Any) -> None:
        self.asked = True


def _lock(run: Run) -> Optional[IO[str]]:
    """The lock, or None when the site runs; waits for a run that is just being stopped."""
    deadline = time.monotonic() + STOP_PATIENCE
    while True:
        lock = run.lock()
        if lock is not None or _stays(run) or time.monotonic() > deadline:
            return lock
        time.sleep(0.1)


def _stays(run: Run) -> bool:
    """
    Whether supervisord runs, and has not been told to end: then it does not answer any more.

    It takes one signal a turn, and answers before that: the second answer is what counts.
    """
    return run.programs() is not None and run.programs() is not None


def _attend(
    run: Run,
    record: Dict[str, Any],
    child: "subprocess.Popen[bytes]",
    stop: Stop,
    timeout: int,
    foreground: bool,
) -> int:
    """Waits for the site to answer, then, in the foreground, for its end."""
    problems = _wait_ready(run, record, child, stop, timeout)
    if not problems and not stop.asked:
        print("running: %s" % record["url"])
        sys.stdout.flush()
        if not foreground:
            return 0
        print("Ctrl-C stops it; logs are in %s" % os.path.join(run.var, "log"))
        sys.stdout.flush()
        failing: Dict[str, int] = {}
        looked = time.monotonic()
        while not stop.asked and child.poll() is None:
            time.sleep(0.2)
            if time.monotonic() > looked + LOOK:  # supervisord is asked for it, day and night
                programs = run.programs(record)
                failing = failing if programs is None else _report_failing(run, programs, failing)
                looked = time.monotonic()
        if not stop.asked and child.returncode != 0:
            problems = ["supervisord ended unexpectedly: %s" % run.log("supervisord")]
    for problem in problems:
        sys.stderr.write("deploy_conf: %s\n" % problem)
    if stop.asked:
        print("stopping")
        sys.stdout.flush()
    _stop(child)
    run.clean()
    if stop.asked:
        print("stopped")
    return 1 if problems else 0


def _report_failing(
    run: Run, programs: List[Dict[str, Any]], before: Dict[str, int]
) -> Dict[str, int]:
    """
    Prints what newly does not stay up; returns {program: looks in a row at which it was not}.

    supervisord looks once a second whether a child has ended, and takes one that ended at once for
    one that stayed up for `startsecs` of 1: such a program is started again each second, for ever.
    """
    now = {}
    for one in programs:
        name, state = one["short"], one["statename"]
        if state in ("STOPPED", "STOPPING"):
            continue
        if state == "FATAL":
            now[name] = LOOKS
        elif state != "RUNNING" or one["now"] - one["start"] < LOOK:
            now[name] = min(LOOKS, before.get(name, 0) + 1)
        if now.get(name) == LOOKS > before.get(name, 0):
            sys.stderr.write("deploy_conf: %s does not stay up: %s\n" % (name, run.log(name)))
            sys.stderr.flush()  # before Python 3.9 a file or a pipe has it much later
    return now


def _wait_ready(
    run: Run,
    record: Dict[str, Any],
    child: "subprocess.Popen[bytes]",
    stop: Stop,
    timeout: int,
) -> List[str]:
    """Polls until everything answers; the list of what does not."""
    deadline = time.monotonic() + timeout
    seen: Dict[str, Set[int]] = {}  # program: the process ids it has had
    while not stop.asked:
        if child.poll() is not None:
            return ["supervisord does not start: %s" % health.reason(run.log("supervisord.err"))]
        programs = run.programs(record) or []
        for one in programs:
            if one["pid"]:
                seen.setdefault(one["short"], set()).add(one["pid"])
        # A program that was started three times will not stay up the fourth time either.
        given_up = any(one["statename"] == "FATAL" for one in programs)
        given_up = given_up or any(len(pids) > 2 for pids in seen.values())
        failing = {name for name, pids in seen.items() if len(pids) > 1} if given_up else ()
        problems = health.problems(run, record, programs, failing)
        if not problems or given_up or time.monotonic() > deadline:
            return problems
        time.sleep(0.1)
    return []


def _write(site: Site, var: str, where: Layout) -> None:
    """The rendered files, and site.env for commands typed in a shell."""
    render.write(where.conf, render.site_files(site, where), render.PRIVATE)
    text = "# Written by deploy_conf up, for manage.py, and for `set -a; . site.env` in a shell.\n"
    if where.redis_url:
        text += "REDIS_URL=%s\n" % shlex.quote(where.redis_url)
    render.write(var, {"site.env": text}, private=("site.env",))
    if not os.path.exists(os.path.join(var, ".gitignore")):
        render.write(var, {".gitignore": "*\n"})


def _check_redis(url: str, patience: float) -> None:
    """Raises ConfError while nothing has started yet, when that Redis does not answer."""
    deadline = time.monotonic() + patience
    said = probe.redis(url, timeout=patience)
    while said and time.monotonic() < deadline:
        time.sleep(0.2)
        said = probe.redis(url, timeout=max(0.1, deadline - time.monotonic()))
    if said:
        address = redis_address.parse(url)
        raise ConfError("REDIS_URL: %s does not answer: %s" % (address, said))


def _check_nginx(where: Layout) -> None:
    """Lets nginx read what was rendered, so that a problem is told before anything starts."""
    words = [where.nginx, "-t", "-q", "-p", where.run, "-c", os.path.join(where.conf, "nginx.conf")]
    if where.nginx_version >= binaries.NGINX_SINCE["takes_e"]:
        words += ["-e", "stderr"]
    done = subprocess.run(
        words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    if done.returncode:
        lines = done.stdout.decode("utf-8", "replace").strip().splitlines() or ["no reason given"]
        raise ConfError("nginx refuses its configuration: %s" % lines[0])


def _start(where: Layout, lock: IO[str], foreground: bool) -> "subprocess.Popen[bytes]":
    """supervisord in a session of its own: a terminal's Ctrl-C does not reach it directly."""
    configuration = os.path.join(where.conf, "supervisord.conf")
    words = binaries.supervisord() + ["-n", "-s", "-c", configuration]
    # The C library is looked up here: between fork and exec only the call itself is safe.
    library = ctypes.CDLL(None) if foreground and sys.platform.startswith("linux") else None

    def die_with_parent() -> None:
        if library is not None:
            library.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)

    # uWSGI takes every variable UWSGI_X for its option x, and there is none called bin.
    environment = {name: value for name, value in os.environ.items() if name != "UWSGI_BIN"}
    with open(os.path.join(where.log, "supervisord.err.log"), "wb") as errors:
        return subprocess.Popen(
            words,
            cwd=where.run,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            start_new_session=True,
            pass_fds=[lock.fileno()],
            preexec_fn=die_with_parent if library else None,
        )


def _stop(child: "subprocess.Popen[bytes]") -> None:
    if child.poll() is None:
        child.terminate()
        try:
            child.wait(STOP_PATIENCE)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def _wait(condition: Callable[[], Optional[Found]], seconds: float) -> Optional[Found]:
    """The first true value of condition(), None after this many seconds."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        time.sleep(0.05)
    return None
