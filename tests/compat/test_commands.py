"""The commands that a developer types every day, on a small site with warnings as errors."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from tests.support import CHECKOUT
from tests.support.daphne import daphne
from tests.support.wait import wait_for_line

# cryptography tells the users of an old Python, under a class of its own, that it moves on.
STRICT = "error::DeprecationWarning,ignore::UserWarning"
if sys.version_info < (3, 7):  # attrs tells every process that it will leave Python 3.6 behind
    STRICT += ",ignore:Running attrs"


class Site(object):
    """A copy of the site in a folder of its own."""

    def __init__(self, folder):
        shutil.copytree(os.path.join(os.path.dirname(__file__), "site"), folder)
        self.folder = folder
        self.environ = {
            name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"
        }
        self.environ.update(PYTHONPATH=CHECKOUT, PYTHONWARNINGS=STRICT, LC_ALL="C.UTF-8")

    def command(self, *arguments):
        return [sys.executable, "manage.py"] + list(arguments)

    def run(self, *arguments, said=None):
        """What the command prints, both streams; it must succeed."""
        process = subprocess.run(
            self.command(*arguments),
            cwd=self.folder,
            env=self.environ,
            input=said,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            universal_newlines=True,
            timeout=120,
        )
        assert process.returncode == 0, process.stdout
        return process.stdout

    def start(self, *arguments):
        """The process of a command that stays; its log is named after it."""
        with open(self.log(arguments[0]), "wb") as log:
            return subprocess.Popen(
                self.command(*arguments),
                cwd=self.folder,
                env=dict(self.environ, PYTHONUNBUFFERED="1"),
                stdout=log,
                stderr=log,
                start_new_session=True,  # the autoreloader has a child
            )

    def log(self, name):
        return os.path.join(self.folder, name + ".log")


@pytest.fixture
def site(tmp_path):
    return Site(str(tmp_path / "site"))


def stop(process):
    os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def eventually(function, expected, seconds=30, interval=0.05):
    """Call until it gives what is expected."""
    deadline = time.monotonic() + seconds
    while True:
        found = function()
        if found == expected:
            return
        assert time.monotonic() < deadline, found
        time.sleep(interval)  # a file or a port tells nobody when it changes


def test_check(site):
    assert "no issues" in site.run("check")


def test_shell(site):
    assert site.run("shell", said="import django\nprint(6 * 7)\n").strip() == "42"
    assert site.run("shell", "-c", "print('said')").strip() == "said"


@pytest.mark.skipif(shutil.which("sqlite3") is None, reason="no sqlite3 command")
def test_dbshell(site):
    site.run("migrate", "--verbosity", "0")
    assert site.run("dbshell", said="SELECT count(*) FROM auth_user;\n").strip() == "0"


@pytest.mark.skipif(shutil.which("xgettext") is None, reason="no gettext")
def test_makemessages(site):
    folder = os.path.join(site.folder, "shop", "locale")
    os.mkdir(folder)
    site.run("makemessages", "--locale", "de")
    catalogue = os.path.join(folder, "de", "LC_MESSAGES", "django.po")
    with open(catalogue) as file:
        text = file.read()
    assert 'msgid "first page"' in text
    with open(catalogue, "w") as file:
        file.write(text.replace('page"\nmsgstr ""', 'page"\nmsgstr "erste Seite"'))
    site.run("compilemessages")
    code = (
        "from django.utils.translation import *\nwith override('de'): print(ugettext('first page'))"
    )
    assert site.run("shell", "-c", code).strip() == "erste Seite"


def test_tests_in_parallel(site):
    said = site.run("test", "--parallel", "2", "shop.tests.First", "shop.tests.Second")
    assert "Ran 2 tests" in said and "OK" in said


def test_a_live_server(site):
    said = site.run("test", "shop.tests.Live")
    assert "Ran 1 test" in said and "OK" in said


def test_runworker(site, redis):
    site.environ["REDIS_PORT"] = str(redis.port)
    path = os.path.join(site.folder, "written")
    worker = site.start("runworker", "work")
    code = (
        "from asgiref.sync import async_to_sync\n"
        "from channels.layers import get_channel_layer\n"
        "message = {'type': 'write', 'path': %r, 'text': 'done'}\n"
        "async_to_sync(get_channel_layer().send)('work', message)" % path
    )
    try:
        wait_for_line(worker, site.log("runworker"), "Running worker")
        site.run("shell", "-c", code)
        eventually(lambda: os.path.exists(path) and open(path).read(), "done")
    finally:
        stop(worker)


def test_runserver_reloads(site):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    urls = os.path.join(site.folder, "shop", "urls.py")

    def page():
        try:
            with urlopen("http://127.0.0.1:%d/" % port, timeout=10) as answer:
                return answer.read().decode()
        except (URLError, OSError) as error:
            return str(error)

    def touched():
        os.utime(urls, None)  # Django notes a file's time a second after it was imported
        return page()

    server = site.start("runserver", "127.0.0.1:%d" % port)
    try:
        eventually(page, "first page")
        with open(urls) as file:
            text = file.read()
        with open(urls, "w") as file:
            file.write(text.replace("first page", "another page"))
        eventually(touched, "another page", interval=1.5)
        with open(site.log("runserver")) as log:
            assert "Starting ASGI/Channels" in log.read()
    finally:
        stop(server)


def test_daphnes_command_line(site):
    environ = {"DJANGO_SETTINGS_MODULE": "shop.settings", "PYTHONWARNINGS": STRICT}
    with daphne(site.folder, "shop.asgi:application", **environ) as address:
        with urlopen("http://%s:%d/" % address, timeout=10) as answer:
            assert answer.read() == b"first page"
