"""A whole site that is healthy, daphnes beside it that are not, and proxies in front."""

import contextlib
import os
import socket
import subprocess
import sys

from deploy_conf.running import Run
from tests.support.nginx import nginx_or_skip
from tests.support.servers import HOST, Server, free_port
from tests.support.sites import tiny
from tests.support.wait import wait_until

SETTINGS = """
SECURE_SSL_REDIRECT = "REDIRECT" in os.environ
DEBUG = "DEBUG" in os.environ
globals().update((k, v) for k, v in os.environ.items() if "_COOKIE_" in k)
if "SSL_HEADER" in os.environ:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
INSTALLED_APPS = ["channels", "compat", "compat.streams", "django.contrib.contenttypes",
                  "django.contrib.auth"]
ALLOWED_HOSTS = ["127.0.0.1", "127.0.0.2", "localhost", "site.example"]
if "HOSTS" in os.environ:
    ALLOWED_HOSTS = os.environ["HOSTS"].split()
MIDDLEWARE = ["compat.same_site.SameSiteMiddleware",
              "django.middleware.security.SecurityMiddleware",
              "django.middleware.common.CommonMiddleware"]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3",
                         "NAME": os.environ.get("DATABASE", os.path.join(BASE, "db.sqlite3"))}}
if "PGPORT" in os.environ:
    DATABASES = {"default": {"ENGINE": "django.db.backends.postgresql", "NAME": "site",
                             "HOST": "127.0.0.1", "PORT": os.environ["PGPORT"]}}
if "DATABASE_JSON" in os.environ:
    import json
    DATABASES = {"default": json.loads(os.environ["DATABASE_JSON"])}
    if "mysql" in DATABASES["default"]["ENGINE"]:
        import pymysql
        pymysql.install_as_MySQLdb()
MEDIA_ROOT = os.environ.get("MEDIA", os.path.join(BASE, "media"))
if os.environ.get("LAYER") == "memory":
    CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
if "GROUP_EXPIRY" in os.environ:
    CHANNEL_LAYERS["default"]["CONFIG"]["group_expiry"] = int(os.environ["GROUP_EXPIRY"])
if os.environ.get("LAYER") == "pubsub":
    CHANNEL_LAYERS["default"]["BACKEND"] = "compat.channel_layer.pubsub.RedisPubSubChannelLayer"
if os.environ.get("LAYER") == "none":
    CHANNEL_LAYERS = {}
if "ORIGINS" in os.environ:
    SOCKETS_ORIGINS = os.environ["ORIGINS"].split()
STREAMS_NOTIFICATIONS = os.environ.get("NOTIFICATIONS", "layer")
"""
ROUTING = """
from channels.security.websocket import AllowedHostsOriginValidator, OriginValidator
from compat.sockets.origin import OriginRequired

class Raises(AsyncWebsocketConsumer):
    async def connect(self):
        raise ValueError("of this test")

class Waits(AsyncWebsocketConsumer):
    async def connect(self):
        import asyncio
        await asyncio.sleep(600)

class Blocks(AsyncWebsocketConsumer):
    async def connect(self):
        import time
        time.sleep(600)

application = ProtocolTypeRouter({"websocket": URLRouter([
    url("^ws/echo/$", OriginRequired(Echo)),
    url("^ws/strict/$", OriginValidator(Echo, ["http://127.0.0.1"])),
    url("^ws/channels/$", AllowedHostsOriginValidator(Echo)),
    url("^ws/raises/$", Raises),
    url("^ws/waits/$", Waits),
    url("^ws/blocks/$", Blocks),
])})
"""
FILES = {
    "tiny/other.py": "from tiny.settings import *\n",
    "tiny/dev.py": "from tiny.settings import *\nDEBUG = True\n"
    "CHANNEL_LAYERS = {'default': {'BACKEND': 'channels.layers.InMemoryChannelLayer'}}\n",
    # Of Django itself, newer Pythons import nothing without the bridge.
    "tiny/plain.py": "def application(scope):\n    raise ValueError(scope)\n",
    "static files/streams/streams.js": "//\n",
    "static files/admin/js/vendor/jquery/jquery.js": "//\n",
}
UPGRADE = """proxy_http_version 1.1;
        proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection "upgrade";"""
UWSGI = """uwsgi_param REQUEST_METHOD $request_method; uwsgi_param PATH_INFO $uri;
    uwsgi_param SERVER_NAME $host; uwsgi_param SERVER_PORT $server_port;
    uwsgi_param HTTP_HOST $http_host; uwsgi_param SERVER_PROTOCOL HTTP/1.1;
    uwsgi_param QUERY_STRING $query_string;"""
HOST_HEADER = "proxy_set_header Host $http_host;"
CONF = """
daemon off;
%(user)s
pid %(folder)s/nginx.pid;
error_log stderr;
events {}
http {
    access_log off;
    client_body_temp_path %(folder)s; proxy_temp_path %(folder)s; fastcgi_temp_path %(folder)s;
    uwsgi_temp_path %(folder)s; scgi_temp_path %(folder)s;
    %(servers)s
}
"""
TABLES = []


class Files:
    """The site's files, and daphnes of it."""

    def __init__(self, folder):
        self.site = tiny.Site(folder / "site")
        tiny.write(self.site.folder)
        self.append("tiny/settings.py", SETTINGS)
        self.append("tiny/routing.py", ROUTING)
        for name, text in FILES.items():
            path = self.path(name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w") as file:
                file.write(text)
        self.migrate()
        self.variables = {}

    def migrate(self):
        """With its tables, which are made once."""
        if not TABLES:
            code, _, error = manage(self, "migrate", "--verbosity", "0")
            assert code == 0, error
            with open(self.path("db.sqlite3"), "rb") as file:
                TABLES.append(file.read())
        with open(self.path("db.sqlite3"), "wb") as file:
            file.write(TABLES[0])

    def path(self, name):
        return os.path.join(self.site.folder, name)

    def append(self, name, text):
        with open(self.path(name), "a") as file:
            file.write(text)

    @contextlib.contextmanager
    def changed(self, name, change):
        """change(text) is in a file meanwhile; its time is what it was afterwards."""
        path = self.path(name)
        kept = os.stat(path)
        with open(path) as file:
            text = file.read()
        try:
            with open(path, "w") as file:
                file.write(change(text))
            yield
        finally:
            with open(path, "w") as file:
                file.write(text)
            os.utime(path, ns=(kept.st_atime_ns, kept.st_mtime_ns))

    @contextlib.contextmanager
    def adopting(self, path):
        """A daphne that is handed a unix socket as if it were one of TCP; its pid."""
        program = os.path.join(os.path.dirname(sys.executable), "daphne")
        environ = dict(self.site.environment, DJANGO_SETTINGS_MODULE="tiny.settings")
        log = self.path("adopting.log")
        with socket.socket(socket.AF_UNIX) as listener, open(log, "wb") as file:
            listener.bind(path)
            listener.listen(5)
            process = subprocess.Popen(
                [sys.executable, program, "--fd", "0", "tiny.asgi:application"],
                cwd=self.site.folder,
                env=dict(environ, **self.variables),
                stdin=listener,
                stdout=file,
                stderr=file,
            )
        try:
            wait_until(lambda: b"Listening on" in open(log, "rb").read())
            yield process.pid
        finally:
            process.kill()
            process.wait()

    @contextlib.contextmanager
    def daphne(
        self,
        *flags,
        application="tiny.asgi:application",
        words=(),
        port=None,
        options=None,
        **variables,
    ):
        """One more daphne of the site, with other variables; `flags` are Python's."""
        environ = dict(self.site.environment, DJANGO_SETTINGS_MODULE="tiny.settings")
        environ.update(self.variables)
        environ.update(variables)
        port = port or free_port()
        program = os.path.join(os.path.dirname(sys.executable), "daphne")
        command = [sys.executable, *flags, program, "-b", HOST, "-p", str(port)]
        log = self.path("daphne-%d.log" % port)
        command += [*words, application]
        server = Server(command, port, log, cwd=self.site.folder, env=environ, **options or {})
        try:
            yield server
        finally:
            server.stop()


class Stack(Files):
    """The site with everything around it, as `up` starts it."""

    def __init__(self, folder):
        super().__init__(folder)
        code, out, err = self.site.up()
        assert code == 0, out + err
        self.url = "http://127.0.0.1:%d" % self.site.port
        self.run = Run(self.site.var)
        with open(os.path.join(self.site.var, "site.env")) as file:
            lines = [line.strip().partition("=") for line in file if "=" in line]
        self.variables = {name: value.strip("'") for name, _, value in lines}

    @contextlib.contextmanager
    def without(self, program):
        """A program of it is stopped meanwhile, all of its processes."""
        names = [one for one in self.run.programs() if one["short"].startswith(program)]
        names = ["%s:%s" % (one["group"], one["name"]) for one in names]
        assert names
        supervisor = self.run.supervisor()
        for name in names:
            supervisor.stopProcess(name, True)
        try:
            yield
        finally:
            for name in names:
                supervisor.startProcess(name, False)
            wait_until(self.is_up, what="the programs")

    @contextlib.contextmanager
    def supervised(self, change):
        """supervisor starts daphne by change(its part of the configuration) meanwhile."""
        supervisor = self.run.supervisor()
        path = os.path.join(self.site.var, "conf", "supervisor-programs.conf")
        (group,) = {p["group"] for p in self.run.programs() if p["short"].startswith("daphne")}
        with open(path) as file:
            kept = file.read()
        before, head, part = kept.partition("[fcgi-program:%s]" % group)
        assert head and change(part) != part

        def update(text):
            with open(path, "w") as file:
                file.write(text)
            supervisor.reloadConfig()
            supervisor.stopProcessGroup(group, True)
            supervisor.removeProcessGroup(group)
            supervisor.addProcessGroup(group)
            wait_until(self.is_up, what="the programs")

        update(before + head + change(part))
        try:
            yield
        finally:
            update(kept)

    def is_up(self):
        return all(one["statename"] == "RUNNING" for one in self.run.programs())

    @contextlib.contextmanager
    def starting(self, application, mark):
        """A daphne that does not become ready; its pid, once `mark` (a path) is there."""
        program = os.path.join(os.path.dirname(sys.executable), "daphne")
        environ = dict(self.site.environment, DJANGO_SETTINGS_MODULE="tiny.settings")
        process = subprocess.Popen(
            [sys.executable, program, "--fd", "0", application],
            cwd=self.site.folder,
            env=environ,
            stdin=subprocess.DEVNULL,
        )
        try:
            wait_until(mark.exists)
            yield process.pid
        finally:
            process.kill()
            process.wait()

    def stop(self):
        self.site.down()


class Front:
    """One nginx with a server block for each body; each has a port."""

    def __init__(self, folder, around="", user="root"):
        self.folder, self.around, self.user = str(folder), around, user
        self.urls, self.ports, self.blocks, self.text = {}, {}, [], ""

    def add(self, name, body, tls="", port=None):
        """One that is reached by http, or by https with `tls` (its directives)."""
        port = self.ports[name] = port or free_port()
        self.urls[name] = "%s://127.0.0.1:%d" % ("https" if tls else "http", port)
        listen = "listen 127.0.0.1:%d%s; %s" % (port, " ssl" if tls else "", tls)
        self.blocks.append("server { %s\n%s }" % (listen, body))
        return port

    def start(self):
        conf = os.path.join(self.folder, "nginx.conf")
        with open(conf, "w") as file:
            values = {"folder": self.folder, "servers": self.around + "\n".join(self.blocks)}
            values["user"] = "user %s;" % self.user if os.getuid() == 0 else ""
            file.write(CONF % values)
        command = [nginx_or_skip(), "-e", "stderr", "-p", self.folder, "-c", conf]
        port = next(iter(self.ports.values()))
        self.server = Server(command, port, os.path.join(self.folder, "nginx.log"))

    def stop(self):
        self.server.stop()


class Proxies:
    """One nginx with a server block for each way in which a proxy can be wrong."""

    def __init__(self, folder, stack, certificate):
        self.folder = str(folder)
        self.inner = stack.site.port
        self.urls, self.blocks = {}, []
        self.closed = free_port()
        self.add("plain", self.to(HOST_HEADER))
        self.add("redirect", "location /ws/ { return 301 https://www.site.example$request_uri; }")
        self.add("host", self.to("proxy_set_header Host site.example; " + UPGRADE))
        self.add(
            "closed",
            self.to(HOST_HEADER)
            + "location /ws/ { proxy_pass http://127.0.0.1:%d; }" % self.closed,
        )
        self.add("second", self.to(HOST_HEADER + UPGRADE), "127.0.0.2")
        self.add("third", self.to(HOST_HEADER + UPGRADE), "127.0.0.3")
        uwsgi = os.path.join(stack.run.sockets(), "uwsgi.sock")
        self.add("uwsgi", "location / { %s uwsgi_pass unix:%s; }" % (UWSGI, uwsgi))
        tls = "ssl_certificate %s; ssl_certificate_key %s; " % certificate
        self.add("tls", tls + self.to(HOST_HEADER + UPGRADE), tls=True)
        conf = os.path.join(self.folder, "nginx.conf")
        with open(conf, "w") as file:
            values = {"folder": self.folder, "servers": "\n".join(self.blocks)}
            # uWSGI's socket is the site's account's alone.
            values["user"] = "user root;" if os.getuid() == 0 else ""
            file.write(CONF % values)
        command = [nginx_or_skip(), "-e", "stderr", "-p", self.folder, "-c", conf]
        port = int(self.urls["plain"].rpartition(":")[2])
        self.server = Server(command, port, os.path.join(self.folder, "nginx.log"))

    def to(self, headers):
        return "location / { proxy_pass http://127.0.0.1:%d; %s }\n" % (self.inner, headers)

    def add(self, name, body, address="127.0.0.1", tls=False):
        port = free_port()
        self.urls[name] = "%s://%s:%d" % (
            "https" if tls else "http",
            "localhost" if tls else address,
            port,
        )
        listen = "listen %s:%d%s;" % (address, port, " ssl" if tls else "")
        self.blocks.append("server { %s\n%s }" % (listen, body))

    def stop(self):
        self.server.stop()


def shell(stack, *words):
    """What manage.py of the site prints, and its exit status."""
    return manage(stack, *words, **stack.variables)


def manage(files, *words, **variables):
    """The same, before it is known how the site runs."""
    code = "import compat; compat.install()\nimport sys\n"
    code += "from django.core.management import execute_from_command_line as run\nrun(sys.argv)"
    environ = dict(files.site.environment, DJANGO_SETTINGS_MODULE="tiny.settings")
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code, *words],
        cwd=files.site.folder,
        env=dict(environ, **variables),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        universal_newlines=True,
    )
    return done.returncode, done.stdout, done.stderr
