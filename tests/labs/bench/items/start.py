"""What the repairs add to the start of a process."""

import json
import os
import subprocess
import sys
import sysconfig

from ..failure import Failed
from ..processes import ROOT
from ..results import Row
from ..servers import DAPHNE
from ..sites import IMPORT_SHIMS, disable_all_but

NAME = "start"
ABOUT = "cost of the repairs when a process starts"
TURNS = 4
EMPTY = ("", "import compat; compat.install()")
SITE = "import tests.labs.bench.site\n"
CHECK = SITE + (
    "from django.core.management import execute_from_command_line\n"
    "execute_from_command_line(['manage.py', 'check'])"
)
WSGI = SITE + "import tests.labs.bench.site.wsgi"
LISTENS = b"Listening on TCP"
# What a site with channels does when it starts.
INSIDE = """
import json, os, time  # os is there when any process starts
first = time.perf_counter()
import compat
compat.install()
second = time.perf_counter()
import django
django.setup()
import channels.routing
print(json.dumps([second - first, time.perf_counter() - second]))
"""


def rows(options):
    return [
        Row("start.install", "compat.install(), import included", "ms", 2),
        Row("start.share", "the same, of django.setup() with channels", "%", 2),
        Row("start.empty", "CPU of python -c '', with install()", "ms", 1),
        Row("start.check", "CPU of `manage.py check`", "ms", 1),
        Row("start.wsgi", "CPU until there is a WSGI application", "ms", 1),
        Row("start.daphne", "CPU of daphne until it listens", "ms", 1),
    ]


def run(bench):
    """Short processes in turn."""
    environments = {"ours": environment(bench.sites["ours"], "")}
    for disable in ("*", disable_all_but(IMPORT_SHIMS)):
        environments["stock"] = environment(bench.sites["ours"], disable)
        try:
            for env in environments.values():  # also: everything is compiled, and in the cache
                for code in (CHECK, WSGI):
                    _python(env, code)
            break
        except Failed as error:
            reason = error
    else:
        raise reason
    for number in bench.rounds(NAME):
        for turn in range(TURNS):
            for kind in bench.kinds(turn):
                bench.attempt(NAME, kind, _start, bench, kind, environments[kind])
        install = bench.results.median("start.install", "ours")
        share = bench.results.median("start.share", "ours")
        if install is not None:
            bench.progress("  install(): %.2f ms, %.1f%% of django.setup()" % (install, share))


def environment(site, disable):
    """One site for both kinds, that of the stock stack: only the repairs make the difference."""
    # -S: where the bridge's .pth is installed it would start compat in every process.
    path = os.pathsep.join([ROOT, sysconfig.get_path("purelib"), sysconfig.get_path("platlib")])
    env = dict(site.env, BENCH_SITE="stock", COMPAT_DISABLE=disable, PYTHONPATH=path)
    # pip has compiled all that it has installed; this checkout would be compiled at each start.
    for name in ("PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED"):
        env.pop(name, None)
    return env


def _start(bench, kind, env):
    add = bench.results.add
    add("start.empty", kind, _python(env, EMPTY[kind == "ours"])[0] * 1e3)
    add("start.check", kind, _python(env, CHECK)[0] * 1e3)
    add("start.wsgi", kind, _python(env, WSGI)[0] * 1e3)
    application = "tests.labs.bench.site.asgi:application"
    add("start.daphne", kind, _python(env, DAPHNE, "-p", "0", application, until=LISTENS)[0] * 1e3)
    if kind == "ours":
        install, setup = json.loads(_python(env, INSIDE)[1].decode())
        add("start.install", kind, install * 1e3)
        add("start.share", kind, install / setup * 100)


def _python(env, code, *arguments, until=None):
    """CPU seconds of a process that runs `code`, and what it prints; it is killed at `until`."""
    process = subprocess.Popen(
        [sys.executable, "-S", "-c", code, *arguments],
        env=env,
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT if until else subprocess.PIPE,
    )
    if until:
        output = errors = b""
        for line in iter(process.stdout.readline, b""):
            errors = output = output + line
            if until in line:
                process.kill()
                break
    else:
        output, errors = process.stdout.read(), process.stderr.read()
        process.stderr.close()
    _, status, usage = os.wait4(process.pid, 0)
    process.stdout.close()
    process.returncode = status
    if until not in output if until else status:
        lines = errors.decode(errors="replace").strip().splitlines()
        raise Failed(lines[-1] if lines else "Python ended with status %d" % status)
    return usage.ru_utime + usage.ru_stime, output
