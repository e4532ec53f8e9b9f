"""reload: take up new code without a failed request."""

import argparse
import os
import sys
import time
from typing import Dict

from .. import health, options, project, settings_module, site
from ..errors import ConfError
from ..reload import Reload, lock
from ..running import NO_ANSWER, Run, supervisor_at
from ..settings import PROBE, SIGNALS
from . import _options


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
    one.add_argument(
        "--supervisor",
        metavar="FILE",
        help="control socket of another supervisord, such as /var/run/supervisor.sock "
        "(default: of the one that `up` started)",
    )
    one.add_argument(
        "--name",
        metavar="NAME",
        help="with --supervisor: prefix of the programs' names (default: the settings' package)",
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
    else:
        var = _options.var(args)
        os.environ["DEVOPS_VAR"] = var  # the settings read it
    chosen = settings_module.choose(args.settings, directory)
    _options.say(chosen.remark)
    found = project.read_settings(chosen.module, directory) if chosen.module else {}
    signals = SIGNALS.check(found.get("signals"))
    probe = PROBE.check(found.get("websocket_probe")) or ""
    if args.supervisor:
        name = options.name("--name", args.name or site.default_name(chosen.module, "site"))
        return _at(socket, site.identifier(name) + "-", signals, patience, page, probe)
    return _up(var, signals, patience, page, probe)


def _up(var: str, signals: Dict[str, str], patience: int, page: str, probe: str) -> int:
    """What `up` started; 0 only if all is well afterwards."""
    run = Run(var)
    record = run.running()
    if not record:
        raise ConfError("not running: start it with `up`")
    with lock(run.folder):
        Reload(
            run.supervisor(record), record["prefix"], signals, say, run.log, patience, page, probe
        ).run()
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


def _at(
    socket: str, prefix: str, signals: Dict[str, str], patience: int, page: str, probe: str
) -> int:
    """The same for programs of any supervisord, by the path of its control socket."""
    interface = supervisor_at(socket)

    def log(program: str) -> str:
        try:
            return next(
                found["stdout_logfile"]
                for found in interface.getAllProcessInfo()
                if found["name"] in (program, prefix + program)
            )
        except (StopIteration,) + NO_ANSWER:
            return "its log"

    one = Reload(interface, prefix, signals, say, log, patience, page, probe)
    one.programs()  # a mistyped path gets no lock beside it
    with lock(os.path.dirname(socket)):
        one.run()
    say("reloaded")
    return 0


def say(line: str) -> None:
    """One line, now."""
    print(line)
    sys.stdout.flush()
