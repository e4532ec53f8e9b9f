"""down: stop what `up` started."""

import argparse

from .. import supervise
from . import _options


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """The command and its options."""
    text = "stop what `up` started, and wait until it has gone"
    one = commands.add_parser("down", help=text, description=text.capitalize() + ".")
    _options.running(one)
    one.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Stops the site."""
    return supervise.down(_options.var(args))
