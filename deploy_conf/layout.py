"""Where the files of one run go, and who runs it: an administrator's machine, or this folder."""

import os
import pwd
import resource
import socket
import zlib

from . import binaries, options
from .errors import BadValue

MINFDS = 4096
TAKES_E = (1, 19, 5)  # the first nginx with the option -e
ALL_ADDRESSES = ["0.0.0.0", "::"]  # noqa: S104 (a public site)


class Place(object):
    """
    Folders, sockets, ports and programs for the templates.

    conf, run, log, master, tmp (folders; master: for what nginx's master and supervisord write,
    root's where they are root's); uwsgi_socket, redis_socket, supervisor_socket (paths);
    addresses, port, redirect_port, domains, tls_cert, tls_key (nginx); daphne_port;
    user, nginx_user, supervisord_user (account names or None); nginx, redis_server, uwsgi
    (programs); redis_url, redis_password; environment (dict, added to the site's own).
    """

    nodes = ()  # of a front: ADDRESS:PORT
    hurry = None  # seconds that any process may take to end; None: as long as it needs

    def __init__(self, **values):
        self.__dict__.update(values)

    def patience(self, seconds):
        """How long to wait for a process that may need this many seconds to end."""
        return seconds if self.hurry is None else min(seconds, self.hurry)


def for_administrator(args, facts):
    """Places as a distribution has them, from `render`'s options; raises BadValue."""
    websocket_only = args.only == "websocket"
    listening = _listening(args, needs_domain=not websocket_only)
    domains = listening["domains"]
    if not args.user and os.getuid() == 0:
        raise BadValue("--user: which account runs the site? (root only if you name it)")
    account = options.user("--user", args.user or pwd.getpwuid(os.getuid()).pw_name)
    nginx_user = options.user("--nginx-user", args.nginx_user or account)
    name = facts.name
    run = options.socket_folder("--run-dir", args.run_dir or "/run/" + name)
    log = options.path("--log-dir", args.log_dir or "/var/log/" + name)
    # Where the account may write, it could put a link in the way of what root writes.
    master = run + "-root"
    conf = options.path("--conf-dir", args.conf_dir or os.path.abspath(args.output))
    environment = {}
    if domains:
        environment["ALLOWED_HOSTS"] = ",".join(domain.replace("*.", ".") for domain in domains)
    if listening["tls_cert"]:
        environment["BEHIND_TLS"] = "1"
    environment = {k: v for k, v in environment.items() if k not in facts.environment}
    own_redis = not args.redis_url
    redis_server = "/usr/bin/redis-server"
    if args.redis_server:
        redis_server = options.executable("--redis-server", args.redis_server)
    uwsgi = None if websocket_only else _uwsgi(args.uwsgi, facts.python)
    return Place(
        conf=conf,
        run=run,
        log=log,
        master=master,
        tmp=master,
        uwsgi_socket=os.path.join(run, "uwsgi.sock"),
        redis_socket=os.path.join(run, "redis.sock") if own_redis else None,
        supervisor_socket=os.path.join(master, "supervisor.sock"),
        daphne_port=options.port("--daphne-port", args.daphne_port),
        user=account,
        nginx_user="%s %s" % (nginx_user, options.primary_group(nginx_user)),
        supervisord_user=None,
        redis_server=redis_server,
        uwsgi=uwsgi,
        redis_url=None if own_redis else options.redis_url("--redis-url", args.redis_url),
        redis_password=None,
        environment=environment,
        retries=10,
        steady=5,
        **_nginx(args, facts),
        **listening,
    )


def for_front(args, facts):
    """Places of the nginx in front of several nodes; raises BadValue."""
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
    run = options.socket_folder("--run-dir", args.run_dir or "/run/" + facts.name)
    return Place(
        conf=options.path("--conf-dir", args.conf_dir or os.path.abspath(args.output)),
        log=options.path("--log-dir", args.log_dir or "/var/log/" + facts.name),
        master=run,
        tmp=run,
        nodes=nodes,
        nginx_user="%s %s" % (account, options.primary_group(account)),
        **_nginx(args, facts),
        **_listening(args),
    )


def _listening(args, needs_domain=True):
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
    return dict(
        addresses=_addresses(args.listen or ALL_ADDRESSES[: 2 if has_ipv6() else 1]),
        port=port,
        redirect_port=redirect_port,
        domains=[options.host("--domain", domain) for domain in args.domain],
        tls_cert=cert,
        tls_key=key,
    )


def _nginx(args, facts):
    """The nginx of an administrator's machine, which need not be this one."""
    nginx = options.executable("--nginx", args.nginx) if args.nginx else "/usr/sbin/nginx"
    there = os.path.isfile(nginx)
    if facts.behind and there:
        binaries.check_realip(nginx, "--behind")
    return dict(
        nginx=nginx,
        nginx_takes_e=not there or binaries.nginx_version(nginx) >= TAKES_E,
        worker_shutdown=120,
        logs_to_supervisor=False,
        minfds=MINFDS,
    )


def for_this_machine(var, sockets, host, port, daphne_port, redis_url):
    """Places below `var`, for `up`: no root, loopback, the servers found on this machine."""
    run = os.path.join(var, "run")
    nginx = binaries.nginx()
    me = root_user()
    group = options.primary_group(me) if me else None
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    place = Place(
        conf=os.path.join(var, "conf"),
        run=run,
        log=os.path.join(var, "log"),
        master=run,
        tmp=os.path.join(var, "tmp"),
        uwsgi_socket=os.path.join(sockets, "uwsgi.sock"),
        redis_socket=None if redis_url else os.path.join(sockets, "redis.sock"),
        supervisor_socket=os.path.join(sockets, "supervisor.sock"),
        addresses=[host],
        port=port,
        redirect_port=None,
        domains=[],
        tls_cert=None,
        tls_key=None,
        daphne_port=daphne_port,
        user=None,
        nginx_user="%s %s" % (me, group) if me else None,
        supervisord_user=me,
        nginx=nginx,
        nginx_takes_e=binaries.nginx_version(nginx) >= TAKES_E,
        redis_server=None if redis_url else binaries.redis_server(),
        uwsgi=binaries.uwsgi(),
        redis_url=redis_url,
        redis_password=None,
        environment={},
        worker_shutdown=120,
        logs_to_supervisor=True,
        minfds=MINFDS if hard == resource.RLIM_INFINITY else min(MINFDS, hard),
        retries=3,
        steady=1,
    )
    place.hurry = 8
    return place


def root_user():
    """The account's name when this process is root, else None: only root can change users."""
    return pwd.getpwuid(0).pw_name if os.geteuid() == 0 else None


def has_ipv6():
    """Whether this machine can listen on IPv6 at all; nginx refuses `[::]` where it cannot."""
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


def preferred_daphne_port(var):
    """A loopback port that stays the same for one folder, below the ephemeral range."""
    return 20000 + zlib.crc32(os.fsencode(var)) % 10000


def _uwsgi(given, python):
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


def _addresses(values):
    return [options.address("--listen", value) for value in values]
