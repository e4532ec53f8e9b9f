"""A stock project that `init` has made live, with a reader who is logged in."""

import json
import os

import websocket

from tests.support import commands, warm
from tests.support.sites import projects, tiny

LOGIN = """
import sys
import compat
compat.install()
import django
django.setup()
from django.contrib.auth import get_user_model
from django.test import Client
client = Client(HTTP_HOST="127.0.0.1")
client.force_login(get_user_model().objects.create_superuser("reader", "r@x.org", "of a test"))
sys.stdout.write("sessionid=" + client.cookies["sessionid"].value)
"""


class Site(tiny.Site):
    """`settings` is what its settings say besides; `cookie` is of a superuser's session."""

    def __init__(self, folder, settings="", **variables):
        super().__init__(folder, **variables)
        os.makedirs(self.folder, exist_ok=True)
        projects.stock(self.folder)
        path = os.path.join(self.folder, "mysite", "settings.py")
        with open(path, "a") as file:
            file.write("\n" + settings)
        self.python("-m", "compat", "init", "--write")
        self.python("manage.py", "migrate", "--verbosity", "0")
        self.cookie = self.python("-c", LOGIN, DJANGO_SETTINGS_MODULE="mysite.settings")

    def python(self, *words, **variables):
        """What a command of the site's says."""
        environ = dict(self.environment, **variables)
        load = () if words[0] == "-m" else warm.STACK
        done = commands.run(*words, env=environ, cwd=self.folder, load=load)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def reader(self, since="0"):
        """A WebSocket through nginx that follows the news."""
        return websocket.create_connection(
            "ws://127.0.0.1:%d/ws/news/?since=%s" % (self.port, since),
            origin=self.url.rstrip("/"),
            cookie=self.cookie,
            timeout=30,
        )


def bodies(reader):
    """The next entries that a reader is sent."""
    while True:
        found = json.loads(reader.recv()).get("bodies")
        if found:
            return found
