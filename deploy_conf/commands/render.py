"""render: write the configuration files for a named site."""

import argparse
import os
import pwd
from typing import Iterable, List

from .. import install_notes, layout, options, render, site, systemd, validate
from ..errors import BadValue
from . import _options


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """The command and its options."""
    one = commands.add_parser(
        "render",
        help="write the configuration files for a named site",
        description="Writes commented configuration files for a site on this machine, as an "
        "administrator would: nginx, uWSGI, supervisor, Redis, and notes on where each goes.",
    )
    _add_options(one)
    _options.site(one)
    _options.proxy(one)
    _options.limits(one)
    one.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Writes the files and lists them."""
    output = options.path("--output", os.path.abspath(args.output))
    if args.only == "front":
        return _front(args, output)
    if args.node:
        raise BadValue("--node is for --only front")
    mine = site.from_arguments(args)
    _options.say(mine.settings.remark)
    where = layout.for_administrator(args, mine, output)
    if args.only:
        files = render.websocket_files(mine, where)
        files["README.txt"] = install_notes.websocket(mine, where)
    else:
        files = render.site_files(mine, where)
        files["README.txt"] = install_notes.site(mine, where)
    # supervisor reads its files as root; Redis reads its own as the site's account.
    owners = {"redis.conf": pwd.getpwnam(where.user or "").pw_uid}
    private = render.PRIVATE + (systemd.environment_file(mine),)
    render.write(output, files, private, owners)
    _list(output, files)
    look = validate.websocket if args.only else validate.site
    return _check(look(mine, where)) if args.check else 0


def _front(args: argparse.Namespace, output: str) -> int:
    mine = site.of_front(args)
    where = layout.for_front(args, mine)
    files = render.front_files(mine, where)
    files["README.txt"] = install_notes.front(mine, where)
    render.write(output, files)
    _list(output, files)
    return _check(validate.front(mine, where)) if args.check else 0


def _list(output: str, files: Iterable[str]) -> None:
    for name in sorted(files):
        print(os.path.join(output, name))


def _check(verdicts: List[validate.Verdict]) -> int:
    """Says what each server thinks of its files; 1 when one refuses them."""
    told = {None: "%s: not checked: %s", False: "%s: refused: %s", True: "%s: accepted%.0s"}
    for one in verdicts:
        _options.say(told[one.accepted] % (one.file, one.said))
    return 1 if any(one.accepted is False for one in verdicts) else 0


def _add_options(one: argparse.ArgumentParser) -> None:
    add = one.add_argument_group("where the files go").add_argument
    add("--output", metavar="DIR", default="conf", help="folder to write into (default: ./conf)")
    add(
        "--only",
        choices=["websocket", "front"],
        help="websocket: only the pieces that a site needs which has nginx and uWSGI already, "
        "nginx's part for WebSockets, and daphne under supervisor; front: nginx that balances to "
        "several nodes, each of them a complete site (see --node)",
    )
    add(
        "--conf-dir",
        metavar="DIR",
        help="where the files will lie in use (default: the output folder)",
    )
    add(
        "--manager",
        choices=["supervisor", "systemd"],
        default="supervisor",
        help="what keeps the processes alive: files for supervisor, or units for systemd "
        "(default: supervisor)",
    )
    add(
        "--check",
        action="store_true",
        help="have nginx, uWSGI, Redis and the manager read the files, those in nginx-own/ with "
        "them, without touching what runs (default: no)",
    )
    add("--run-dir", metavar="DIR", help="for sockets and pid files (default: /run/NAME)")
    add("--log-dir", metavar="DIR", help="for logs (default: /var/log/NAME)")

    add = one.add_argument_group("what nginx answers").add_argument
    add(
        "--domain",
        metavar="NAME",
        action="append",
        default=[],
        help="host name of the site; repeat for more; *.example.org is allowed "
        "(required, except with --only websocket)",
    )
    add(
        "--listen",
        metavar="ADDRESS",
        action="append",
        help="IP address to listen on; repeat for more (default: all, IPv6 too if there is any)",
    )
    add("--port", metavar="N", help="port (default: 443 with a certificate, else 80)")
    add("--tls-cert", metavar="FILE", help="certificate chain, PEM (default: no TLS)")
    add("--tls-key", metavar="FILE", help="its private key, PEM (default: no TLS)")
    both = one.add_mutually_exclusive_group()
    both.add_argument(
        "--redirect",
        dest="redirect",
        action="store_true",
        default=None,
        help="send plain http to https (default: yes with a certificate)",
    )
    both.add_argument(
        "--no-redirect", dest="redirect", action="store_false", help="serve https only"
    )
    add("--redirect-port", metavar="N", default=80, help="the port that redirects (default: 80)")
    add(
        "--acme-root",
        metavar="DIR",
        help="folder whose .well-known/acme-challenge/ is served, over http too, for certbot's "
        "--webroot (default: none)",
    )
    add(
        "--node",
        metavar="ADDRESS[:PORT]",
        action="append",
        default=[],
        help="with --only front: IP address of a node, which serves plain http; repeat for more "
        "(default port: 80)",
    )

    add = one.add_argument_group("accounts and programs").add_argument
    add(
        "--user",
        metavar="NAME",
        help="account of the site's processes (default: yours, unless that is root)",
    )
    add(
        "--nginx-user",
        metavar="NAME",
        help="account of nginx's workers, www-data on Debian (default: the site's)",
    )
    add(
        "--daphne-port",
        metavar="N",
        default=8001,
        help="loopback port that the daphne processes share (default: 8001)",
    )
    add(
        "--redis-url",
        metavar="URL",
        help="a Redis that is there already: redis://…, rediss://…, unix://… or sentinel://… "
        "(default: one for the site alone)",
    )
    add("--nginx", metavar="FILE", help="nginx program (default: /usr/sbin/nginx)")
    add("--redis-server", metavar="FILE", help="Redis program (default: /usr/bin/redis-server)")
    add(
        "--nginx-version",
        metavar="N.N.N",
        help="version of the nginx that will read the files, on another machine (default: of the "
        "program here, else the newest)",
    )
    add(
        "--redis-version",
        metavar="N.N.N",
        help="version of the Redis that will read redis.conf (default: likewise)",
    )
    add(
        "--uwsgi", metavar="FILE", help="uWSGI program (default: pyuwsgi's, beside the interpreter)"
    )
