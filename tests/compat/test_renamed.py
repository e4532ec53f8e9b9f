"""The same folder under another import name, in a site that has an app "compat" of its own."""

import json
import os
import shutil
import subprocess
import sys
import sysconfig

import pytest

from tests.support import CHECKOUT

SETTINGS = """
import os
SECRET_KEY = "renamed"
USE_TZ = True
INSTALLED_APPS = [
    "compat", "bridge_compat", "bridge_compat.streams", "channels",
    "django.contrib.contenttypes", "django.contrib.staticfiles",
]
DATABASES = {"default": {
    "ENGINE": "django.db.backends.sqlite3",
    "NAME": os.path.join(os.path.dirname(__file__), "db.sqlite3"),
}}
ROOT_URLCONF = "urls"
ASGI_APPLICATION = "routing.application"
STATIC_URL = "/static/"
"""
MANAGE = """
import os, sys
import bridge_compat
bridge_compat.install()
os.environ["DJANGO_SETTINGS_MODULE"] = "settings"
from django.core.management import execute_from_command_line
for line in sys.stdin:  # a command each
    execute_from_command_line([sys.argv[0]] + line.split())
    print("did:", line, flush=True)
"""
COMMANDS = """migrate -v 0
makemigrations --check
compat --json
check
findstatic --first streams/streams.js
"""
PUBLISH = """
import logging
logging.basicConfig(format="%(name)s", level="INFO")
import bridge_compat
bridge_compat.install()
import os
os.environ["DJANGO_SETTINGS_MODULE"] = "settings"
import django
django.setup()
from bridge_compat.streams import publish_many, read
from bridge_compat.streams.models import Entry
from bridge_compat.streams.consumer import StreamConsumerMixin
publish_many("renamed", [1, 2])
import json, sys, compat
print(json.dumps([
    [row.body for row in read("renamed", 1)], Entry._meta.db_table,
    [name for name in sys.modules if name.startswith("compat.") and name != "compat.models"],
]))
"""
PTH = "from bridge_compat.__main__ import FILE, pth; print(FILE); print(pth('/'))"


class Site(object):
    """Runs Python in the site's folder; -S: no .pth of this environment brings the bridge in."""

    def __init__(self, folder):
        self.folder = str(folder)
        shutil.copytree(
            os.path.join(CHECKOUT, "compat"), os.path.join(self.folder, "bridge_compat")
        )
        os.mkdir(os.path.join(self.folder, "compat"))
        for name, text in (
            ("compat/__init__.py", "import_field = None\n"),
            ("compat/models.py", ""),
            ("settings.py", SETTINGS),
            ("manage.py", MANAGE),
            ("urls.py", "urlpatterns = []\n"),
        ):
            with open(os.path.join(self.folder, name), "w") as file:
                file.write(text)

    def run(self, *arguments, said=""):
        paths = sysconfig.get_paths()
        process = subprocess.run(
            [sys.executable, "-S", "-W", "ignore"] + list(arguments),
            cwd=self.folder,
            env={
                "PATH": os.environ["PATH"],
                "PYTHONPATH": os.pathsep.join([self.folder, paths["purelib"], paths["platlib"]]),
            },
            input=said,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            universal_newlines=True,
        )
        assert process.returncode == 0, process.stderr
        return process.stdout, process.stderr


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    return Site(tmp_path_factory.mktemp("renamed"))


@pytest.fixture(scope="module")
def told(site):
    """Command → what it has said."""
    found, said = {}, site.run("manage.py", said=COMMANDS)[0]
    for line in COMMANDS.splitlines():
        text, _, said = said.partition("did: %s\n" % line)
        found[line.split()[0]] = text.strip()
    return found


def test_its_migrations_are_the_same(told):
    assert "No changes detected" in told["makemigrations"]


def test_its_command_and_its_checks(told):
    states = {record["name"]: record["state"] for record in json.loads(told["compat"])}
    assert states["channels.request_finish"] == "applied"
    assert "no issues" in told["check"]


def test_its_script(told):
    found = told["findstatic"]
    assert os.path.join("bridge_compat", "streams", "static", "streams", "streams.js") in found


def test_its_log_and_the_other_package(site, told):
    """Its tables are there by now."""
    said, error = site.run("-c", PUBLISH)
    assert json.loads(said) == [[2], "streams_entry", []]
    assert set(error.split()) == {"bridge_compat"}


def test_its_pth_file(site):
    name, folder, line = site.run("-c", PTH)[0].strip().splitlines()
    assert (name, folder) == ("bridge_compat-bridge.pth", site.folder)
    assert "import bridge_compat; bridge_compat.install()" in line and " compat" not in line
