"""A small site that is not ours: its own settings, a view, a WebSocket, a program."""

import os
import subprocess
import sys

from deploy_conf.running import Run
from tests.support import CHECKOUT, commands
from tests.support.nginx import nginx_or_skip, skip_without
from tests.support.servers import free_port

# Options of `up`: each process more imports Django once more.
SMALL = ("--uwsgi-processes", "1", "--daphne-processes", "1")
FILES = {
    "manage.py": """
        import os
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tiny.settings")
        """,
    "tiny/__init__.py": "",
    "tiny/settings.py": """
        import os
        BASE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
        SECRET_KEY = "of a test" * 5
        ALLOWED_HOSTS = ["*"]
        INSTALLED_APPS = ["channels"]
        ROOT_URLCONF = "tiny.urls"
        WSGI_APPLICATION = "tiny.wsgi.application"
        ASGI_APPLICATION = "tiny.routing.application"
        STATIC_URL = "/static/"
        STATIC_ROOT = os.path.join(BASE, "static files")
        CHANNEL_LAYERS = {"default": {
            "BACKEND": "channels_redis.core.RedisChannelLayer",
            "CONFIG": {"hosts": [os.environ.get("REDIS_URL", "redis://127.0.0.1:1/0")]},
        }}
        DEPLOY_CONF_WEBSOCKET_PROBE = "/ws/echo/"
        DEPLOY_CONF_PROGRAMS = {"ticker": ["{python}", "ticker.py", 'a "quoted", 100% word']}
        """,
    "tiny/urls.py": """
        import time
        from django.conf.urls import url
        from django.http import JsonResponse

        def meta(request):
            return JsonResponse({k: v for k, v in request.META.items() if isinstance(v, str)})

        def slow(request):
            print("slow request has begun", flush=True)
            time.sleep(1)
            return JsonResponse({"slow": True})

        urlpatterns = [url("^slow$", slow), url("", meta)]
        """,
    "tiny/wsgi.py": """
        import compat
        compat.install()
        from django.core.wsgi import get_wsgi_application
        application = get_wsgi_application()
        """,
    "tiny/asgi.py": """
        import compat
        compat.install()
        import django
        django.setup()
        from channels.routing import get_default_application
        application = get_default_application()
        """,
    "tiny/routing.py": """
        import json, os
        from channels.generic.websocket import AsyncWebsocketConsumer
        from channels.routing import ProtocolTypeRouter, URLRouter
        from django.conf.urls import url

        class Echo(AsyncWebsocketConsumer):
            async def connect(self):
                await self.channel_layer.group_add("all", self.channel_name)
                await self.accept()
                headers = {k.decode(): v.decode("latin-1") for k, v in self.scope["headers"]}
                await self.send(json.dumps({
                    "pid": os.getpid(), "client": self.scope["client"][0], "headers": headers,
                    "root_path": self.scope.get("root_path", ""),
                }))

            async def receive(self, text_data=None, bytes_data=None):
                await self.channel_layer.group_send("all", {"type": "say.it", "text": text_data})

            async def say_it(self, event):
                await self.send(event["text"])

            async def disconnect(self, code):
                await self.channel_layer.group_discard("all", self.channel_name)

        application = ProtocolTypeRouter({"websocket": URLRouter([url("^ws/echo/$", Echo)])})
        """,
    "ticker.py": """
        import json, os, sys, time
        print(json.dumps({"words": sys.argv[1:], "var": os.environ["DEVOPS_VAR"]}), flush=True)
        while True:
            time.sleep(60)
        """,
}


def write(folder):
    """Writes the site into a new folder."""
    for name, text in FILES.items():
        path = os.path.join(folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        lines = text.split("\n")
        margin = min([len(line) - len(line.lstrip()) for line in lines if line.strip()] or [0])
        with open(path, "w", encoding="utf-8") as file:
            file.write("\n".join(line[margin:] for line in lines))
    os.makedirs(os.path.join(folder, "static files"))
    with open(os.path.join(folder, "static files", "page.css"), "w") as file:
        file.write("body { color: #123 }\n")


def environment(**changes):
    """The variables of a newcomer's shell: none of this project's. None removes one."""
    mine = ("DJANGO_SETTINGS_MODULE", "DEVOPS_VAR", "REDIS_URL")
    values = {name: value for name, value in os.environ.items() if name not in mine}
    values["PYTHONPATH"] = CHECKOUT
    values.update(changes)
    return {name: value for name, value in values.items() if value is not None}


class Site(object):
    """The site in a folder, and the command line run in it."""

    def __init__(self, folder, **variables):
        self.folder = str(folder)
        self.var = os.path.join(self.folder, "var")
        self.port = free_port()
        self.url = "http://127.0.0.1:%d/" % self.port
        self.environment = environment(**variables)

    def words(self, *words):
        return [sys.executable, "-m", "deploy_conf"] + list(words)

    def run(self, *words, **variables):
        """Runs a command to its end: (exit code, stdout, stderr)."""
        environ = dict(self.environment, **variables)
        # Of a site it loads nothing itself.
        done = commands.run(*self.words(*words)[1:], env=environ, cwd=self.folder, load=())
        skip_without(done.stderr)
        return done.returncode, done.stdout, done.stderr

    def up(self, *words):
        return self.run("up", "--port", str(self.port), *words)

    def down(self):
        return self.run("down")

    def foreground(self):
        """`up --foreground` as a terminal starts it: leader of its own process group."""
        nginx_or_skip()
        return subprocess.Popen(
            self.words("up", "--foreground", "--port", str(self.port), *SMALL),
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            preexec_fn=os.setpgrp,
        )

    def programs(self):
        """Program → process id, of those that run."""
        found = Run(self.var).programs() or ()
        return {one["short"]: one["pid"] for one in found if one["statename"] == "RUNNING"}

    def log(self, name):
        with open(os.path.join(self.var, "log", name + ".log"), encoding="utf-8") as file:
            return file.read()

    def processes(self):
        """{pid: command line} of everything that belongs to this site."""
        mark = os.fsencode(self.folder) + b"/"
        found = {}
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open("/proc/%s/cmdline" % pid, "rb") as file:
                    command = file.read()
                with open("/proc/%s/environ" % pid, "rb") as file:
                    variables = file.read()
                # Redis writes its title over its environment.
                place = os.fsencode(os.readlink("/proc/%s/cwd" % pid)) + b"/"
            except OSError:
                continue
            if command and (mark in command or mark in variables or place.startswith(mark)):
                found[int(pid)] = command.replace(b"\0", b" ").decode("utf-8", "replace")
        return found

    def litter(self):
        """Sockets and pid files, and whatever else lies in the run folder."""
        return sorted(os.listdir(os.path.join(self.var, "run")))
