"""
`python -m tests.labs.adoptions`: sites of others from the package index, adopted by the commands
that stand in docs/records/adoptions.md, their pages compared, and a push seen.
"""

import argparse
import os
import shutil
import signal
import sys

from tests.labs.django_suite.environment import CHECKOUT, Unready, say

from . import document
from .run import Wrong, follow

PAGE = os.path.join(CHECKOUT, "docs", "records", "adoptions.md")
ROW = "%-12s %-7s %6s %6s %6s %6s  %s"


def main(arguments=None):
    """Run the command line; exit code 1 when a site is not as it was, 2 for trouble."""
    with open(PAGE, encoding="utf-8") as file:
        known = {one.name: one for one in document.read(file.read())}
    parser = argparse.ArgumentParser(prog="python -m tests.labs.adoptions", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="site", help=", ".join(known))
    parser.add_argument(
        "--var",
        default=os.path.join(CHECKOUT, "var", "adoptions"),
        help="the folder that the sites are made in; kept where one fails",
    )
    options = parser.parse_args(arguments)
    for name in options.names:
        if name not in known:
            parser.error("%s is not one of %s" % (name, ", ".join(known)))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # the servers are stopped
    wrong = False
    print(ROW % ("site", "python", "make", "adopt", "look", "pages", ""), flush=True)
    try:
        for name in options.names or known:
            wrong |= not one(known[name], os.path.abspath(options.var))
    except (Unready, OSError) as error:
        say("adoptions: %s" % error)
        return 2
    except KeyboardInterrupt:
        return 130
    return int(wrong)


def one(adoption, var):
    """Follow one adoption and print its row; whether all was well."""
    folder = os.path.join(var, adoption.name)
    shutil.rmtree(folder, ignore_errors=True)
    start = adoption.name, adoption.python
    try:
        pages, seconds = follow(adoption, folder)
    except (Wrong, AssertionError) as error:
        print(ROW % (start + ("-",) * 4 + ("%s\n    see %s/wheels" % (error, folder),)), flush=True)
        return False
    shutil.rmtree(folder, ignore_errors=True)
    numbers = tuple("%d" % number for number in seconds)
    print(ROW % (start + numbers + (pages, "as the page says")), flush=True)
    return True


if __name__ == "__main__":
    sys.exit(main())
