"""A project, init --write, and it runs: checked, rendered, served, a push from a view is seen."""

import json
import os
import subprocess
import sys

import pytest
import websocket

from tests.support import CHECKOUT, commands, warm
from tests.support.daphne import daphne
from tests.support.redis import Redis
from tests.support.sites import projects

# One process of the site, with the settings that its wsgi.py names: what an administrator does by
# hand, then a view that publishes while somebody reads.
SITE = """
import os, sys
import {package}.wsgi
from django.core.management import call_command
from django.conf import settings
print(settings.SETTINGS_MODULE)
call_command("check")
if {users}:
    call_command("makemigrations", "users", verbosity=0)
call_command("migrate", verbosity=0)
from django.contrib.auth import get_user_model
from django.test import Client
client = Client(HTTP_HOST="127.0.0.1")
client.force_login(get_user_model().objects.create_user("reader"))
print("sessionid=" + client.cookies["sessionid"].value, flush=True)
text = sys.stdin.readline().strip()
answer = client.get("/say/", {{"bridge": "compat", "text": text}})
print(answer.status_code, answer.content.decode(), client.get("/healthz").status_code)
"""
KINDS = {
    "stock": (projects.stock, "mysite", "mysite.settings"),
    "split": (projects.split, "config", "config.settings.production"),
    "first": (projects.first, "chat", "chat.settings"),
    "components": (projects.components, "mysite", "mysite.settings"),
    "branches": (projects.branches, "mysite", "mysite.settings"),
}


@pytest.fixture(scope="module")
def redis_url(tmp_path_factory):
    server = Redis(tmp_path_factory.mktemp("redis"))
    yield server.url
    server.stop()


def files(folder):
    found = {}
    for parent, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name not in ("__pycache__", "migrations")]
        for name in names:
            path = os.path.join(parent, name)
            with open(path, "rb") as file:
                found[os.path.relpath(path, folder)] = file.read()
    return found


class Shell:
    """A newcomer's, in the project's folder."""

    def __init__(self, folder, redis_url):
        self.folder = str(folder)
        environ = {k: v for k, v in os.environ.items() if not k.startswith("DJANGO_")}
        self.environ = dict(environ, PYTHONPATH=CHECKOUT, REDIS_URL=redis_url)

    def run(self, *words):
        # Only manage.py loads Django.
        load = warm.STACK if words[0] == "manage.py" else ()
        done = commands.run(*words, env=self.environ, cwd=self.folder, load=load)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    def start(self, code):
        return subprocess.Popen(
            [sys.executable, "-W", "ignore", "-c", code],
            cwd=self.folder,
            env=self.environ,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            universal_newlines=True,
        )


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_project_becomes_live_and_is_as_before(kind, tmp_path, redis_url, monkeypatch):
    monkeypatch.delenv("DJANGO_SETTINGS_MODULE")  # as in a newcomer's shell
    make, package, settings = KINDS[kind]
    make(str(tmp_path))
    before = files(str(tmp_path))
    shell = Shell(tmp_path, redis_url)
    assert "written: " in shell.run("-m", "compat", "init", "--write")

    code = SITE.format(package=package, users=kind == "split")
    with shell.start(code) as site:
        assert site.stdout.readline().strip() == settings
        assert "no issues" in site.stdout.readline()
        cookie = site.stdout.readline().strip()

        # manage.py is as ready as the servers are, and knows the command by now.
        assert "nothing to change" in shell.run("manage.py", "bridge", "init")
        shell.run("-m", "deploy_conf", "render", "--only", "websocket", "--user", "nobody")
        (name,) = [
            name
            for name in os.listdir(str(tmp_path / "conf"))
            if name.endswith(".conf") and "supervisor" in name
        ]
        text = (tmp_path / "conf" / name).read_text()
        assert settings in text and package + ".asgi:application" in text

        application = package + ".asgi:application"
        with daphne(tmp_path, application, REDIS_URL=redis_url) as address:
            url = "ws://%s:%d/ws/news/?since=0" % address
            origin = "http://%s:%d" % address
            with pytest.raises(websocket.WebSocketBadStatusException, match="403"):
                websocket.create_connection(url, origin=origin, timeout=30)
            reader = websocket.create_connection(url, origin=origin, cookie=cookie, timeout=30)
            site.stdin.write(kind + "\n")
            site.stdin.flush()
            bodies = []
            while not bodies:
                bodies += json.loads(reader.recv()).get("bodies", [])
            assert bodies == [{"said": kind}]
            reader.close()
        assert site.stdout.readline().split() == ["200", "1", "200"]

    assert "is as before" in shell.run("-m", "compat", "init", "--undo")
    after = files(str(tmp_path))
    assert {name: after.get(name) for name in before} == before
    new = {name for name in after if name.endswith(".py")} - set(before)
    assert new == set()
