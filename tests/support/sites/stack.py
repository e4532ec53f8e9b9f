"""The reference site as a newcomer starts it, and who visits it."""

import http.cookiejar
import json
import os
import re
import urllib.parse
import urllib.request

import websocket

from tests.support import commands
from tests.support.nginx import nginx_or_skip
from tests.support.servers import free_port
from tests.support.sites import reference
from tests.support.websockets import close_code

TOKEN = re.compile("name='csrfmiddlewaretoken' value='(\\w+)'")


class Stack(object):
    """nginx, uWSGI, daphne, Redis, the runner and supervisor, in a var folder of their own."""

    options = ()  # more of `up`

    def __init__(self, var, **environ):
        self.var = str(var)
        self.environ = dict(os.environ, DEVOPS_VAR=self.var, **environ)
        self.port = free_port()
        self.host = "127.0.0.1:%d" % self.port
        self.url = "http://" + self.host

    def run(self, *arguments):
        """What a command of this environment's Python prints; its errors fail the test."""
        done = commands.run(*arguments, env=self.environ)
        assert done.returncode == 0, "%s\n%s\n%s" % (arguments, done.stdout, done.stderr)
        return done.stdout

    def shell(self, code):
        return self.run("manage.py", "shell", "-c", code)

    def up(self):
        nginx_or_skip()
        if "DATABASE_URL" in self.environ:
            self.make()
        else:
            self.password = reference.whole(self.var)
        self.serve()

    def make(self):
        """In a database of its own."""
        self.run("manage.py", "migrate", "--noinput", "--verbosity", "0")
        reference.copy(reference.static(), os.path.join(self.var, "static"))
        self.password = re.search(r"password: (\S+)", self.run("manage.py", "bootstrap")).group(1)

    def serve(self):
        self.run("-m", "deploy_conf", "up", "--port", str(self.port), *self.options)

    def down(self):
        self.run("-m", "deploy_conf", "down")

    def service(self, uid, *command):
        """Register a service; its command is an argument list."""
        self.shell(
            "from deploy.models import Service;"
            "Service.objects.create(uid=%r, name=%r, command=%r)" % (uid, uid, list(command))
        )

    def user(self, name, permission=""):
        """A user with password `name`, and maybe one permission of the deploy app."""
        self.shell(
            "from django.contrib.auth.models import Permission, User\n"
            "user = User.objects.create_user(%r, password=%r)\n"
            "user.user_permissions.set(Permission.objects.filter(codename=%r))"
            % (name, name, permission)
        )

    def login(self, name="admin", password=None):
        """A session's cookie, from the login form through nginx and uWSGI."""
        jar = http.cookiejar.CookieJar()
        opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
        url = self.url + "/accounts/login/"
        page = opener.open(url, timeout=20).read().decode()
        token = TOKEN.search(page).group(1)
        form = {
            "csrfmiddlewaretoken": token,
            "username": name,
            "password": password or (self.password if name == "admin" else name),
        }
        opener.open(url, urllib.parse.urlencode(form).encode(), timeout=20)
        return "; ".join("%s=%s" % (cookie.name, cookie.value) for cookie in jar)

    def get(self, path, cookie=None, form=None):
        """The body of a page, or of the answer to a form (bytes)."""
        request = urllib.request.Request(self.url + path, form, {"Cookie": cookie or ""})
        return urllib.request.urlopen(request, timeout=20).read().decode()

    def start(self, uid, cookie):
        """Press a service's start button."""
        token = TOKEN.search(self.get("/services/%s/" % uid, cookie)).group(1)
        form = urllib.parse.urlencode({"csrfmiddlewaretoken": token}).encode()
        self.get("/services/%s/start/" % uid, cookie, form)

    def socket(self, path, cookie=None, origin=None):
        """A WebSocket through nginx; `receive` of its frames as JSON."""
        return Socket(
            websocket.create_connection(
                "ws://" + self.host + path,
                cookie=cookie,
                origin=self.url if origin is None else origin,
                timeout=20,
            )
        )


class Socket(object):
    """A WebSocket that speaks JSON."""

    def __init__(self, connection):
        self.connection = connection

    def send(self, value):
        self.connection.send(json.dumps(value))

    def receive(self):
        return json.loads(self.connection.recv())

    def close_code(self):
        """Read until the server closes; the code of its close frame."""
        return close_code(self.connection)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.connection.close()
