"""The servers of one site: Redis, daphne, uWSGI and nginx, on free ports."""

import contextlib
import os
import socket

from deploy_conf import binaries
from tests.support.servers import HOST, free_port

from . import kernel
from .processes import ROOT, Process

DAPHNE = (
    "import tests.labs.bench.site; from daphne.cli import CommandLineInterface as C; C.entrypoint()"
)
COMMANDS = {
    "daphne": ["-c", DAPHNE, "-v", "1"],
    "sampled": ["-m", "tests.labs.bench.sampler", "-v", "1"],
    "uvicorn": ["-m", "uvicorn", "--lifespan", "off", "--no-access-log"],
}
UWSGI_PROCESSES = 2
NGINX = """
daemon off;
master_process off;  # one process, of the user who runs the benchmark
pid %(folder)s/nginx.pid;
error_log stderr warn;
events { worker_connections 16384; }
http {
    client_body_temp_path %(folder)s/body;
    proxy_temp_path %(folder)s/proxy;
    uwsgi_temp_path %(folder)s/uwsgi;
    fastcgi_temp_path %(folder)s/fastcgi;
    scgi_temp_path %(folder)s/scgi;
    access_log off;
    keepalive_requests 1000000;
    upstream daphne { %(daphnes)s }
    server {
        listen %(host)s:%(port)d backlog=2048;
        location /ws/ {
            proxy_pass http://daphne;
            proxy_http_version 1.1;
            proxy_set_header Upgrade $http_upgrade;
            proxy_set_header Connection upgrade;
            proxy_set_header Host $http_host;
            proxy_buffering off;
            proxy_read_timeout 300s;
        }
        location / {
            uwsgi_pass unix:%(folder)s/uwsgi.sock;
            uwsgi_param REQUEST_METHOD $request_method;
            uwsgi_param QUERY_STRING $query_string;
            uwsgi_param REQUEST_URI $request_uri;
            uwsgi_param PATH_INFO $document_uri;
            uwsgi_param SERVER_PROTOCOL $server_protocol;
            uwsgi_param SERVER_NAME $server_name;
            uwsgi_param SERVER_PORT $server_port;
            uwsgi_param HTTP_HOST $http_host;
        }
    }
}
"""


def listens(address):
    """Whether somebody accepts connections at a unix path or a (host, port)."""
    family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
    with contextlib.closing(socket.socket(family)) as probe:
        try:
            probe.connect(address)
        except OSError:
            return False
        return True


class Servers:
    """Starts what is asked for; everything ends with the `with` block."""

    def __init__(self, site):
        self.site = site
        self.running = []
        self.daphne_ports = []
        self.port = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        while self.running:
            self.running.pop().stop()

    def _start(self, name, command, ready, **options):
        log = os.path.join(self.site.folder, "%s.log" % name)
        options.setdefault("core", kernel.CLIENTS)
        process = Process(
            "%s (%s)" % (name, self.site.kind), command, self.site.env, log, **options
        )
        self.running.append(process)
        process.wait_until(ready)
        return process

    def redis(self):
        """Start Redis on the unix socket that the site's REDIS_URL names."""
        path = self.site.redis_socket
        command = [binaries.redis_server(), "--port", "0", "--unixsocket", path]
        command += ["--dir", self.site.folder, "--save", "", "--appendonly", "no"]
        return self._start("redis", command, lambda: listens(path))

    def daphne(self):
        """Start one more daphne, or what the site has in its place; appends to `daphne_ports`."""
        with contextlib.closing(socket.socket()) as listener:
            # It listens from now on: nobody can take the port before daphne accepts.
            listener.bind((HOST, 0))
            listener.listen(2048)
            descriptor = listener.fileno()
            command = [self.site.python] + COMMANDS[self.site.server] + ["--fd", str(descriptor)]
            command += ["tests.labs.bench.site.asgi:application"]
            port = listener.getsockname()[1]
            log = os.path.join(self.site.folder, "daphne-%d.log" % port)

            def ready():
                with open(log, errors="replace") as text:
                    said = text.read()
                return "Listening on" in said or "Uvicorn running on" in said

            options = {"pass_fds": [descriptor], "core": kernel.SERVERS}
            process = self._start("daphne-%d" % port, command, ready, **options)
        self.daphne_ports.append(port)
        return process

    def uwsgi(self):
        """Start uWSGI with two workers behind nginx."""
        path = os.path.join(self.site.folder, "uwsgi.sock")
        program = binaries.uwsgi()
        command = program.command + (["--plugin", program.plugin] if program.plugin else [])
        if program.virtualenv:
            command += ["--virtualenv", program.virtualenv]
        command += ["--master", "--processes", str(UWSGI_PROCESSES), "--socket", path]
        command += ["--pythonpath", ROOT, "--module", "tests.labs.bench.site.wsgi", "--need-app"]
        command += ["--lazy-apps", "--single-interpreter", "--enable-threads", "--die-on-term"]
        command += ["--disable-logging"]
        return self._start("uwsgi", command, lambda: listens(path), core=None)

    def nginx(self):
        """Start nginx over the daphnes that run and uWSGI; its port becomes `port`."""
        self.port = free_port()
        upstream = " ".join("server %s:%d;" % (HOST, port) for port in self.daphne_ports)
        path = os.path.join(self.site.folder, "nginx.conf")
        with open(path, "w") as conf:
            conf.write(
                NGINX
                % {
                    "folder": self.site.folder,
                    "daphnes": upstream or "server %s:9 down;" % HOST,
                    "host": HOST,
                    "port": self.port,
                }
            )
        command = [binaries.nginx(), "-p", self.site.folder, "-c", path]
        return self._start("nginx", command, lambda: listens((HOST, self.port)))

    def push(self, daphnes):
        """Start Redis, daphnes and nginx."""
        self.redis()
        for _ in range(daphnes):
            self.daphne()
        self.nginx()

    def cpu_seconds(self, *processes):
        """CPU time so far of the given ones, or of all."""
        return kernel.group_cpu_seconds(process.pid for process in processes or self.running)
