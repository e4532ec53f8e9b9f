"""Facts in, files out. The same templates serve an administrator's machine and `up`."""

import os
import re
import secrets
import tempfile

from . import binaries, escape, templating
from .site import PING_INTERVAL, PING_TIMEOUT

# A daphne that drains has ended by itself this many seconds before supervisor would kill it.
DRAIN_MARGIN = 3
# Each node twice: see nginx-front.conf.
NODE_FLAGS = ("max_fails=1 fail_timeout=5s", "max_fails=0 backup")
PASSWORD = re.compile(r'^requirepass "?([0-9a-f]{64})"?$', re.MULTILINE)


def redis_password(folder):
    """The password in an earlier redis.conf of this folder, else a new one (64 hex digits)."""
    try:
        with open(os.path.join(folder, "redis.conf"), encoding="utf-8") as earlier:
            match = PASSWORD.search(earlier.read())
    except (OSError, UnicodeDecodeError):
        match = None
    return match.group(1) if match else secrets.token_hex(32)


def redis_url(socket, password):
    """The URL of a Redis on a Unix socket, as channels_redis and redis-py read it."""
    return "unix://%s?password=%s&db=0" % (socket, password)


def write(folder, files, private=(), owners=None):
    """
    Replaces the named files, each at once; those in `private` get mode 0600, others 0644.

    `owners` ({name: uid}) are for files that another account must read; only root can do that.
    """
    os.makedirs(folder, exist_ok=True)
    for name, text in files.items():
        handle, temporary = tempfile.mkstemp(dir=folder, prefix="." + name)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
            os.chmod(temporary, 0o600 if name in private else 0o644)
            if name in (owners or {}) and os.geteuid() == 0:
                os.chown(temporary, owners[name], -1)
            os.replace(temporary, os.path.join(folder, name))
        except BaseException:
            os.unlink(temporary)
            raise


PRIVATE = ("redis.conf", "supervisor-programs.conf", "supervisor-daphne.conf")


def websocket_files(facts, place):
    """The pieces to add to a site that already has nginx and uWSGI, by file name."""
    values = site_values(facts, place)
    # The site's own server { } stays as it is, so whom to believe is said in the location.
    values["behind_here"] = values["behind"]
    return {
        name: templating.render(name, values)
        for name in (
            "nginx-websocket-http.conf",
            "nginx-websocket-location.conf",
            "supervisor-daphne.conf",
        )
    }


def site_files(facts, place):
    """All files, by name."""
    values = site_values(facts, place)
    names = ["nginx.conf", "nginx-site.conf", "nginx-start.sh", "uwsgi.ini", "supervisord.conf"]
    names += ["supervisor-programs.conf"] + (["redis.conf"] if place.redis_socket else [])
    return {name: templating.render(name, values) for name in names}


def front_files(facts, place):
    """nginx in front of several nodes: complete, and the piece for one that is there."""
    values = {"name": facts.name, "id": facts.name.replace("-", "_")}
    values.update(_nginx_values(facts, place))
    return {name: templating.render(name, values) for name in ("nginx.conf", "nginx-front.conf")}


def site_values(facts, place):
    """Every value the templates use: names as in the templates, each quoted for its language."""
    identifier = facts.name.replace("-", "_")
    environment = dict(facts.environment)
    if place.redis_url:
        environment["REDIS_URL"] = place.redis_url
    environment.update(place.environment)
    longest = max(facts.harakiri + 5, 30)
    values = {
        "name": facts.name,
        "id": identifier,
        "user": place.user,
        "environment": escape.supervisor_environment(environment),
        "directory_supervisor": escape.supervisor(facts.directory),
        "log_escaped": escape.supervisor(place.log, passes=2),
    }
    values.update(_nginx_values(facts, place))
    uwsgi = place.uwsgi or binaries.Uwsgi([])  # none is asked for with --only websocket
    values.update(
        # uWSGI
        uwsgi_plugin=uwsgi.plugin,
        virtualenv=escape.uwsgi(uwsgi.virtualenv),
        directory=escape.uwsgi(facts.directory),
        wsgi=facts.wsgi,
        uwsgi_processes=facts.uwsgi_processes,
        uwsgi_socket=place.uwsgi_socket,
        uwsgi_socket_shell=place.uwsgi_socket and escape.shell([place.uwsgi_socket]),
        uwsgi_socket_mode="660",
        uwsgi_fifo=place.uwsgi_socket and os.path.splitext(place.uwsgi_socket)[0] + ".fifo",
        uwsgi_mercy=place.patience(facts.harakiri),
        uwsgi_rss=512,
        max_requests_delta=500 if place.uwsgi and uwsgi.knows("max-requests-delta") else 0,
        uwsgi_command=escape.supervisor_command(
            uwsgi.command + ["--ini", os.path.join(place.conf, "uwsgi.ini")]
        ),
        uwsgi_stop_wait=place.patience(longest) + 5,
        harakiri=facts.harakiri,
        # daphne
        daphne_port=place.daphne_port,
        retries=place.retries,
        steady=place.steady,
        daphne_processes=facts.daphne_processes,
        daphne_stop_wait=place.patience(30),
        daphne_environment=escape.supervisor_environment(
            dict({"COMPAT_DRAIN_SECONDS": place.patience(30) - DRAIN_MARGIN}, **environment)
        ),
        daphne_command=escape.supervisor_command(_daphne(facts)),
        # Redis
        redis=bool(place.redis_socket),
        redis_socket=place.redis_socket and escape.redis(place.redis_socket),
        redis_dir=escape.redis(place.run),
        redis_password=place.redis_password,
        redis_memory=256,
        redis_command=place.redis_server
        and escape.supervisor_command([place.redis_server, os.path.join(place.conf, "redis.conf")]),
        # supervisor
        supervisord_user=place.supervisord_user,
        supervisord_log=escape.supervisor(os.path.join(place.log, "supervisord.log")),
        supervisord_pid=escape.supervisor(os.path.join(place.master, "supervisord.pid")),
        childlogdir=escape.supervisor(place.log),
        supervisor_socket=place.supervisor_socket,
        supervisor_socket_url=place.supervisor_socket,
        minfds=place.minfds,
        group=",".join(identifier + "-" + name for name in ["uwsgi"] + sorted(facts.programs)),
        group_priority=200,
        program_stop_wait=place.patience(30),
    )
    values["programs"] = "\n".join(
        templating.render(
            "supervisor-program.conf",
            dict(values, program=name, program_command=escape.supervisor_command(words)),
        )
        for name, words in sorted(facts.programs.items())
    )
    return values


def _daphne(facts):
    return [
        facts.python,  # named, so that the script's first line may be too long or have spaces
        facts.daphne,
        "--fd",
        "0",
        "--proxy-headers",
        "--ping-interval",
        str(PING_INTERVAL),
        "--ping-timeout",
        str(PING_TIMEOUT),
        "--websocket_timeout",
        "72000",  # 20 h
        "--verbosity",
        "1",
        "--access-log",
        os.devnull,  # nginx logs every request
        facts.asgi,
    ]


def _nginx_values(facts, place):
    tls = bool(place.tls_cert)
    front = bool(place.nodes)
    identifier = facts.name.replace("-", "_")
    addresses = place.addresses
    plain_port = place.redirect_port if tls else place.port
    temporary = {
        "nginx_tmp_" + kind: escape.nginx(os.path.join(place.tmp, "nginx-" + kind))
        for kind in ("body", "proxy", "uwsgi", "fastcgi", "scgi")
    }
    command = [place.nginx, "-p", place.master, "-c", os.path.join(place.conf, "nginx.conf")]
    if place.nginx_takes_e:
        # Until it has read the file, nginx logs to a compiled-in path.
        command += ["-e", "stderr"]
    return dict(
        temporary,
        tls=tls,
        tls_cert=tls and escape.nginx(place.tls_cert),
        tls_key=tls and escape.nginx(place.tls_key),
        hsts=31536000 if tls else 0,
        listen=_listen(addresses, place.port, " ssl" if tls else ""),
        redirect=place.redirect_port,
        redirect_listen=_listen(addresses, place.redirect_port),
        https_port="" if place.port == 443 else ":%d" % place.port,
        catch_all=bool(place.domains and plain_port),
        catch_all_tls=bool(place.domains and tls),
        catch_all_listen=_listen(addresses, plain_port, " default_server"),
        catch_all_tls_listen=_listen(addresses, place.port, " ssl default_server"),
        server_names=" ".join(place.domains) or "_",
        nginx_user=place.nginx_user,
        nginx_pid=escape.nginx(os.path.join(place.master, "nginx.pid")),
        nginx_pid_shell=escape.shell([os.path.join(place.master, "nginx.pid")]),
        nginx_command_shell=escape.shell(command),
        nginx_command=escape.supervisor_command(
            ["/bin/sh", os.path.join(place.conf, "nginx-start.sh")]
        ),
        nginx_stop_wait=place.patience(place.worker_shutdown + 10),
        worker_shutdown=place.worker_shutdown,
        access_log=_nginx_log(place, "access"),
        websocket_log=_nginx_log(place, "access"),
        error_log=_nginx_log(place, "error"),
        log_buffer=" buffer=4k flush=1s" if place.logs_to_supervisor else "",
        nginx_access_log=escape.supervisor(os.path.join(place.log, "nginx-access.log"), 2)
        if place.logs_to_supervisor
        else "NONE",
        nginx_error_log=escape.supervisor(os.path.join(place.log, "nginx-error.log"), 2)
        if place.logs_to_supervisor
        else "NONE",
        nginx_file="nginx-front.conf" if front else "nginx-site.conf",
        front=front,
        nodes="\n".join(_node(node, flags) for flags in NODE_FLAGS for node in place.nodes),
        front_timeout=facts.harakiri + 10,
        connect_timeout=2 if front else 5,
        websocket_upstream=identifier + ("_nodes" if front else "_daphne"),
        behind="\n".join("set_real_ip_from %s;" % network for network in facts.behind),
        behind_geo="\n".join("%s 1;" % network for network in facts.behind),
        behind_here=False,
        scheme="$%s_scheme" % identifier if facts.behind else "$scheme",
        https="$%s_https" % identifier if facts.behind else "$https",
        server_port="$%s_port" % identifier if facts.behind else "$server_port",
        max_body=facts.max_body,
        unlimited="\n".join("%s 1;" % network for network in facts.unlimited),
        request_rate=facts.request_rate,
        request_burst=facts.request_burst,
        http_connections=facts.http_connections,
        websocket_connections=facts.websocket_connections,
        websocket_path=facts.websocket_path,
        ping_interval=PING_INTERVAL,
        ping_timeout=PING_TIMEOUT,
        websocket_idle=PING_INTERVAL + PING_TIMEOUT + 25,
        uwsgi_timeout=facts.harakiri + 5,
        frame_options=facts.frame_options,
        static=bool(facts.static_root),
        static_url=facts.static_url,
        static_from=facts.static_root and escape.nginx("from=" + facts.static_root),
        static_alias=facts.static_root and escape.nginx(facts.static_root.rstrip("/") + "/"),
        media=bool(facts.media_root),
        media_url=facts.media_url,
        media_from=facts.media_root and escape.nginx("from=" + facts.media_root),
        media_alias=facts.media_root and escape.nginx(facts.media_root.rstrip("/") + "/"),
    )


def _listen(addresses, port, flags=""):
    return "\n".join("listen %s:%s%s;" % (address, port, flags) for address in addresses)


def _node(node, flags):
    return "server %s %s;" % (node, flags)


def _nginx_log(place, kind):
    if place.logs_to_supervisor:
        # supervisor rotates what a program prints.
        return "/dev/stdout" if kind == "access" else "stderr"
    return escape.nginx(os.path.join(place.log, "nginx-%s.log" % kind))
