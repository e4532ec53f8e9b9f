"""
`python -m tests.labs.version_matrix.pythons`: `make test` on every supported Python that is
installed, in one table.

Needs no package: each Python gets the environment that `make test` makes for it.
"""

import argparse
import os
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from concurrent.futures import ThreadPoolExecutor

from tests.support import CHECKOUT, pythons

MINORS = range(6, 14)
COLUMNS = ("Python", "run", "failed", "errors", "skipped", "seconds", "")
ROW = "%-8s %6s %7s %7s %8s %8s  %s"


def main(arguments=None):
    """Run the command line; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.labs.version_matrix.pythons", description=__doc__
    )
    parser.add_argument("pythons", nargs="*", metavar="3.X", help="only these (default: 3.6-3.13)")
    parser.add_argument("--jobs", type=int, default=1, help="how many at a time (default 1)")
    options = parser.parse_args(arguments)
    known = ["3.%d" % minor for minor in MINORS]
    for name in options.pythons:
        if name not in known:
            parser.error("%s is not one of %s" % (name, " ".join(known)))
    wanted = [name for name in known if name in (options.pythons or known)]
    print(ROW % COLUMNS, flush=True)
    with ThreadPoolExecutor(options.jobs) as pool:
        try:
            rows = list(pool.map(one, wanted))
        except KeyboardInterrupt:
            return 130  # the same Ctrl-C ends the tests
    good = [row for row in rows if row == "passed"]
    bad = [row for row in rows if row == "failed"]
    print("%d passed, %d failed, %d not installed" % (len(good), len(bad), rows.count("")))
    return 0 if good and not bad and (rows.count("") == 0 or not options.pythons) else 1


def one(name):
    """Test one Python and print its row; "passed", "failed" or "" when it is not installed."""
    python = pythons.find(name)
    if python is None:
        print(ROW % (name, "-", "-", "-", "-", "-", "not installed"), flush=True)
        return ""
    folder = os.path.join(CHECKOUT, "var", "matrix")
    os.makedirs(folder, exist_ok=True)
    log, report = (os.path.join(folder, name + kind) for kind in (".log", ".xml"))
    if os.path.exists(report):
        os.remove(report)
    command = ["make", "test", "PYTHON=" + python, "VENV=.venv-python" + name]
    environ = dict(os.environ, PYTEST_ADDOPTS="--junitxml=" + report)
    started = time.monotonic()
    with open(log, "wb") as output:
        code = subprocess.call(command, cwd=CHECKOUT, env=environ, stdout=output, stderr=output)
    seconds = int(time.monotonic() - started)
    counts = read(report) or ("?",) * 4
    verdict = "" if code == 0 else "failed, see " + os.path.relpath(log, CHECKOUT)
    print(ROW % ((pythons.version(python),) + counts + (seconds, verdict)), flush=True)
    return "failed" if code else "passed"


def read(report):
    """(run, failed, errors, skipped) of pytest's report, None when it wrote none."""
    if not os.path.exists(report):
        return None
    root = ElementTree.parse(report).getroot()
    suite = root if root.tag == "testsuite" else root.find("testsuite")
    return tuple(int(suite.get(name)) for name in ("tests", "failures", "errors", "skipped"))


if __name__ == "__main__":
    sys.exit(main())
