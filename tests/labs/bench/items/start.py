"""What compat.install() adds to the start of a process."""

import json
import os
import subprocess
import sys
import sysconfig

from ..failure import Failed
from ..processes import ROOT
from ..results import Row

NAME = "start"
ABOUT = "cost of compat.install() when a process starts"
TURNS = 4
EMPTY = ("", "import compat; compat.install()")
# What a site with channels does when it starts.
SETUP = "import tests.labs.bench.site, django; django.setup(); import channels.routing"
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
        Row("start.setup", "CPU of a start with django.setup()", "ms", 1),
    ]


def run(bench):
    """Short processes in turn."""
    for number in bench.rounds(NAME):
        for turn in range(TURNS):
            for kind in bench.kinds(turn):
                bench.attempt(NAME, kind, _start, bench, kind)
        install = bench.results.median("start.install", "ours")
        share = bench.results.median("start.share", "ours")
        if install is not None:
            bench.progress("  install(): %.2f ms, %.1f%% of django.setup()" % (install, share))


def _start(bench, kind):
    add, site = bench.results.add, bench.sites[kind]
    add("start.empty", kind, _python(site, EMPTY[kind == "ours"])[0] * 1e3)
    add("start.setup", kind, _python(site, SETUP)[0] * 1e3)
    if kind == "ours":
        install, setup = json.loads(_python(site, INSIDE)[1].decode())
        add("start.install", kind, install * 1e3)
        add("start.share", kind, install / setup * 100)


def _python(site, code):
    """CPU seconds of a process that runs `code`, and what it prints."""
    # -S: where the bridge's .pth is installed it would start compat in every process.
    path = os.pathsep.join([ROOT, sysconfig.get_path("purelib"), sysconfig.get_path("platlib")])
    process = subprocess.Popen(
        [sys.executable, "-S", "-c", code],
        env=dict(site.env, PYTHONPATH=path),
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    output, errors = process.stdout.read(), process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.stdout.close()
    process.stderr.close()
    process.returncode = status
    if status:
        lines = errors.decode(errors="replace").strip().splitlines()
        raise Failed(lines[-1] if lines else "Python ended with status %d" % status)
    return usage.ru_utime + usage.ru_stime, output
