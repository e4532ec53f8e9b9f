"""The command line: one module for each command."""

import argparse
import os
import sys
from typing import Any, List, NoReturn, Optional

from ..errors import ConfError
from . import down, reload, render, servers, status, up


class Once(argparse.Action):
    """An option that is given at most once: a second one would win without a word."""

    given = False

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        option_string: Optional[str] = None,
    ) -> None:
        if self.given:
            raise argparse.ArgumentError(self, "is given twice")
        self.given = True
        setattr(namespace, self.dest, values)


class Parser(argparse.ArgumentParser):
    """argparse, but an error is one line, and no option overwrites itself."""

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        for name in (None, "store"):
            self.register("action", name, Once)

    def error(self, message: str) -> NoReturn:
        self.exit(2, "%s: %s (see --help)\n" % (self.prog, message))
        raise AssertionError  # not reached


def main(argv: Optional[List[str]] = None) -> int:
    """Runs one command; the exit status: 0 done, 1 failed, 2 a bad value."""
    args = parser().parse_args(argv)
    try:
        code = args.run(args)
        sys.stdout.flush()
        return int(code)
    except BrokenPipeError as error:
        if args.command not in ("servers", "status"):
            return failed(error)  # it may not have done all
        # `| head` has read enough; nothing is to be written at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except ConfError as error:
        sys.stderr.write("deploy_conf: %s\n" % error)
        return error.code
    except OSError as error:
        return failed(error)
    except KeyboardInterrupt:
        sys.stderr.write("deploy_conf: interrupted\n")
        return 130


def failed(error: OSError) -> int:
    """Says what the system has refused."""
    where = ": %s" % error.filename if error.filename else ""
    sys.stderr.write("deploy_conf: %s%s\n" % (error.strerror or error, where))
    return 1


def parser() -> argparse.ArgumentParser:
    """The argument parser."""
    top = Parser(
        prog="python -m deploy_conf",
        description="Runs and configures a Django site behind nginx, uWSGI, daphne and Redis.",
    )
    commands = top.add_subparsers(metavar="COMMAND", dest="command")
    commands.required = True
    for command in (render, up, reload, down, status, servers):
        command.add(commands)
    return top
