"""up: run the site on this machine, without root."""

import argparse
import os

from .. import options, site, supervise
from ..errors import BadValue
from . import _options


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """The command and its options."""
    one = commands.add_parser(
        "up",
        help="run the site on this machine, without root",
        description="Starts supervisord over nginx, uWSGI, daphne, Redis and the site's own "
        "programs, and waits until the site answers. NGINX_BIN, REDIS_SERVER_BIN and UWSGI_BIN "
        "name a server to use; DEPLOY_CONF_NO_SYSTEM=1 looks for servers on PATH and in wheels "
        "only. With REDIS_URL set, that Redis is used and none is started.",
    )
    _add_options(one)
    _options.site(one)
    _options.proxy(one)
    _options.limits(one)
    one.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Starts the site."""
    port = options.port("--port", args.port)
    host = options.address("--host", args.host)
    timeout = options.number("--timeout", args.timeout, 1, 3600)
    var = _options.var(args)
    os.environ["DEVOPS_VAR"] = var  # the settings read it
    mine = site.from_arguments(args)
    _options.say(mine.settings.remark)
    redis_url = os.environ.get("REDIS_URL")
    if redis_url:
        options.redis_url("REDIS_URL", redis_url)
        if args.no_redis:
            raise BadValue("--no-redis: REDIS_URL is set, and names one")
    return supervise.up(mine, var, host, port, redis_url, timeout, args.foreground, args.no_redis)


def _add_options(one: argparse.ArgumentParser) -> None:
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
    add("--var", metavar="DIR", help=_options.VAR_HELP)
    add(
        "--timeout",
        metavar="SECONDS",
        default=60,
        help="how long the site may take to answer (default: 60)",
    )
