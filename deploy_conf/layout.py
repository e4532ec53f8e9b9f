"""Where the files of one run lie, and who runs it: an administrator's machine, or this folder."""

import argparse
import os
import pwd
import resource
import zlib
from typing import Any, Dict, List, NamedTuple, Optional, Tuple

from . import binaries, machine, options, redis_address
from .errors import BadValue
from .site import Site

MINFDS = 4096
ALL_ADDRESSES = ["0.0.0.0", "::"]  # noqa: S104 (a public site)


class Layout(NamedTuple):
    """Folders, sockets, ports, accounts and programs for the templates; never changed."""

    # Folders. `master` is for what nginx's master and supervisord write: root's where they run as
    # root. A front has no `run`.
    conf: str
    log: str
    master: str
    tmp: str
    # nginx
    nginx: str
    nginx_user: Optional[str]  # "account group", None when nginx cannot change it
    addresses: List[str]
    port: int
    minfds: int
    nginx_version: Tuple[int, ...] = binaries.NEWEST
    redirect_port: Optional[int] = None
    domains: List[str] = []
    tls_cert: Optional[str] = None
    tls_key: Optional[str] = None
    nodes: List[str] = []  # of a front: ADDRESS:PORT
    health_host: str = ""  # the name by which a balancer's check is answered
    acme_root: Optional[str] = None  # folder of the certificate's challenges
    logs_to_supervisor: bool = False
    # The site's processes
    run: str = ""
    uwsgi: binaries.Uwsgi = binaries.Uwsgi([])
    uwsgi_socket: str = ""
    daphne_port: int = 0
    user: Optional[str] = None
    environment: Dict[str, str] = {}  # added to the site's own
    manager: str = "supervisor"  # or "systemd": what keeps the processes alive
    # supervisor
    supervisor_socket: str = ""
    supervisord_user: Optional[str] = None
    retries: int = 3
    steady: int = 1  # seconds after which a program counts as started (see _report_failing)
    hurry: Optional[int] = None  # seconds that any process may take to end; None: what it needs
    # Redis
    redis_url: Optional[str] = None
    redis_socket: Optional[str] = None  # these only for a Redis of the site's own
    redis_password: Optional[str] = None
    redis_server: str = ""
    redis_version: Tuple[int, ...] = binaries.NEWEST

    def patience(self, seconds: int) -> int:
        """How long to wait for a process that may need this many seconds to end."""
        return seconds if self.hurry is None else min(seconds, self.hurry)


def for_administrator(args: argparse.Namespace, site: Site, output: str) -> Layout:
    """As a distribution lays files out, from `render`'s options; raises BadValue."""
    websocket_only = args.only == "websocket"
    listening = _listening(args, needs_domain=not websocket_only)
    domains = listening["domains"]
    if not args.user and os.getuid() == 0:
        raise BadValue("--user: which account runs the site? (root only if you name it)")
    account = options.user("--user", args.user or pwd.getpwuid(os.getuid()).pw_name)
    nginx_user = options.user("--nginx-user", args.nginx_user or account)
    run = options.socket_folder("--run-dir", args.run_dir or "/run/" + site.name)
    log = options.path("--log-dir", args.log_dir or "/var/log/" + site.name)
    # Where the account may write, it could put a link in the way of what root writes.
    master = run + "-root"
    conf = options.path("--conf-dir", args.conf_dir or os.path.abspath(args.output))
    environment = {}
    if domains:
        environment["ALLOWED_HOSTS"] = ",".join(map(allowed_host, domains))
    if listening["tls_cert"]:
        environment["BEHIND_TLS"] = "1"
    if not machine.names_locale(site.environment):
        environment["LANG"] = machine.utf8_locale()
    environment = {k: v for k, v in environment.items() if k not in site.environment}
    return Layout(
        conf=conf,
        run=run,
        log=log,
        master=master,
        tmp=master,
        uwsgi=binaries.Uwsgi([]) if websocket_only else _uwsgi(args.uwsgi, site.python),
        uwsgi_socket=os.path.join(run, "uwsgi.sock"),
        supervisor_socket=os.path.join(master, "supervisor.sock"),
        daphne_port=options.port("--daphne-port", args.daphne_port),
        user=account,
        nginx_user="%s %s" % (nginx_user, options.primary_group(nginx_user)),
        environment=environment,
        minfds=MINFDS,
        manager=args.manager,
        retries=10,
        steady=5,
        **_redis(args, run, output),
        **_nginx(args, site),
        **listening,
    )


def for_front(args: argparse.Namespace, site: Site) -> Layout:
    """Of the nginx in front of several nodes; raises BadValue."""
    if not args.node:
        raise BadValue("--node: which nodes are behind the front?")
    nodes = [options.node("--node", node) for node in args.node]
    for node in nodes:
        if nodes.count(node) > 1:
            raise BadValue("--node: %s is given twice" % node)
    account = args.nginx_user or args.user
    if not account and os.getuid() == 0:
        raise BadValue("--nginx-user: which account runs nginx's workers? (www-data on Debian)")
    account = options.user("--nginx-user", account or pwd.getpwuid(os.getuid()).pw_name)
    run = options.socket_folder("--run-dir", args.run_dir or "/run/" + site.name)
    return Layout(
        conf=options.path("--conf-dir", args.conf_dir or os.path.abspath(args.output)),
        log=options.path("--log-dir", args.log_dir or "/var/log/" + site.name),
        master=run,
        tmp=run,
        nodes=nodes,
        nginx_user="%s %s" % (account, options.primary_group(account)),
        minfds=MINFDS,
        **_nginx(args, site),
        **_listening(args),
    )


def for_this_machine(
    site: Site,
    var: str,
    sockets: str,
    host: str,
    port: int,
    daphne_port: int,
    redis_url: Optional[str],
    no_redis: bool = False,
) -> Layout:
    """Below `var`, for `up`: no root, loopback, the servers found on this machine."""
    run, conf = os.path.join(var, "run"), os.path.join(var, "conf")
    nginx = binaries.nginx()
    _check_realip(site, nginx)
    me = machine.root_user()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    redis: Dict[str, Any] = {}
    if redis_url:
        redis = {"redis_url": redis_url}
    elif not no_redis:
        server = binaries.redis_server()
        redis = dict(own_redis(sockets, conf), redis_server=server)
        redis["redis_version"] = binaries.redis_version(server)
    environment = {
        "DEVOPS_VAR": var,
        "PYTHONUNBUFFERED": "1",
        "PROMETHEUS_MULTIPROC_DIR": os.path.join(run, "metrics"),
    }
    if not machine.names_locale(dict(os.environ, **site.environment)):
        environment["LANG"] = machine.utf8_locale()
    return Layout(
        conf=conf,
        run=run,
        log=os.path.join(var, "log"),
        master=run,
        tmp=os.path.join(var, "tmp"),
        uwsgi=binaries.uwsgi(),
        uwsgi_socket=os.path.join(sockets, "uwsgi.sock"),
        supervisor_socket=os.path.join(sockets, "supervisor.sock"),
        addresses=[host],
        port=port,
        daphne_port=daphne_port,
        nginx_user="%s %s" % (me, options.primary_group(me)) if me else None,
        supervisord_user=me,
        nginx=nginx,
        nginx_version=binaries.nginx_version(nginx),
        environment=environment,
        logs_to_supervisor=True,
        health_host=_health_host(site.allowed_hosts),
        minfds=MINFDS if hard == resource.RLIM_INFINITY else min(MINFDS, hard),
        hurry=8,
        **redis,
    )


def allowed_host(domain: str) -> str:
    """A name of nginx's as Django's ALLOWED_HOSTS writes it: `.example.org` for all below."""
    return domain[1:] if domain.startswith("*.") else domain


def _health_host(allowed: List[str]) -> str:
    """A name that the site answers to, by what ALLOWED_HOSTS has."""
    names = [name.lstrip(".") for name in allowed if name != "*"]
    return names[0] if names else "localhost"


def own_redis(sockets: str, conf: str) -> Dict[str, Any]:
    """Socket, password and address of a Redis for the site alone; the password stays the same."""
    path = os.path.join(sockets, "redis.sock")
    password = redis_address.kept_password(conf)
    return dict(
        redis_socket=path,
        redis_password=password,
        redis_url=redis_address.of_socket(path, password),
    )


def _redis(args: argparse.Namespace, run: str, output: str) -> Dict[str, Any]:
    if args.no_redis:
        if args.redis_url:
            raise BadValue("--no-redis and --redis-url contradict each other")
        return {}
    if args.redis_url:
        return {"redis_url": options.redis_url("--redis-url", args.redis_url)}
    if args.only:  # which Redis the site uses is its own affair
        return {}
    server = "/usr/bin/redis-server"
    if args.redis_server:
        server = options.executable("--redis-server", args.redis_server)
    version = binaries.redis_version(server) if os.path.isfile(server) else binaries.NEWEST
    if args.redis_version:
        oldest = binaries.OLDEST_REDIS
        version = binaries.version("--redis-version", args.redis_version, oldest)
    return dict(own_redis(run, output), redis_server=server, redis_version=version)


def _listening(args: argparse.Namespace, needs_domain: bool = True) -> Dict[str, Any]:
    """Where nginx listens, and for which names."""
    cert, key = options.certificate(args.tls_cert, args.tls_key)
    port = options.port("--port", args.port or (443 if cert else 80))
    redirect = args.redirect if args.redirect is not None else bool(cert)
    if redirect and not cert:
        raise BadValue("--redirect needs --tls-cert and --tls-key")
    redirect_port = options.port("--redirect-port", args.redirect_port) if redirect else None
    if redirect_port == port:
        raise BadValue("--redirect-port: %d is the port of the site itself" % port)
    if not args.domain and needs_domain:
        raise BadValue("--domain: which host name is the site for?")
    listen = args.listen or ALL_ADDRESSES[: 2 if machine.has_ipv6() else 1]
    domains = options.distinct(options.host("--domain", domain) for domain in args.domain)
    return dict(
        addresses=options.distinct(options.address("--listen", value) for value in listen),
        port=port,
        redirect_port=redirect_port,
        domains=domains,
        tls_cert=cert,
        tls_key=key,
        health_host=args.domain and _health_host(list(map(allowed_host, domains))),
        acme_root=args.acme_root and options.path("--acme-root", args.acme_root),
    )


def _nginx(args: argparse.Namespace, site: Site) -> Dict[str, Any]:
    """The nginx of an administrator's machine, which need not be this one."""
    nginx = options.executable("--nginx", args.nginx) if args.nginx else "/usr/sbin/nginx"
    there = os.path.isfile(nginx)
    _check_realip(site, nginx if there else None)
    if args.nginx_version:
        oldest = binaries.OLDEST_NGINX
        version = binaries.version("--nginx-version", args.nginx_version, oldest)
    else:
        version = binaries.nginx_version(nginx) if there else binaries.NEWEST
    return dict(nginx=nginx, nginx_version=version)


def _check_realip(site: Site, nginx: Optional[str]) -> None:
    for option, networks in (("--behind", site.behind), ("--health-from", site.health_from)):
        if nginx and networks:
            binaries.check_realip(nginx, option)


def preferred_daphne_port(var: str) -> int:
    """A loopback port that stays the same for one folder, below the ephemeral range."""
    return 20000 + zlib.crc32(os.fsencode(var)) % 10000


def _uwsgi(given: Optional[str], python: str) -> binaries.Uwsgi:
    """A uWSGI given by hand, with its Python plugin, or pyuwsgi's beside the interpreter."""
    folder = os.path.dirname(python)
    if not given:
        script = os.path.join(folder, "uwsgi")
        if not os.path.isfile(script):
            raise BadValue("--uwsgi: pyuwsgi is not installed in the environment of %s" % python)
        return binaries.Uwsgi([python, options.path("--uwsgi", script)])
    program = options.executable("--uwsgi", given)
    environment = os.path.dirname(folder)
    in_environment = os.path.isfile(os.path.join(environment, "pyvenv.cfg"))
    mine = binaries.python_version(python)
    embedded, plugin = binaries.embedded_python(program, mine)
    if not (embedded and embedded.split(".")[:2] == mine.split(".")[:2]):
        raise BadValue("--uwsgi: %s does not run Python %s" % (program, mine))
    return binaries.Uwsgi([program], plugin, environment if in_environment else "")
