"""Ours against the stock stack and today's, in turn, on this machine: tests.labs.bench --help."""

import argparse
import json
import os
import shutil
import signal
import sys
import tempfile

from deploy_conf.errors import ConfError

from .bench import Bench
from .failure import Failed
from .items import COMPARED, ITEMS
from .processes import stop_all
from .record import comparisons, write
from .report import Progress, table
from .results import Results

EPILOG = """items:
%s
items of --peers, which can be named without it, too (then there is no peer, and no network needed):
%s

Stock is the pinned stack (channels-redis' group_send, no log) with the same Python; ours has
compat, and its log in SQLite with a write-ahead log, or in the database that DATABASE_URL names
(the tables of the streams are made there; the streams of the run are removed again). Figures are
medians of the rounds; the ratio of http is the median of the ratios of neighbouring turns. On a
busy machine trust ratios and CPU, not rates. A goal that is missed is no error.
Exit status: 0, 1 when a measurement failed, 2 for a wrong option, 130 after Ctrl-C (which prints
what there is).
""" % tuple(
    "\n".join("  %-9s %s" % (item.NAME, item.ABOUT) for item in items)
    for items in (ITEMS, COMPARED)
)


def count(text):
    """An integer from 1 on."""
    value = int(text)
    if value < 1:
        raise ValueError
    return value


count.__name__ = "number (from 1 on)"  # argparse names the type in its complaint


def parse(arguments):
    """The options."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.labs.bench",
        description=__doc__.partition(":")[0] + ".",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    names = [item.NAME for item in ITEMS + COMPARED]
    parser.add_argument("--rounds", type=count, default=3, help="how often each is measured (3)")
    parser.add_argument(
        "--only", action="append", choices=names, metavar="NAME", help="only this item; repeatable"
    )
    parser.add_argument("--json", metavar="FILE", help="write all figures there as well")
    parser.add_argument("--lines", type=count, default=5000, help="lines of a burst (5000)")
    parser.add_argument("--readers", type=count, default=10, help="readers of a burst (10)")
    parser.add_argument(
        "--peers",
        action="store_true",
        help="channels 4 under daphne and uvicorn as well, installed into var/bench when needed",
    )
    parser.add_argument(
        "--uvloop", action="store_true", help="ours on uvloop's event loop as well, if installed"
    )
    parser.add_argument("--many", action="store_true", help="broadcast to 2,000 readers, too")
    parser.add_argument("--record", action="store_true", help="write docs/records/performance.md")
    return parser.parse_args(arguments)


def main(arguments=None):
    """Run the benchmark; returns the exit status."""
    options = parse(arguments)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    progress, results, status = Progress(), Results(), 0
    try:
        output = open(options.json, "w") if options.json else None
    except OSError as error:
        print("--json: %s: %s" % (options.json, error.strerror), file=sys.stderr)
        return 2
    folder = tempfile.mkdtemp(prefix="bench-")
    if len(folder) > 60:
        # The path of a unix socket is limited to about 100 bytes.
        os.rmdir(folder)
        folder = tempfile.mkdtemp(prefix="bench-", dir="/tmp")
    try:
        Bench(options, folder, results, progress).run()
    except KeyboardInterrupt:
        progress("stopped; what was measured so far:")
        status = 130
    except (Failed, ConfError) as error:
        print("bench: %s" % error, file=sys.stderr)
        status = 1
    finally:
        stop_all()
        shutil.rmtree(folder, ignore_errors=True)
    print("\n".join((table(results) if results.rows else []) + comparisons(results)))
    if options.record and results.measures:
        write(results)
    if output is not None:
        with output:
            json.dump(results.as_dict(), output, indent=2)
    return status or (1 if results.failures else 0)


if __name__ == "__main__":
    sys.exit(main())
