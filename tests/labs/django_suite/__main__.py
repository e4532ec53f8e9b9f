"""
`python -m tests.labs.django_suite`: Django 1.11.29's own suite on this Python with the bridge
active, compared with what it does on stock 3.7.
"""

import argparse
import os
import signal
import sys
import time

from .baseline import Baseline, Difference, excused
from .databases import DATABASES
from .environment import CHECKOUT, HERE, Unready, prepare, python_version, say
from .runs import apps, run

SHOWN = 12  # lines of a traceback


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="python -m tests.labs.django_suite", description=__doc__)
    parser.add_argument("--db", choices=sorted(DATABASES), default="sqlite")
    parser.add_argument("--labels", nargs="+", default=[], help="only these, as of runtests.py")
    parser.add_argument("--processes", type=int, default=2, help="pieces at a time (default 2)")
    parser.add_argument(
        "--write-baseline", action="store_true", help="record stock 3.7, without the bridge"
    )
    parser.add_argument(
        "--var",
        default=os.path.join(CHECKOUT, "var", "django-suite"),
        help="where the sdist, the environments and the logs are kept",
    )
    options = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # servers and pieces are stopped
    try:
        return suite(options)
    except (Unready, AssertionError, OSError, ValueError) as error:
        say("django-suite: %s" % error)
        return 2
    except KeyboardInterrupt:
        return 130


def suite(options):
    path = os.path.join(HERE, "baseline-%s.txt" % options.db)
    if options.write_baseline and (python_version() != "3.7" or options.labels):
        raise Unready("the baseline is the whole suite on 3.7, this is %s" % python_version())
    if not options.write_baseline and not os.path.exists(path):
        raise Unready("%s is missing; --write-baseline makes it on 3.7" % path)
    folder = os.path.abspath(options.var)
    kind = DATABASES[options.db]
    drivers = kind.stock_requirements if options.write_baseline else kind.requirements
    python, source = prepare(folder, not options.write_baseline, kind.driver, drivers)
    paths = [path, os.path.join(HERE, "baseline-sqlite.txt")]  # the sizes of apps are alike
    baseline = next((Baseline.read(p) for p in paths if os.path.exists(p)), Baseline({}, {}))
    labels = options.labels or apps(source)
    database = kind()
    started = time.monotonic()
    try:
        title = "Django 1.11.29 on CPython %s, %s" % (
            sys.version.split()[0],
            database.version(python),
        )
        title += "" if options.write_baseline else ", with the bridge"
        say(title)
        logs = os.path.join(folder, "%s-%s" % (python_version(), options.db))
        results, crashed = run(
            labels, baseline.sizes, python, source, logs, database.settings, options.processes
        )
    finally:
        database.stop()
    print("%s\n%s" % (title, summary(results, time.monotonic() - started)))
    for log in crashed:
        print("a part of the suite did not come to its end: " + log)
    if options.write_baseline:
        if crashed:
            raise Unready("no baseline is written")
        Baseline.of(results).write(path, [title + ", nothing patched", "See baseline.py."])
        return 0
    whole = [label for label in labels if "." not in label]
    difference = Difference(baseline, results, whole, excused())
    tell(difference, results)
    say("logs: " + logs)
    return 1 if crashed or difference.regressed else 0


def summary(results, seconds):
    states = [state for state, _ in results.values()]
    counts = [states.count(state) for state in ("fail", "error", "skip")]
    return "run %d, failed %d, errors %d, skipped %d, in %d s" % (
        tuple([len(states)] + counts) + (seconds,)
    )


def tell(difference, results):
    """Print how the run differs from stock 3.7."""
    for test in difference.newly_failing:
        lines = results[test][1].strip().splitlines()[-SHOWN:]
        print("\n%s: %s\n    %s" % (results[test][0], test, "\n    ".join(lines)))
    for kind in ("newly_failing", "newly_skipped", "newly_passing", "not_applicable"):
        tests = getattr(difference, kind)
        print("%s: %d" % (kind.replace("_", " "), len(tests)))
        for test in tests:
            reason = ": " + results[test][1] if results[test][0] == "skip" else ""
            print("    %s%s" % (test, reason))
    for app, count in sorted(difference.missing.items()):
        print("missing from %s: %d" % (app, count))


if __name__ == "__main__":
    sys.exit(main())
