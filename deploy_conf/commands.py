"""The command line's options, and what each command does with them."""

import argparse
import os
import pwd
import sys

from . import install_notes, options, project, render, supervise
from . import layout as place
from . import site as facts
from .errors import BadValue, ConfError
from .settings import PROBE, SIGNALS

VAR_HELP = (
    "folder for everything the site writes, made this account's only; the site's processes find "
    "it as DEVOPS_VAR "
    "(default: the variable DEVOPS_VAR, else var/ in the site's folder)"
)


class Parser(argparse.ArgumentParser):
    """argparse, but an error is one line."""

    def error(self, message):
        self.exit(2, "%s: %s (see --help)\n" % (self.prog, message))


def main(argv=None):
    """Runs one command; the exit status: 0 done, 1 failed, 2 a bad value."""
    args = parser().parse_args(argv)
    try:
        return args.run(args)
    except ConfError as error:
        sys.stderr.write("deploy_conf: %s\n" % error)
        return error.code
    except OSError as error:
        where = ": %s" % error.filename if error.filename else ""
        sys.stderr.write("deploy_conf: %s%s\n" % (error.strerror or error, where))
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("deploy_conf: interrupted\n")
        return 130


def parser():
    """The argument parser."""
    top = Parser(
        prog="python -m deploy_conf",
        description="Runs and configures a Django site behind nginx, uWSGI, daphne and Redis.",
    )
    commands = top.add_subparsers(metavar="COMMAND", dest="command")
    commands.required = True

    one = commands.add_parser(
        "render",
        help="write the configuration files for a named site",
        description="Writes commented configuration files for a site on this machine, as an "
        "administrator would: nginx, uWSGI, supervisor, Redis, and notes on where each goes.",
    )
    _render_options(one)
    _site_options(one)
    _proxy_options(one)
    _limit_options(one)
    one.set_defaults(run=_render)

    one = commands.add_parser(
        "up",
        help="run the site on this machine, without root",
        description="Starts supervisord over nginx, uWSGI, daphne, Redis and the site's own "
        "programs, and waits until the site answers. NGINX_BIN, REDIS_SERVER_BIN and UWSGI_BIN "
        "name a server by hand; DEPLOY_CONF_NO_SYSTEM=1 looks for servers on PATH and in wheels "
        "only. With REDIS_URL set, that Redis is used and none is started.",
    )
    _up_options(one)
    _site_options(one)
    _proxy_options(one)
    _limit_options(one)
    one.set_defaults(run=_up)

    one = commands.add_parser(
        "reload",
        help="take up new code without a failed request",
        description="Renews uWSGI's workers one by one, reloads nginx, and restarts the daphne "
        "processes one at a time; each closes its WebSockets with code 1012, upon which pages come "
        "back. The new code is imported first: when that fails, nothing is touched. Programs named "
        "in the setting %s get that signal." % SIGNALS.name,
    )
    _reload_options(one)
    one.set_defaults(run=_reload)

    for name, run, text in (
        ("down", _down, "stop what `up` started, and wait until it has gone"),
        ("status", _status, "list the programs, and whether the site answers"),
    ):
        one = commands.add_parser(name, help=text, description=text.capitalize() + ".")
        one.add_argument("--directory", metavar="DIR", help="the site's folder (default: this one)")
        one.add_argument("--var", metavar="DIR", help=VAR_HELP)
        one.set_defaults(run=run)
    return top


def _render_options(one):
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
    add(
        "--redirect",
        dest="redirect",
        action="store_true",
        default=None,
        help="send plain http to https (default: yes with a certificate)",
    )
    add("--no-redirect", dest="redirect", action="store_false", help="serve https only")
    add("--redirect-port", metavar="N", default=80, help="the port that redirects (default: 80)")

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
        help="a Redis that is there already: redis://…, unix://… or sentinel://… "
        "(default: one for the site alone)",
    )
    add("--nginx", metavar="FILE", help="nginx program (default: /usr/sbin/nginx)")
    add("--redis-server", metavar="FILE", help="Redis program (default: /usr/bin/redis-server)")
    add(
        "--uwsgi", metavar="FILE", help="uWSGI program (default: pyuwsgi's, beside the interpreter)"
    )


def _up_options(one):
    add = one.add_argument_group("how it runs").add_argument
    add(
        "--foreground",
        action="store_true",
        help="stay, and stop everything at Ctrl-C (default: return when the site answers)",
    )
    add("--port", metavar="N", default=8000, help="port of the site (default: 8000)")
    add(
        "--host",
        metavar="ADDRESS",
        default="127.0.0.1",
        help="IP address to listen on (default: 127.0.0.1)",
    )
    add("--var", metavar="DIR", help=VAR_HELP)
    add(
        "--timeout",
        metavar="SECONDS",
        default=60,
        help="how long the site may take to answer (default: 60)",
    )


def _reload_options(one):
    one.add_argument("--directory", metavar="DIR", help="the site's folder (default: this one)")
    one.add_argument("--var", metavar="DIR", help=VAR_HELP)
    one.add_argument(
        "--settings",
        metavar="MODULE",
        help="settings module (default: DJANGO_SETTINGS_MODULE, else the one in manage.py)",
    )
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
        "--timeout",
        metavar="SECONDS",
        default=120,
        help="how long one step may take (default: 120)",
    )


def _site_options(one):
    add = one.add_argument_group(
        "the site", "Read from its Django settings where an option is not given."
    ).add_argument
    add("--directory", metavar="DIR", help="folder with the site's code (default: this one)")
    add("--python", metavar="FILE", help="interpreter of its environment (default: this one)")
    add(
        "--settings",
        metavar="MODULE",
        help="settings module (default: DJANGO_SETTINGS_MODULE, else the one in manage.py)",
    )
    add(
        "--name",
        metavar="NAME",
        help="prefix of names in the files (default: the settings' package)",
    )
    add("--wsgi", metavar="MODULE:OBJECT", help="WSGI application (default: WSGI_APPLICATION)")
    add(
        "--asgi",
        metavar="MODULE:OBJECT",
        help="ASGI application (default: asgi:application next to the settings)",
    )
    add("--static-url", metavar="URL", help="URL prefix of static files (default: STATIC_URL)")
    add("--static-root", metavar="DIR", help="folder of static files (default: STATIC_ROOT)")
    add("--media-url", metavar="URL", help="URL prefix of uploads (default: MEDIA_URL)")
    add("--media-root", metavar="DIR", help="folder of uploads (default: MEDIA_ROOT)")
    add(
        "--websocket-path",
        metavar="URL",
        default="/ws/",
        help="URL prefix that daphne serves (default: /ws/)",
    )
    add(
        "--websocket-probe",
        metavar="URL",
        help="path of a WebSocket that answers 101 or 403, to see that the site is up "
        "(default: the setting %s, else any HTTP answer from daphne)" % PROBE.name,
    )
    add(
        "--env",
        metavar="NAME=VALUE",
        action="append",
        default=[],
        help="environment of the site's processes; repeat for more (default: none)",
    )
    add("--uwsgi-processes", metavar="N", default=2, help="uWSGI workers (default: 2)")
    add("--daphne-processes", metavar="N", default=2, help="daphne processes (default: 2)")


def _proxy_options(one):
    add = one.add_argument_group("behind another proxy").add_argument
    add(
        "--behind",
        metavar="NETWORK",
        action="append",
        default=[],
        help="address or network of the proxy in front, which alone is believed X-Forwarded-For, "
        "-Proto and -Port; repeat for more (default: nobody is)",
    )


def _limit_options(one):
    add = one.add_argument_group("limits", "For each client address; 0 is no limit.").add_argument
    add(
        "--request-rate",
        metavar="N",
        default=50,
        help="requests a second, and WebSocket handshakes a second (default: 50)",
    )
    add(
        "--request-burst",
        metavar="N",
        default=200,
        help="how many may come at once before that rate counts (default: 200)",
    )
    add(
        "--http-connections",
        metavar="N",
        default=200,
        help="requests at the same time (default: 200)",
    )
    add(
        "--websocket-connections",
        metavar="N",
        default=500,
        help="WebSockets open at the same time (default: 500)",
    )
    add(
        "--unlimited",
        metavar="NETWORKS",
        default="127.0.0.0/8,::1/128",
        help="addresses that are not limited, separated by commas, or none "
        "(default: 127.0.0.0/8,::1/128)",
    )
    add("--max-body", metavar="SIZE", default="20m", help="largest upload (default: 20m)")
    add(
        "--harakiri",
        metavar="SECONDS",
        default=60,
        help="uWSGI ends a request after this long (default: 60)",
    )
    add(
        "--frame-options",
        choices=["SAMEORIGIN", "DENY", "none"],
        default="SAMEORIGIN",
        help="X-Frame-Options where the site sends none (default: SAMEORIGIN)",
    )


def _render(args):
    output = options.path("--output", os.path.abspath(args.output))
    if args.only == "front":
        return _render_front(args, output)
    if args.node:
        raise BadValue("--node is for --only front")
    site = facts.from_arguments(args)
    where = place.for_administrator(args, site)
    if where.redis_socket and not args.only:
        where.redis_password = render.redis_password(output)
        where.redis_url = render.redis_url(where.redis_socket, where.redis_password)
    if args.only:
        files = render.websocket_files(site, where)
        files["README.txt"] = install_notes.websocket(site, where)
    else:
        files = render.site_files(site, where)
        files["README.txt"] = install_notes.site(site, where)
    # supervisor reads its files as root; Redis reads its own as the site's account.
    owners = {"redis.conf": pwd.getpwnam(where.user).pw_uid}
    render.write(output, files, render.PRIVATE, owners)
    return _list(output, files)


def _render_front(args, output):
    site = facts.of_front(args)
    where = place.for_front(args, site)
    files = render.front_files(site, where)
    files["README.txt"] = install_notes.front(site, where)
    render.write(output, files)
    return _list(output, files)


def _list(output, files):
    for name in sorted(files):
        print(os.path.join(output, name))
    return 0


def _up(args):
    port = options.port("--port", args.port)
    host = options.address("--host", args.host)
    timeout = options.number("--timeout", args.timeout, 1, 3600)
    var = _var(args)
    os.environ["DEVOPS_VAR"] = var  # the settings read it
    site = facts.from_arguments(args)
    redis_url = os.environ.get("REDIS_URL")
    if redis_url:
        options.redis_url("REDIS_URL", redis_url)
    return supervise.up(site, var, host, port, redis_url, timeout, args.foreground)


def _down(args):
    return supervise.down(_var(args))


def _status(args):
    return supervise.status(_var(args))


def _reload(args):
    patience = options.number("--timeout", args.timeout, 1, 3600)
    directory = options.folder("--directory", os.path.abspath(args.directory or os.getcwd()))
    if args.supervisor:
        socket = options.path("--supervisor", os.path.abspath(args.supervisor))
    else:
        var = _var(args)
        os.environ["DEVOPS_VAR"] = var  # the settings read it
    module = project.settings_module(args.settings, directory)
    found = project.read_settings(module, directory) if module else {}
    signals = SIGNALS.check(found.get("signals"))
    if args.supervisor:
        name = options.name("--name", args.name or facts.default_name(module, "site"))
        return supervise.reload_at(socket, name.replace("-", "_") + "-", signals, patience)
    return supervise.reload(var, signals, patience)


def _var(args):
    directory = options.folder("--directory", os.path.abspath(args.directory or os.getcwd()))
    if args.var:
        if args.var.strip() != args.var:
            raise BadValue("--var: %r begins or ends with a space" % args.var)
        return options.path("--var", os.path.abspath(args.var))
    given = os.environ.get("DEVOPS_VAR")
    if given:
        return options.path("DEVOPS_VAR", os.path.abspath(given))
    return options.path("the site's folder", os.path.join(directory, "var"))
