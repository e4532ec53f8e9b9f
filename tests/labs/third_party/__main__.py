"""
`python -m tests.labs.third_party`: the test suites of packages of the era on this Python with the
bridge active, compared with what they do on stock 3.7.
"""

import argparse
import os
import signal
import sys
import tempfile
import time

from tests.labs.django_suite.environment import CHECKOUT, Unready, python_version, say

from .environment import HERE, activate, make_venv, unpack
from .packages import PACKAGES
from .results import Baseline, Difference, count, excused
from .run import run, use

BASELINE = os.path.join(HERE, "baseline.txt")
COLUMNS = ("package", "version", "run", "failed", "errors", "skipped", "seconds", "")
ROW = "%-22s %-8s %6s %7s %7s %8s %8s  %s"
SHOWN = 12  # lines of a traceback


def main(arguments=None):
    """Run the command line; returns the exit code: 1 when a package does worse, 2 for trouble."""
    parser = argparse.ArgumentParser(prog="python -m tests.labs.third_party", description=__doc__)
    names = [package.name for package in PACKAGES]
    parser.add_argument("packages", nargs="*", metavar="package", help=", ".join(names))
    parser.add_argument("--stock", action="store_true", help="without the bridge")
    parser.add_argument(
        "--compare", metavar="FILE", default=BASELINE, help="another baseline than stock 3.7's"
    )
    parser.add_argument("--write-baseline", metavar="FILE", help="record this run")
    parser.add_argument(
        "--source",
        metavar="PACKAGE=FOLDER",
        action="append",
        default=[],
        help="a checkout of the release, for a package whose sdist carries no tests",
    )
    parser.add_argument(
        "--var",
        default=os.path.join(CHECKOUT, "var", "third-party"),
        help="where the sdists, the environments and the logs are kept",
    )
    options = parser.parse_args(arguments)
    for name in options.packages + [text.partition("=")[0] for text in options.source]:
        if name not in names:
            parser.error("%s is not one of %s" % (name, ", ".join(names)))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # the server and the suite are ended
    try:
        return check(options)
    except (Unready, AssertionError, OSError, ValueError) as error:
        say("third-party: %s" % error)
        return 2
    except KeyboardInterrupt:
        return 130


def check(options):
    baseline = Baseline({}, {})
    if not options.write_baseline:
        baseline = Baseline.read(options.compare)
    sources = dict(text.partition("=")[::2] for text in options.source)
    wanted = [p for p in PACKAGES if p.name in options.packages or not options.packages]
    folder = os.path.abspath(options.var)
    os.makedirs(folder, exist_ok=True)
    python = make_venv(folder)
    activate(python, not options.stock)
    logs = os.path.join(folder, "logs-%s%s" % (python_version(), "-stock" if options.stock else ""))
    os.makedirs(logs, exist_ok=True)
    title = "CPython %s, %s" % (
        sys.version.split()[0],
        "nothing patched" if options.stock else "with the bridge",
    )
    print("%s\n%s" % (title, ROW % COLUMNS), flush=True)
    runs, complaints = {}, []
    for package in wanted:
        source = sources.get(package.name) or unpack(package, folder, python)
        results, complaint = one(package, os.path.abspath(source), python, logs)
        if results:
            runs[package.name] = results
        if complaint:
            complaints.append(package.name)
    say("logs: " + logs)
    if options.write_baseline:
        if complaints:
            raise Unready("no baseline is written")
        Baseline.of(runs).write(options.write_baseline, [title, "See results.py."])
        return 0
    reasons = excused()
    differences = [(name, Difference(baseline, name, runs[name], reasons)) for name in sorted(runs)]
    for name, difference in differences:
        tell(name, difference, runs[name])
    worse = [name for name, difference in differences if difference.regressed]
    return 1 if worse or complaints else 0


def one(package, source, python, logs):
    """Run what there is of one package and print its row: (results, complaint)."""
    started = time.monotonic()
    if os.path.isdir(os.path.join(source, package.tests)):
        results, complaint = run(package, source, python, logs)
        counts = count(results)
        remark = complaint
    else:
        results, counts = {}, ("-",) * 4
        with tempfile.TemporaryDirectory(prefix="third-party-") as home:
            complaint = use(package, python, logs, home)
        remark = "no tests in the sdist; a use of it %s" % (complaint or "works")
    row = (package.name, package.version) + tuple(counts)
    print(ROW % (row + ("%d" % (time.monotonic() - started), remark)), flush=True)
    return results, complaint


def tell(name, difference, results):
    """Print how a package's run differs from the baseline."""
    for test in difference.newly_failing:
        lines = results[test][1].strip().splitlines()[-SHOWN:]
        print("\n%s: %s %s\n    %s" % (results[test][0], name, test, "\n    ".join(lines)))
    for kind in ("newly_failing", "newly_skipped", "newly_passing", "not_applicable"):
        tests = getattr(difference, kind)
        if tests:
            print("%s: %s: %d" % (name, kind.replace("_", " "), len(tests)))
        for test in tests:
            reason = ": " + results[test][1] if results[test][0] == "skip" else ""
            print("    %s%s" % (test, reason))
    if difference.missing:
        print("%s: missing: %d" % (name, difference.missing))


if __name__ == "__main__":
    sys.exit(main())
