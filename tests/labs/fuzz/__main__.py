"""
`python -m tests.labs.fuzz`: made-up input for what reads a client's bytes, against a model or
stock; and made-up orders of events for what follows a stream.

Each target runs in a process of its own, for a number of seconds, or for a number of cases that is
the same ones each time. Prints how many cases were tried; ends with 1 when one of them failed.
"""

import argparse
import os
import subprocess
import sys

TARGETS = [
    "frames",
    "handshakes",
    "messages",
    "since",
    "subscriptions",
    "cookies",
    "signed_cookies",
    "multipart",
    "header_parameters",
    "charsets",
    "interleavings",
]


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="python -m tests.labs.fuzz", description=__doc__)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=", ".join(TARGETS))
    parser.add_argument("--seconds", type=float, help="for each target (default: by cases)")
    parser.add_argument("--cases", type=int, default=300, help="for each target (default 300)")
    parser.add_argument("--seed", type=int, default=0, help="where --seconds begins (default 0)")
    options = parser.parse_args(arguments)
    unknown = sorted(set(options.targets) - set(TARGETS))
    if unknown:
        parser.error("there is no target %s; there are: %s" % (unknown[0], ", ".join(TARGETS)))
    failed = []
    for name in options.targets or TARGETS:
        command = [sys.executable, "-m", "tests.labs.fuzz.run", name, str(options.cases)]
        command += [str(options.seconds or 0), str(options.seed)]
        if subprocess.call(command, env=dict(os.environ, PYTHONWARNINGS="ignore")):
            failed.append(name)
    if failed:
        print("failed: " + ", ".join(failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
