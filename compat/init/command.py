"""The command line of init, for `python -m` and for manage.py."""

import argparse
import os
import sys
from typing import List, Optional, Tuple

from ..patching import BRIDGE
from . import journal, plan, show
from .errors import InitError

HELP = (
    "Show what this project has to say for live pages, as a diff: settings, routing, asgi.py, "
    "wsgi.py, manage.py, urls, requirements. Writes nothing without --write."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options that both ways of calling it have."""
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--write", action="store_true", help="write the changes")
    what.add_argument("--undo", action="store_true", help="take back what --write wrote")
    parser.add_argument(
        "--directory", default="", help="the project's folder; default the current one"
    )


def main(arguments: List[str]) -> int:
    """`python -m django_bridge init`; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m %s init" % BRIDGE, description=HELP)
    add_arguments(parser)
    parser.add_argument(
        "--settings", help="the servers' settings module; default what wsgi.py and asgi.py say"
    )
    options = parser.parse_args(arguments)
    try:
        rows = run(options.directory or os.getcwd(), options.settings, options.write, options.undo)
    except InitError as error:
        sys.stderr.write("%s\n" % error)
        return 2
    for row in rows:
        print_row(row)
    return 0


def print_row(row: str) -> None:
    """Also where the terminal lacks a letter of the file's."""
    encoding = sys.stdout.encoding or "ascii"
    sys.stdout.write(row.encode(encoding, "backslashreplace").decode(encoding) + "\n")


def run(directory: str, settings: Optional[str], write: bool, undo: bool) -> List[str]:
    """What there is to say; raises InitError."""
    directory = os.path.abspath(directory)
    if not os.path.isdir(directory):
        raise InitError("there is no folder %s" % directory)
    if undo:
        taken = journal.undo(directory)
        return ["%s is as before" % name for name in taken] or ["nothing was left of it"]
    module, remark = chosen(directory, settings)
    site = plan.of(directory, module, manage_module(directory))
    rows = list(show.report(site, remark))
    mine, _ = plan.parts(site)
    if write and mine:
        journal.write(directory, mine)
        rows += ["", "written: " + ", ".join(one.path for one in mine)]
        rows += ["taken back by: python -m %s init --undo" % BRIDGE]
        rows += ["next: " + step for step in NEXT]
    elif mine:
        rows += ["", "nothing was written: add --write"]
    else:
        rows += ["nothing to change" + (" but what is said above" if rows else "")]
    return rows


NEXT = (
    "python manage.py migrate",
    "python manage.py check --deploy",
    "python manage.py collectstatic",
    "python -m deploy_conf render --only websocket --user www-data --output conf",
)


def chosen(directory: str, settings: Optional[str]) -> Tuple[str, str]:
    """(the settings module of the servers, what is to be said about it), as deploy_conf has it."""
    try:
        from deploy_conf import errors, settings_module
    except ImportError:
        raise InitError("the folder deploy_conf is missing: it comes beside %s" % BRIDGE)
    if not settings and not os.path.isfile(os.path.join(directory, "manage.py")):
        raise InitError(
            "there is no manage.py in %s: run it in the project's folder, or say --directory"
            % directory
        )
    try:
        found = settings_module.choose(settings, directory)
    except errors.BadValue as error:
        raise InitError(str(error))
    if not found.module:
        raise InitError("neither wsgi.py nor manage.py names the settings: say --settings")
    return found.module, found.remark


def manage_module(directory: str) -> Optional[str]:
    """The settings module that manage.py names, None where it is not plain."""
    from deploy_conf import settings_module

    return settings_module.of_manage(directory)
