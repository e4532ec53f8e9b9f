"""
`python -m tests.labs.chaos`: kill everything while entries are published, and compare the books.
"""

import argparse
import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time

from tests.support.binaries import Missing
from tests.support.databases import PostgreSQL

from .engines import LAYER, POSTGRESQL, WAYS
from .faults import ALL
from .plot import plot
from .run import Chaos

DISK = "64m"


def main(arguments=None):
    """Run the command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.labs.chaos", description=__doc__)
    add = parser.add_argument
    add("--seed", type=int, default=int(time.time()), help="repeat a run (default: the time)")
    add("--db", choices=["sqlite", "postgres"], default="sqlite")
    add(
        "--notifications",
        choices=WAYS,
        default=LAYER,
        help="STREAMS_NOTIFICATIONS, as all processes must have it",
    )
    add("--entries", type=int, default=20000)
    add("--streams", type=int, default=20)
    add("--readers", type=int, default=50)
    add("--faults", type=int, help="how many; each kind comes in turn (default: each twice)")
    add("--seconds", type=float, default=240, help="how long entries are published")
    add(
        "--only",
        action="append",
        metavar="FAULT",
        choices=ALL,
        help="only this one; repeat for more: " + ", ".join(ALL),
    )
    add("--broken", action="store_true", help="readers that do not resume: the run must fail")
    add("--json", metavar="FILE", help="write the report here")
    add("--plot", metavar="FILE", help="write the delivery lag as an SVG here")
    options = parser.parse_args(arguments)
    if options.notifications == POSTGRESQL and options.db != "postgres":
        parser.error("--notifications postgresql needs --db postgres")
    print("seed %d" % options.seed, flush=True)
    folder = tempfile.mkdtemp(prefix="chaos-")
    os.chmod(folder, 0o755)
    with contextlib.ExitStack() as cleanup:
        cleanup.callback(shutil.rmtree, folder, ignore_errors=True)
        more = {"only": options.only, "deaf": options.broken, "say": say}
        more["way"] = options.notifications
        if options.db == "postgres":
            more["database"] = postgresql(cleanup)
        else:
            more["disk"] = small_disk(folder, cleanup)
        chaos = Chaos(
            folder,
            options.seed,
            options.entries,
            options.streams,
            options.readers,
            options.faults,
            options.seconds,
            **more,
        )
        try:
            report = chaos.run()
        except KeyboardInterrupt:
            return 130
        except AssertionError as error:
            say("chaos: %s" % error)
            return 1
    if options.plot:
        with open(options.plot, "w", encoding="utf-8") as file:
            file.write(plot(report))
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump(report, file, indent=1)
    for key in report:
        if key not in ("timeline", "lags"):
            print("%-12s %s" % (key, report[key]))
    good = not (report["wrong"] or report["missing"] or report["duplicated"])
    print("nothing lost" if good else "LOST")
    return 0 if good else 1


def say(line):
    print(line, flush=True)


def postgresql(cleanup):
    """(server, DATABASE_URL) of a new cluster."""
    try:
        server = PostgreSQL()
    except Missing as error:
        raise SystemExit(str(error))
    cleanup.callback(server.stop)
    return server, server.new_url()


def small_disk(folder, cleanup):
    """A folder with a small file system of its own, which can be filled; None without root."""
    disk = os.path.join(folder, "disk")
    os.mkdir(disk)
    command = ["mount", "-t", "tmpfs", "-o", "size=" + DISK + ",mode=755", "none", disk]
    if os.geteuid() != 0 or subprocess.call(command, stderr=subprocess.DEVNULL):
        return None
    cleanup.callback(subprocess.call, ["umount", "-l", disk])
    return disk


if __name__ == "__main__":
    sys.exit(main())
