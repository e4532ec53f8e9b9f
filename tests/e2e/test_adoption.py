"""An existing site follows the README's section word for word, and its pages become live."""

import json
import os
import re
import site
import subprocess
import sys
import textwrap

import pytest
import websocket

from tests.e2e.conftest import free_port
from tests.labs.version_matrix import pythons as matrix
from tests.support import CHECKOUT

README = os.path.join(CHECKOUT, "README.md")
DISTRIBUTION = "django-devops-bridge"


def blocks():
    """The code blocks of the README's section on adoption, as (language, code)."""
    with open(README, encoding="utf-8") as file:
        section = file.read().split("## Adopt it in your site")[1].split("\n## ")[0]
    found = re.findall(r"```(\w+)\n(.*?)```", section, re.DOTALL)
    return [(language, textwrap.dedent(code)) for language, code in found]


def block(text):
    """The one block that contains a text."""
    (code,) = [code for _, code in blocks() if text in code]
    return textwrap.dedent(code)


class Site(object):
    """A stock Django 1.11 project in an environment of its own, with the bridge installed."""

    def __init__(self, folder):
        self.venv = str(folder / "venv")
        self.python = os.path.join(self.venv, "bin", "python")
        self.folder = str(folder / "my site")  # people have such folders
        environ = {k: v for k, v in os.environ.items() if not k.startswith("DJANGO_")}
        del environ["DEVOPS_VAR"], environ["PYTHONPATH"]
        self.environ = environ

    def make(self):
        purelib = self.install()
        # The pins are there already; a path line shows them without their own .pth files.
        with open(os.path.join(purelib, "pins.pth"), "w") as file:
            file.write("\n".join(site.getsitepackages()) + "\n")
        for name in ("supervisord", "supervisorctl", "daphne", "uwsgi"):
            self.script(name)
        self.python_prints(
            "from django.core.management import execute_from_command_line as run;"
            "run(['django-admin', 'startproject', 'mysite', '.'])"
        )

    def install(self):
        """The environment with nothing but the bridge; returns its site-packages."""
        subprocess.check_call([sys.executable, "-m", "venv", self.venv])
        pip = [self.python, "-m", "pip", "install", "-q", "--disable-pip-version-check"]
        subprocess.check_call(pip + ["--no-deps", self.bridge()], env=self.environ)
        os.mkdir(self.folder)
        return self.python_prints("import sysconfig; print(sysconfig.get_paths()['purelib'])")

    def bridge(self):
        """What pip installs: the checkout, or a wheel where pip cannot make one from it."""
        if sys.version_info >= (3, 7):
            return CHECKOUT
        builder = next(filter(None, (matrix.find("3.%d" % minor) for minor in range(13, 6, -1))), 0)
        if not builder:
            pytest.skip("the wheel is made by Python 3.7 or later, of which there is none here")
        folder = os.path.join(self.venv, "wheel")
        wheel = [builder, "-m", "pip", "wheel", "-q", "--disable-pip-version-check", "--no-deps"]
        subprocess.check_call(wheel + ["-w", folder, CHECKOUT], env=self.environ)
        return os.path.join(folder, os.listdir(folder)[0])

    def script(self, name):
        """The console script as pip would have written it for this environment."""
        with open(os.path.join(os.path.dirname(sys.executable), name)) as file:
            lines = file.read().split("\n", 1)
        path = os.path.join(self.venv, "bin", name)
        with open(path, "w") as file:
            file.write("#!%s\n%s" % (self.python, lines[1]))
        os.chmod(path, 0o755)

    def run(self, *arguments):
        done = subprocess.run(
            [self.python] + list(arguments),
            cwd=self.folder if os.path.isdir(self.folder) else None,
            env=self.environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            universal_newlines=True,
            timeout=120,
        )
        assert done.returncode == 0, "%s\n%s\n%s" % (arguments, done.stdout, done.stderr)
        return done.stdout

    def python_prints(self, code):
        return self.run("-c", code).strip()

    def write(self, name, text, mode="w"):
        with open(os.path.join(self.folder, name), mode) as file:
            file.write(text)

    def insert(self, name, before, text):
        with open(os.path.join(self.folder, name)) as file:
            code = file.read()
        assert before in code
        self.write(name, code.replace(before, text + before, 1))


def test_the_readme_is_enough(tmp_path):
    mysite = Site(tmp_path)
    mysite.make()

    # The .pth is active before anything of the site was touched.
    assert mysite.python_prints("import sys; print('compat' in sys.modules)") == "True"

    (call,) = [code for _, code in blocks() if code == "import compat\ncompat.install()\n"]
    mysite.insert("manage.py", "import os", call)
    mysite.insert("mysite/wsgi.py", "import os", call)
    mysite.write("mysite/asgi.py", block("# mysite/asgi.py"))
    mysite.write("mysite/routing.py", block("# mysite/routing.py"))
    mysite.write("mysite/settings.py", block("INSTALLED_APPS +="), mode="a")
    port = free_port()
    # What any site has in production, and where this Redis is.
    mysite.write(
        "mysite/settings.py",
        "STATIC_ROOT = os.path.join(BASE_DIR, 'static')\nALLOWED_HOSTS = ['127.0.0.1']\n"
        "CHANNEL_LAYERS['default']['CONFIG']['hosts'] = [os.environ.get('REDIS_URL', 'redis://')]\n",
        mode="a",
    )

    mysite.run("manage.py", "migrate", "--verbosity", "0")
    assert "no issues" in mysite.run("manage.py", "check")
    assert re.search(r"applied +channels.request_finish", mysite.run("manage.py", "compat"))
    mysite.run("-m", "deploy_conf", "render", "--only", "websocket", "--user", "nobody")
    assert len(os.listdir(os.path.join(mysite.folder, "conf"))) >= 2

    mysite.run("manage.py", "collectstatic", "--noinput", "--verbosity", "0")
    mysite.run("-m", "deploy_conf", "up", "--port", str(port))
    try:
        code = (
            "from django.contrib.auth.models import User; from django.test import Client\n"
            "client = Client(); client.force_login(User.objects.create_user('reader'))\n"
            "print(client.cookies['sessionid'].value)"
        )
        cookie = "sessionid=" + mysite.run("manage.py", "shell", "-c", code).split()[-1]
        address = "127.0.0.1:%d" % port
        url = "ws://%s/ws/news/?since=0" % address
        with pytest.raises(websocket.WebSocketBadStatusException):
            websocket.create_connection(url, origin="http://" + address, timeout=20)
        reader = websocket.create_connection(
            url, origin="http://" + address, cookie=cookie, timeout=20
        )
        publish = "from compat.streams import publish; publish('news', {'n': %d})"
        mysite.run("manage.py", "shell", "-c", publish % 1)
        received = []
        while not received:
            frame = json.loads(reader.recv())
            received += frame.get("bodies", [])
        assert received == [{"n": 1}]
        reader.close()
        mysite.run("manage.py", "shell", "-c", publish % 2)
        resumed = websocket.create_connection(
            url.replace("since=0", "since=1"),
            origin="http://" + address,
            cookie=cookie,
            timeout=20,
        )
        frame = json.loads(resumed.recv())
        assert (frame["first"], frame["bodies"]) == (2, [{"n": 2}])
        resumed.close()
    finally:
        mysite.run("-m", "deploy_conf", "down")


def test_the_installed_bridge_can_be_switched_off_and_on_and_leaves_nothing(tmp_path):
    mysite = Site(tmp_path)
    purelib = mysite.install()
    ask = "import sys; print('compat' in sys.modules)"
    assert mysite.python_prints(ask) == "True"
    for action, active in (("activate", "True"), ("deactivate", "False"), ("activate", "True")):
        mysite.run("-m", "compat", action)
        assert mysite.python_prints(ask) == active, action
    with open(os.path.join(purelib, "compat-bridge.pth")) as file:
        assert file.read().startswith("import sys; ")  # names no folder
    mysite.run("-m", "pip", "--disable-pip-version-check", "uninstall", "-q", "-y", DISTRIBUTION)
    left = [name for name in os.listdir(purelib) if "compat" in name or "bridge" in name]
    assert left == []
    assert mysite.python_prints(ask) == "False"
