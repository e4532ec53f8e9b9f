"""Options that several commands share."""

import argparse
import os
import sys

from .. import options
from ..errors import BadValue
from ..settings import PROBE

VAR_HELP = (
    "folder for everything the site writes, made this account's only; the site's processes find "
    "it as DEVOPS_VAR "
    "(default: the variable DEVOPS_VAR, else var/ in the site's folder)"
)
SETTINGS_HELP = (
    "settings module (default: the exported DJANGO_SETTINGS_MODULE, else what wsgi.py and asgi.py "
    "name, else manage.py)"
)


def running(one: argparse.ArgumentParser) -> None:
    """Which run it is."""
    one.add_argument("--directory", metavar="DIR", help="the site's folder (default: this one)")
    one.add_argument("--var", metavar="DIR", help=VAR_HELP)


def site(one: argparse.ArgumentParser) -> None:
    """What the site is."""
    add = one.add_argument_group(
        "the site", "Read from its Django settings where an option is not given."
    ).add_argument
    add("--directory", metavar="DIR", help="folder with the site's code (default: this one)")
    add("--python", metavar="FILE", help="interpreter of its environment (default: this one)")
    add(
        "--settings",
        metavar="MODULE",
        help=SETTINGS_HELP,
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
        action="append",
        help="URL prefix that daphne serves; repeat for more (default: /ws/)",
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
    add(
        "--no-redis",
        action="store_true",
        help='no Redis: for a site with STREAMS_NOTIFICATIONS = "postgresql" or "none" and no '
        "channel layer in it (default: one for the site alone)",
    )
    add("--uwsgi-processes", metavar="N", default=2, help="uWSGI workers (default: 2)")
    add("--daphne-processes", metavar="N", default=2, help="daphne processes (default: 2)")
    add(
        "--daphne-arg",
        metavar="WORD",
        action="append",
        default=[],
        help="one more word for daphne's command line, such as --daphne-arg=--ping-interval=10; "
        "repeat for more (default: none)",
    )


def proxy(one: argparse.ArgumentParser) -> None:
    """What stands in front of it."""
    add = one.add_argument_group("behind another proxy").add_argument
    add(
        "--behind",
        metavar="NETWORK",
        action="append",
        default=[],
        help="address or network of a proxy in front: X-Forwarded-For, -Proto and -Port are taken "
        "from these alone; repeat for each that a request goes through (default: from nobody)",
    )
    add(
        "--health-from",
        metavar="NETWORK",
        action="append",
        default=[],
        help="address or network of balancers, or Prometheus, whose checks by address and over "
        "http are answered; repeat for more (default: none)",
    )
    add(
        "--health-path",
        metavar="URL",
        action="append",
        help="what they may ask; repeat for more (default: /healthz and /metrics)",
    )


def limits(one: argparse.ArgumentParser) -> None:
    """How much one client may have."""
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
        "--login-rate",
        metavar="N",
        default=60,
        help="attempts to log in a minute, half of them at once (default: 60)",
    )
    add(
        "--login-path",
        metavar="URL",
        action="append",
        help="what such an attempt is posted to; repeat for more (default: /accounts/login/, "
        "/admin/login/ and LOGIN_URL)",
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


def directory(args: argparse.Namespace) -> str:
    """The site's folder."""
    return options.folder("--directory", os.path.abspath(args.directory or os.getcwd()))


def var(args: argparse.Namespace) -> str:
    """The folder for what the site writes."""
    folder = directory(args)
    if args.var:
        if args.var.strip() != args.var:
            raise BadValue("--var: %r begins or ends with a space" % args.var)
        return options.path("--var", os.path.abspath(args.var))
    given = os.environ.get("DEVOPS_VAR")
    if given:
        return options.path("DEVOPS_VAR", os.path.abspath(given))
    return options.path("the site's folder", os.path.join(folder, "var"))


def say(remark: str) -> None:
    """One line beside what the command prints."""
    if remark:
        sys.stderr.write("deploy_conf: %s\n" % remark)
