"""up, down and status: a thin wrapper around supervisord."""

import ctypes
import os
import shlex
import signal
import socket
import subprocess
import sys
import time

from . import binaries, health, probe, processes, render
from . import layout as place
from .errors import ConfError
from .reload import Reload, lock
from .running import NO_ANSWER, Run, supervisor_at

# More than the sum of what the parts may take to stop (see Place.hurry).
STOP_PATIENCE = 45
PR_SET_PDEATHSIG = 1
ANY = "0.0.0.0"  # noqa: S104 (compared, not listened on)


def up(site, var, host, port, redis_url, timeout, foreground):
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
        _check_port(host, port)
        daphne_port = _free_port(place.preferred_daphne_port(var), besides=port)
        sockets = run.socket_folder()
        try:
            where = place.for_this_machine(var, sockets, host, port, daphne_port, redis_url)
            if site.behind:
                binaries.check_realip(where.nginx, "--behind")
            _write(site, var, where)
            _check_nginx(where)
            child = _start(where, lock, foreground)
        except BaseException:
            run.forget({"sockets": sockets})
            raise
        if site.static_root and not os.path.isdir(site.static_root):
            print("no static files in %s yet: run manage.py collectstatic" % site.static_root)
        reachable = {ANY: "127.0.0.1", "[::]": "::1"}.get(host, host.strip("[]"))
        record = {
            "pid": child.pid,
            "start": getattr(processes.stat(child.pid), "start", None),
            "boot": processes.boot_id(),
            "url": "http://%s/" % probe.authority(reachable, port),
            "host": reachable,
            "port": port,
            "sockets": sockets,
            "prefix": site.name.replace("-", "_") + "-",
            "websocket": site.websocket_probe or site.websocket_path,
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


def down(var):
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
        os.kill(record["pid"], signal.SIGTERM)
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


def status(var):
    """Prints a table of the programs and whether the site answers; 0 only if all is well."""
    run = Run(var)
    record = run.read()
    programs = run.programs(record) if record else None
    if programs is None:
        print("not running")
        return 1
    rows = [("PROGRAM", "STATE", "PID", "UPTIME", "LOG")]
    for one in programs:
        running = one["statename"] == "RUNNING"
        uptime = _duration(one["now"] - one["start"]) if running else "-"
        rows.append((one["short"], one["statename"], str(one["pid"] or "-"), uptime, one["log"]))
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    for row in rows:
        print("  ".join([row[i].ljust(widths[i]) for i in range(4)] + [row[4]]))
    problems = health.problems(run, record, programs)
    for problem in problems:
        print(problem)
    if not problems:
        print("%s answers over HTTP and WebSocket" % record["url"])
    return 1 if problems else 0


def reload(var, signals, patience):
    """Has what `up` started take up new code; 0 only if all is well afterwards."""
    run = Run(var)
    record = run.read()
    if not record or run.programs(record) is None:
        raise ConfError("not running: start it with `up`")
    with lock(run.folder):
        one = Reload(run.supervisor(record), record["prefix"], signals, say, run.log, patience)
        one.run()
    deadline = time.monotonic() + patience
    problems = health.problems(run, record, run.programs(record))
    while problems and time.monotonic() < deadline:
        time.sleep(0.1)
        problems = health.problems(run, record, run.programs(record))
    for problem in problems:
        sys.stderr.write("deploy_conf: %s\n" % problem)
    if not problems:
        say("reloaded: %s" % record["url"])
    return 1 if problems else 0


def reload_at(socket, prefix, signals, patience):
    """The same for programs of any supervisord, by the path of its control socket."""
    interface = supervisor_at(socket)

    def log(program):
        try:
            return next(
                found["stdout_logfile"]
                for found in interface.getAllProcessInfo()
                if found["name"] in (program, prefix + program)
            )
        except (StopIteration,) + NO_ANSWER:
            return "its log"

    one = Reload(interface, prefix, signals, say, log, patience)
    one.programs()  # a mistyped path gets no lock beside it
    with lock(os.path.dirname(socket)):
        one.run()
    say("reloaded")
    return 0


def say(line):
    print(line)
    sys.stdout.flush()


class Stop(object):
    """Turns INT, TERM and HUP into a flag while it is entered; a second Ctrl-C changes nothing."""

    SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

    def __init__(self):
        self.asked = False

    def __enter__(self):
        numbers = list(self.SIGNALS)
        if signal.getsignal(signal.SIGHUP) == signal.SIG_IGN:
            numbers.remove(signal.SIGHUP)  # nohup
        self.before = [(number, signal.signal(number, self._ask)) for number in numbers]
        return self

    def __exit__(self, *_):
        for number, handler in self.before:
            signal.signal(number, handler)

    def _ask(self, number, frame):
        self.asked = True


def _lock(run):
    """The lock, or None when the site runs; waits for a run that is just being stopped."""
    deadline = time.monotonic() + STOP_PATIENCE
    while True:
        lock = run.lock()
        # supervisord answers this while it runs, but not any more while it shuts down.
        if lock is not None or run.programs() is not None or time.monotonic() > deadline:
            return lock
        time.sleep(0.1)


def _attend(run, record, child, stop, timeout, foreground):
    """Waits for the site to answer, then, in the foreground, for its end."""
    problems = _wait_ready(run, record, child, stop, timeout)
    if not problems and not stop.asked:
        print("running: %s" % record["url"])
        sys.stdout.flush()
        if not foreground:
            return 0
        print("Ctrl-C stops it; logs are in %s" % os.path.join(run.var, "log"))
        sys.stdout.flush()
        failing = set()
        while not stop.asked and child.poll() is None:
            time.sleep(0.2)
            failing = _report_failing(run, record, failing)
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


def _report_failing(run, record, before):
    """Prints programs that supervisor has newly given up; returns all of those."""
    now = {one["short"] for one in run.programs(record) or [] if one["statename"] == "FATAL"}
    for name in sorted(now - before):
        sys.stderr.write("deploy_conf: %s does not stay up: %s\n" % (name, run.log(name)))
    return now


def _wait_ready(run, record, child, stop, timeout):
    """Polls until everything answers; the list of what does not."""
    deadline = time.monotonic() + timeout
    seen = {}  # program: the process ids it has had
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


def _write(site, var, where):
    """The rendered files, and site.env for commands typed in a shell."""
    if where.redis_socket:
        where.redis_password = render.redis_password(where.conf)
        where.redis_url = render.redis_url(where.redis_socket, where.redis_password)
    where.environment = {"DEVOPS_VAR": var, "PYTHONUNBUFFERED": "1"}
    where.environment["PROMETHEUS_MULTIPROC_DIR"] = os.path.join(where.run, "metrics")
    render.write(where.conf, render.site_files(site, where), render.PRIVATE)
    text = "# Written by deploy_conf up, for manage.py, and for `set -a; . site.env` in a shell.\n"
    text += "REDIS_URL=%s\n" % shlex.quote(where.redis_url)
    render.write(var, {"site.env": text}, private=("site.env",))
    if not os.path.exists(os.path.join(var, ".gitignore")):
        render.write(var, {".gitignore": "*\n"})


def _check_port(host, port):
    """Raises ConfError when nobody could listen there now."""
    error = _bind_error(host, port)
    if error:
        raise ConfError(
            "port %d on %s cannot be used (%s); choose another: --port N, or "
            "PORT=N make run" % (port, host, error)
        )


def _bind_error(host, port):
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.socket(family) as probe_socket:
            # As nginx does: connections of an earlier run that are closing do not count.
            probe_socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe_socket.bind((host.strip("[]"), port))
            probe_socket.listen(1)
    except OSError as error:
        return (error.strerror or str(error)).lower()
    return None


def _free_port(preferred, besides):
    for port in range(preferred, preferred + 500):
        if port != besides and _bind_error("127.0.0.1", port) is None:
            return port
    raise ConfError("no free port for daphne between %d and %d" % (preferred, preferred + 500))


def _check_nginx(where):
    """Lets nginx read what was rendered, so that a problem is told before anything starts."""
    words = [where.nginx, "-t", "-q", "-p", where.run, "-c", os.path.join(where.conf, "nginx.conf")]
    if where.nginx_takes_e:
        words += ["-e", "stderr"]
    done = subprocess.run(
        words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    if done.returncode:
        lines = done.stdout.decode("utf-8", "replace").strip().splitlines() or ["no reason given"]
        raise ConfError("nginx refuses its configuration: %s" % lines[0])


def _start(where, lock, foreground):
    """supervisord in a session of its own: a terminal's Ctrl-C does not reach it directly."""
    configuration = os.path.join(where.conf, "supervisord.conf")
    words = binaries.supervisord() + ["-n", "-s", "-c", configuration]
    # The C library is looked up here: between fork and exec only the call itself is safe.
    library = ctypes.CDLL(None) if foreground and sys.platform.startswith("linux") else None

    def die_with_parent():
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


def _stop(child):
    if child.poll() is None:
        child.terminate()
        try:
            child.wait(STOP_PATIENCE)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def _wait(condition, seconds):
    """The first true value of condition(), None after this many seconds."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        time.sleep(0.05)
    return None


def _duration(seconds):
    minutes, seconds = divmod(max(0, int(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    return (
        "%dd %02d:%02d:%02d" % (days, hours, minutes, seconds)
        if days
        else "%d:%02d:%02d" % (hours, minutes, seconds)
    )
