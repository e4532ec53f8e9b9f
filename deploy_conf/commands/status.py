"""status: what runs, and whether the site answers."""

import argparse

from .. import health
from ..errors import ConfError
from ..running import Run
from . import _options


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """The command and its options."""
    text = "list the programs, and whether the site answers"
    one = commands.add_parser("status", help=text, description=text.capitalize() + ".")
    _options.running(one)
    one.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Prints a table of the programs and whether the site answers; 0 only if all is well."""
    site = Run(_options.var(args))
    record = site.running()
    if not record:
        print("not running")
        return 1
    programs = site.programs(record)
    if programs is None:
        raise ConfError("supervisord (pid %d) does not answer" % record["pid"])
    rows = [("PROGRAM", "STATE", "PID", "UPTIME", "LOG")]
    for one in programs:
        running = one["statename"] == "RUNNING"
        uptime = duration(one["now"] - one["start"]) if running else "-"
        rows.append((one["short"], one["statename"], str(one["pid"] or "-"), uptime, one["log"]))
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    for row in rows:
        print("  ".join([row[i].ljust(widths[i]) for i in range(4)] + [row[4]]))
    problems = health.problems(site, record, programs)
    for problem in problems:
        print(problem)
    if not problems:
        print("%s answers over HTTP and WebSocket" % record["url"])
    return 1 if problems else 0


def duration(seconds: float) -> str:
    """H:MM:SS, with the days before it."""
    minutes, left = divmod(max(0, int(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    clock = "%d:%02d:%02d" % (hours, minutes, left)
    return "%dd %s" % (days, clock.zfill(8)) if days else clock
