"""reload: take up new code without a failed request."""

import argparse
import os
import sys
import time
from typing import Any, Dict

from .. import health, options, project, settings_module, site
from ..errors import ConfError
from ..managers.supervisord import Supervisord, at
from ..managers.systemd import Systemd
from ..reload import Reload, lock
from ..running import Run
from ..settings import PROBE, SIGNALS
from . import _options

LOCKS = "/run/lock"  # of an administrator's reload through systemd


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """The command and its options."""
    one = commands.add_parser(
        "reload",
        help="take up new code without a failed request",
        description="Renews uWSGI's workers one by one, reloads nginx, and restarts the daphne "
        "processes one at a time; each closes its WebSockets with code 1012, upon which pages come "
        "back. The new code is tried first, in processes of its own: it is imported, with its URLs "
        "and templates, checked, and asked for a page; when that fails, nothing is touched. "
        "Programs named in the setting %s get that signal." % SIGNALS.name,
    )
    _options.running(one)
    one.add_argument("--settings", metavar="MODULE", help=_options.SETTINGS_HELP)
    which = one.add_mutually_exclusive_group()
    which.add_argument(
        "--supervisor",
        metavar="FILE",
        help="control socket of another supervisord, such as /var/run/supervisor.sock "
        "(default: of the one that `up` started)",
    )
    which.add_argument(
        "--systemd",
        action="store_true",
        help="the units that `render --manager systemd` wrote (default: what `up` started)",
    )
    one.add_argument(
        "--name",
        metavar="NAME",
        help="with --supervisor or --systemd: prefix of the programs' names "
        "(default: the settings' package)",
    )
    one.add_argument(
        "--page",
        metavar="URL",
        default="/",
        help="what the new code is asked for before anything is touched; an answer of 500 or more "
        "stops the reload (default: /)",
    )
    one.add_argument(
        "--timeout",
        metavar="SECONDS",
        default=120,
        help="how long one step may take (default: 120)",
    )
    one.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Reloads what `up` started, or the programs of any supervisord."""
    patience = options.number("--timeout", args.timeout, 1, 3600)
    page = options.probe_path("--page", args.page)
    directory = _options.directory(args)
    if args.supervisor:
        socket = options.path("--supervisor", os.path.abspath(args.supervisor))
    elif not args.systemd:
        var = _options.var(args)
        os.environ["DEVOPS_VAR"] = var  # the settings read it
    chosen = settings_module.choose(args.settings, directory)
    _options.say(chosen.remark)
    found = project.read_settings(chosen.module, directory) if chosen.module else {}
    signals = SIGNALS.check(found.get("signals"))
    probe = PROBE.check(found.get("websocket_probe")) or ""
    if not (args.supervisor or args.systemd):
        return _up(var, signals, patience, page, probe)
    name = options.name("--name", args.name or site.default_name(chosen.module, "site"))
    manager: Any
    if args.systemd:
        manager, folder = Systemd(name), LOCKS
    else:
        manager, folder = at(socket, site.identifier(name) + "-"), os.path.dirname(socket)
    manager.programs()  # a mistyped path gets no lock beside it
    with lock(folder):
        done = Reload(manager, signals, say, patience, page, probe)
        done.run()
    if done.left:
        say("reloaded, except uwsgi: its pages have the old code until you reload it")
    else:
        say("reloaded")
    return 0


def _up(var: str, signals: Dict[str, str], patience: int, page: str, probe: str) -> int:
    """What `up` started; 0 only if all is well afterwards."""
    run = Run(var)
    record = run.running()
    if not record:
        raise ConfError("not running: start it with `up`")
    with lock(run.folder):
        manager = Supervisord(run.supervisor(record), record["prefix"], run.log)
        Reload(manager, signals, say, patience, page, probe).run()
    deadline = time.monotonic() + patience
    problems = health.problems(run, record, run.programs(record))
    while problems and time.monotonic() < deadline:
        time.sleep(0.1)
        problems = health.problems(run, record, run.programs(record))
    for problem in problems:
        sys.stderr.write("deploy_conf: %s\n" % problem)
    if not problems:
        say("reloaded: %s" % record["url"])
    return 1 if problems else 0


def say(line: str) -> None:
    """One line, now."""
    print(line)
    sys.stdout.flush()
