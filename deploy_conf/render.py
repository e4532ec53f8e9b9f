"""A Site and its Layout in, files out. The same templates serve an administrator and `up`."""

import os
import tempfile
from typing import Any, Container, Dict, List, Mapping, Optional

from . import binaries, escape, systemd, templating
from .layout import Layout
from .site import Site

# What a daphne, or a program of the site's, may take to end, and how many seconds before supervisor
# kills it a daphne that drains has ended by itself.
STOP, DRAIN_MARGIN = 30, 3
NGINX_STOP = 130  # worker_shutdown_timeout in nginx.conf, and a little
# Each node twice: see nginx-front.conf.
NODE_FLAGS = ("max_fails=1 fail_timeout=5s", "max_fails=0 backup")
PRIVATE = ("redis.conf", "supervisor-programs.conf", "supervisor-daphne.conf")


def write(
    folder: str,
    files: Mapping[str, str],
    private: Container[str] = (),
    owners: Optional[Mapping[str, int]] = None,
) -> None:
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
            if owners and name in owners and os.geteuid() == 0:
                os.chown(temporary, owners[name], -1)
            os.replace(temporary, os.path.join(folder, name))
        except BaseException:
            os.unlink(temporary)
            raise


def websocket_files(site: Site, layout: Layout) -> Dict[str, str]:
    """The pieces to add to a site that already has nginx and uWSGI, by file name."""
    # The site's own server { } stays as it is, so whom to believe is said in the location.
    values = site_values(site, layout, behind_here=bool(site.behind))
    names = ["nginx-websocket-http.conf", "nginx-websocket-location.conf", "logrotate.conf"]
    names += ["supervisor-daphne.conf"] if layout.manager == "supervisor" else []
    files = {name: templating.render(name, values) for name in names}
    if layout.manager == "systemd":
        files.update(systemd.websocket_units(site, values))
    return files


def site_files(site: Site, layout: Layout) -> Dict[str, str]:
    """All files, by name."""
    values = site_values(site, layout)
    names = ["nginx-site.conf", "uwsgi.ini", "uwsgi-worker.py"]
    if layout.manager == "supervisor":
        names += ["nginx.conf", "nginx-start.sh", "supervisord.conf", "supervisor-programs.conf"]
    names += ["redis.conf"] if layout.redis_socket else []
    names += [] if layout.logs_to_supervisor else ["logrotate.conf"]
    files = {name: templating.render(name, values) for name in names}
    if layout.manager == "systemd":
        files.update(systemd.units(site, values))
    return files


def front_files(site: Site, layout: Layout) -> Dict[str, str]:
    """nginx in front of several nodes: complete, and the piece for one that is there."""
    values = {"name": site.name, "id": site.id}
    values.update(_nginx_values(site, layout))
    return {
        name: templating.render(name, values)
        for name in ("nginx.conf", "nginx-front.conf", "logrotate.conf")
    }


def site_values(site: Site, layout: Layout, behind_here: bool = False) -> Dict[str, Any]:
    """Every value the templates use: names as in the templates, each quoted for its language."""
    environment: Dict[str, Any] = dict(site.environment)
    if layout.redis_url:
        environment["REDIS_URL"] = layout.redis_url
    environment.update(layout.environment)
    drain = layout.patience(STOP) - DRAIN_MARGIN
    values: Dict[str, Any] = {
        "name": site.name,
        "id": site.id,
        "settings": site.settings.module,
        "settings_source": site.settings.source,
    }
    values.update(_nginx_values(site, layout, behind_here))
    values.update(
        # uWSGI
        uwsgi_plugin=layout.uwsgi.plugin,
        virtualenv=escape.uwsgi(layout.uwsgi.virtualenv),
        directory=escape.uwsgi(site.directory),
        wsgi=site.wsgi,
        wsgi_module=site.wsgi.partition(":")[0],
        uwsgi_worker=escape.uwsgi(os.path.join(layout.conf, "uwsgi-worker.py")),
        uwsgi_processes=site.uwsgi_processes,
        uwsgi_socket=layout.uwsgi_socket,
        uwsgi_socket_shell=escape.shell([layout.uwsgi_socket]),
        uwsgi_fifo=os.path.splitext(layout.uwsgi_socket)[0] + ".fifo",
        uwsgi_stats=_uwsgi_stats(layout),
        uwsgi_mercy=layout.patience(site.harakiri),
        uwsgi_knows_delta=bool(layout.uwsgi.command) and layout.uwsgi.knows("max-requests-delta"),
        uwsgi_command=escape.supervisor_command(
            layout.uwsgi.command + ["--ini", os.path.join(layout.conf, "uwsgi.ini")]
        ),
        uwsgi_stop_wait=layout.patience(max(site.harakiri + 5, STOP)) + 5,
        harakiri=site.harakiri,
        # daphne
        daphne_port=layout.daphne_port,
        daphne_processes=site.daphne_processes,
        # The interpreter is named, so that the script's first line may be too long or have spaces.
        daphne=escape.supervisor_command([site.python, site.daphne]),
        daphne_args="".join(" " + escape.supervisor_command([w]) for w in site.daphne_args),
        drain=drain,
        asgi=site.asgi,
        daphne_environment=escape.supervisor_environment(
            dict({"COMPAT_DRAIN_SECONDS": drain}, **environment)
        ),
        # Redis
        redis_socket=layout.redis_socket and escape.redis(layout.redis_socket),
        redis_dir=escape.redis(layout.run),
        redis_password=layout.redis_password,
        redis_protects=layout.redis_version >= binaries.REDIS_SINCE["protects"],
        redis_frees_lazily=layout.redis_version >= binaries.REDIS_SINCE["frees_lazily"],
        redis_command=escape.supervisor_command(
            [layout.redis_server, os.path.join(layout.conf, "redis.conf")]
        ),
        # supervisor
        user=layout.user,
        environment=escape.supervisor_environment(environment),
        directory_supervisor=escape.supervisor(site.directory),
        log=escape.supervisor(layout.log),
        log_twice=escape.supervisor(layout.log, passes=2),
        retries=layout.retries,
        steady=layout.steady,
        stop_wait=layout.patience(STOP),
        supervisord_user=layout.supervisord_user,
        supervisord_pid=escape.supervisor(os.path.join(layout.master, "supervisord.pid")),
        supervisor_socket=layout.supervisor_socket,
        minfds=layout.minfds,
        group=",".join("%s-%s" % (site.id, name) for name in ["uwsgi"] + sorted(site.programs)),
    )
    if layout.manager == "systemd":
        values.update(systemd.values(site, layout, environment))
    values["programs"] = "\n".join(
        templating.render(
            "supervisor-program.conf",
            dict(values, program=name, program_command=escape.supervisor_command(words)),
        )
        for name, words in sorted(site.programs.items())
    )
    return values


def _nginx_values(site: Site, layout: Layout, behind_here: bool = False) -> Dict[str, Any]:
    tls, front = bool(layout.tls_cert), bool(layout.nodes)
    plain_port = layout.redirect_port if tls else layout.port
    command = [layout.nginx, "-p", layout.master, "-c", os.path.join(layout.conf, "nginx.conf")]
    knows = {name: layout.nginx_version >= since for name, since in binaries.NGINX_SINCE.items()}
    if knows["takes_e"]:
        # Until it has read the file, nginx logs to a compiled-in path.
        command += ["-e", "stderr"]
    values: Dict[str, Any] = dict(
        name=site.name,
        id=site.id,
        front=front,
        # Where it listens
        tls=tls,
        tls_cert=tls and escape.nginx(layout.tls_cert),
        tls_key=tls and escape.nginx(layout.tls_key),
        listen=_listen(layout.addresses, layout.port, " ssl" if tls else ""),
        redirect=layout.redirect_port,
        redirect_listen=_listen(layout.addresses, layout.redirect_port),
        https_port="" if layout.port == 443 else ":%d" % layout.port,
        catch_all=bool(layout.domains and plain_port),
        catch_all_tls=bool(layout.domains and tls),
        catch_all_listen=_listen(layout.addresses, plain_port, " default_server"),
        catch_all_tls_listen=_listen(layout.addresses, layout.port, " ssl default_server"),
        server_names=" ".join(layout.domains) or "_",
        # Its files and processes
        ends_workers=knows["ends_workers"],
        tls_protocols="TLSv1.2 TLSv1.3" if knows["tls13"] else "TLSv1.2",
        nginx_user=layout.nginx_user,
        nginx_pid=escape.nginx(os.path.join(layout.master, "nginx.pid")),
        nginx_pid_shell=escape.shell([os.path.join(layout.master, "nginx.pid")]),
        nginx_command_shell=escape.shell(command),
        nginx_command=escape.supervisor_command(
            ["/bin/sh", os.path.join(layout.conf, "nginx-start.sh")]
        ),
        nginx_stop_wait=layout.patience(NGINX_STOP),
        nginx_file="nginx-front.conf" if front else "nginx-site.conf",
        own_locations=escape.nginx(os.path.join(layout.conf, "nginx-own", "*.conf")),
        logs_to_supervisor=layout.logs_to_supervisor,
        access_log=escape.nginx(os.path.join(layout.log, "nginx-access.log")),
        error_log=escape.nginx(os.path.join(layout.log, "nginx-error.log")),
        log_logrotate=escape.logrotate(os.path.join(layout.log, "nginx-")) + "*.log",
        # Of whom it believes what, and what it lets through
        nodes="\n".join(_node(node, flags) for flags in NODE_FLAGS for node in layout.nodes),
        behind="\n".join("set_real_ip_from %s;" % network for network in site.behind),
        behind_geo=_geo(site.behind),
        behind_here=behind_here,
        request_host="$http_host",
        scheme="$%s_scheme" % site.id if site.behind else "$scheme",
        https="$%s_https" % site.id if site.behind else "$https",
        server_port="$%s_port" % site.id if site.behind else "$server_port",
        max_body=site.max_body,
        unlimited=_geo(site.unlimited),
        request_rate=site.request_rate,
        request_burst=site.request_burst,
        any_rate=site.request_rate or site.login_rate,
        login_rate=site.login_rate,
        login_burst=max(site.login_rate // 2, 1),
        logins="\n".join(_login(site, path) for path in site.login_paths),
        http_connections=site.http_connections,
        websocket_connections=site.websocket_connections,
        frame_options=site.frame_options,
        uwsgi_timeout=site.harakiri + 5,
        front_timeout=site.harakiri + 10,
        # What it serves itself
        static_url=site.static_root and site.static_url,
        static_from=site.static_root and escape.nginx("from=" + site.static_root),
        static_alias=site.static_root and escape.nginx(site.static_root.rstrip("/") + "/"),
        media_url=site.media_root and site.media_url,
        media_from=site.media_root and escape.nginx("from=" + site.media_root),
        media_alias=site.media_root and escape.nginx(site.media_root.rstrip("/") + "/"),
        acme_root=layout.acme_root and escape.nginx(layout.acme_root),
        health_geo=_geo(site.health_from),
        health_host=layout.health_host and escape.nginx(layout.health_host),
    )
    for kind in ("body", "proxy", "uwsgi", "fastcgi", "scgi"):
        values["nginx_tmp_" + kind] = escape.nginx(os.path.join(layout.tmp, "nginx-" + kind))
    values["websocket_locations"] = "\n".join(
        templating.render("nginx-websocket-path.conf", dict(values, location=location))
        for path in site.websocket_paths
        # nginx would send a client at /ws to /ws/, and no WebSocket follows.
        for location in ("= " + path.rstrip("/"), "^~ " + path)
    )
    values.update(_health(site, values))
    return values


def _uwsgi_stats(layout: Layout) -> str:
    """The socket of its stats server, "" for a version that would show cookies there."""
    if layout.uwsgi.command and layout.uwsgi.knows("stats-no-cores"):
        return os.path.splitext(layout.uwsgi_socket)[0] + ".stats"
    return ""


def _health(site: Site, values: Dict[str, Any]) -> Dict[str, str]:
    """The locations for checks by address: in the site's server, in the redirecting, in others."""
    asked = {"request_host": "host", "scheme": "scheme", "https": "https"}
    asked = {name: "$%s_health_%s" % (site.id, one) for name, one in asked.items()}
    found = {}
    for where in ("here", "redirect", "elsewhere"):
        special = dict(asked, redirects=where == "redirect", refuses=where == "elsewhere")
        found["health_" + where] = "\n".join(
            templating.render("nginx-health-location.conf", dict(values, path=path, **special))
            for path in (site.health_paths if site.health_from else [])
        )
    return found


def _listen(addresses: List[str], port: Optional[int], flags: str = "") -> str:
    return "\n".join("listen %s:%s%s;" % (address, port, flags) for address in addresses)


def _node(node: str, flags: str) -> str:
    return "server %s %s;" % (node, flags)


def _login(site: Site, path: str) -> str:
    """An expression, since nginx takes no long texts into such a table."""
    return '"~^POST:%s$" $%s_client;' % (path.replace(".", r"\."), site.id)


def _geo(networks: List[str]) -> str:
    return "\n".join("%s 1;" % network for network in networks)
