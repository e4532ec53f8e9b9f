"""What init writes into projects of many kinds, and that it takes all of it back."""

import ast
import os
import subprocess

import pytest

from compat.init.errors import InitError

APPS = ["compat", "compat.streams", "channels"]


def settings(apps, before="import os\n", after=""):
    return before + apps + '\nROOT_URLCONF = "shop.urls"\n' + after


@pytest.fixture
def round_trip(project):
    """Init writes, finds nothing more to do, and takes it back to the byte; returns the values."""

    def run(module="shop.settings"):
        before = project.files()
        project.init()
        assert project.files() == before, "it only shows"
        said = project.init(write=True)
        assert "written: " in said, said
        values = project.values(module)
        written = project.files()
        again = project.init(write=True)
        assert "nothing to change" in again and "written" not in again
        assert project.files() == written
        for name, data in written.items():
            if name.endswith(".py"):
                ast.parse(data, name)
        project.init(undo=True)
        assert project.files() == before
        return values, written, said

    return run


AUTH = '"django.contrib.auth"'
FORMS = {
    "list": ("INSTALLED_APPS = [\n    %s,\n]", list),
    "list without a comma": ("INSTALLED_APPS = [\n    %s\n]", list),
    "list in a line": ("INSTALLED_APPS = [%s]", list),
    "list that ends in its line": ("INSTALLED_APPS = [\n    'x',\n    %s]", list),
    "comments": ("INSTALLED_APPS = [\n    %s,  # users\n    # 'debug_toolbar',\n]", list),
    "comment and no comma": ("INSTALLED_APPS = [\n    %s  # users, too\n]", list),
    "tabs": ("INSTALLED_APPS = [\n\t%s,\n\t'x',\n]", list),
    "two in a line": ("INSTALLED_APPS = [\n    'x', 'y',\n    'z', %s,\n]", list),
    "tuple": ("INSTALLED_APPS = (\n    %s,\n)", tuple),
    "tuple of one": ("INSTALLED_APPS = (%s,)", tuple),
    "tuple without brackets": ("INSTALLED_APPS = %s, 'x'", tuple),
    "annotated": ("INSTALLED_APPS: list = [%s]", list),
    "added": ("INSTALLED_APPS = ['x']\nINSTALLED_APPS += [%s]", list),
    "tuple added": ("INSTALLED_APPS = ('x',)\nINSTALLED_APPS += (%s,)", tuple),
    "concatenation": ("A = ['x']\nB = [%s]\nINSTALLED_APPS = A + B", list),
    "concatenated tuples": ("A = ('x',)\nINSTALLED_APPS = A + (%s,)", tuple),
    "broken over lines": ("A = ['x']\nINSTALLED_APPS = A + \\\n    [%s]", list),
    "brackets": ("A = ['x']\nINSTALLED_APPS = (\n    A\n    + [%s]\n)", list),
    "unpacked": ("A = ['x']\nINSTALLED_APPS = [*A, %s]", list),
    "computed": ("INSTALLED_APPS = [a for a in ('x', %s)]", list),
    "sorted": ("INSTALLED_APPS = sorted({'x', %s})", list),
    "called": ("def apps():\n    return ('x', %s)\nINSTALLED_APPS = apps()", list),
    "list()": ("INSTALLED_APPS = list(('x', %s))", list),
    "appended": ("INSTALLED_APPS = ['x']\nINSTALLED_APPS.append(%s)", list),
    "in a condition as well": ("INSTALLED_APPS = [%s]\nif os:\n    INSTALLED_APPS += ['x']", list),
    "again under a condition": ("INSTALLED_APPS = ['x']\nif os:\n    INSTALLED_APPS = [%s]", list),
    "tuple again": ("INSTALLED_APPS = ('x',)\nif os:\n    INSTALLED_APPS = (%s,)", tuple),
    "computed, then a tuple": (
        "f = tuple\nINSTALLED_APPS = f()\nINSTALLED_APPS = INSTALLED_APPS + (%s,)",
        list,
    ),
    "branches": ("if os:\n    INSTALLED_APPS = [%s]\nelse:\n    INSTALLED_APPS = ['y']", list),
    "branches of two kinds": (
        "if not os:\n    INSTALLED_APPS = ['y']\nelse:\n    INSTALLED_APPS = (%s,)",
        list,
    ),
    "branches of tuples": (
        "if os:\n    INSTALLED_APPS = (%s,)\nelif 1:\n    INSTALLED_APPS = ('y',)\nelse:\n"
        "    raise ValueError()",
        tuple,
    ),
    "one more in each branch": (
        "INSTALLED_APPS = ['x']\nif os:\n    INSTALLED_APPS += [%s]\nelse:\n"
        "    INSTALLED_APPS += ['debug_toolbar']",
        list,
    ),
    "tried": (
        "try:\n    import os.no\nexcept ImportError:\n    INSTALLED_APPS = [%s]\nelse:\n"
        "    INSTALLED_APPS = ['y']",
        list,
    ),
    "branches inside": (
        "if os:\n    if os:\n        INSTALLED_APPS = [%s]\n    else:\n"
        "        INSTALLED_APPS = []\nelse:\n    INSTALLED_APPS = []",
        list,
    ),
    "on one line with another": ("A = 1; INSTALLED_APPS = [%s]; B = 2", list),
    "empty": ("A = %s\nINSTALLED_APPS = []\nINSTALLED_APPS.append(A)", list),
    "empty tuple": ("INSTALLED_APPS = ()\nINSTALLED_APPS += (%s,)", tuple),
}


@pytest.mark.parametrize("form", sorted(FORMS))
def test_installed_apps(project, round_trip, form):
    text, kind = FORMS[form]
    project.write("shop/settings.py", settings(text % AUTH))
    before = project.values()["INSTALLED_APPS"]
    values, _, said = round_trip()
    found = values["INSTALLED_APPS"]
    assert sorted(found) == sorted(list(before) + APPS)
    assert isinstance(found, kind)
    assert values["ASGI_APPLICATION"] == "shop.routing.application"
    layer = values["CHANNEL_LAYERS"]["default"]
    assert layer["BACKEND"] == "compat.channel_layer.pubsub.RedisPubSubChannelLayer"
    assert layer["CONFIG"] == {"hosts": ["redis://127.0.0.1:6379/0"]}


@pytest.mark.parametrize("way", ["postgresql", "none", "layer"])
def test_who_needs_no_layer_gets_none(project, round_trip, way):
    text = "INSTALLED_APPS = [%s]\nSTREAMS_NOTIFICATIONS = '%s'" % (AUTH, way)
    project.write("shop/settings.py", settings(text))
    values, _, said = round_trip()
    assert ("CHANNEL_LAYERS" in values) == (way == "layer")
    assert ("REDIS_URL" in said) == (way == "layer")


BY_HAND = {
    "unknown": "from os import *\nfrom elsewhere_that_is_not_here import *",
    "only under a condition": "if DEBUG:\n    INSTALLED_APPS = ['x']",
    "only where it is not in vain": "try:\n    INSTALLED_APPS = ['x']\nexcept E:\n    pass",
    "in a loop": "for a in 'x':\n    INSTALLED_APPS = [a]",
    "in one branch of two": "if A:\n    INSTALLED_APPS = ['x']\nelif B:\n    INSTALLED_APPS = []",
    "in a class": "class Base:\n    INSTALLED_APPS = ['django.contrib.auth']",
}


@pytest.mark.parametrize("form", sorted(BY_HAND))
def test_apps_that_cannot_be_said_safely_are_told(project, form):
    project.write("shop/settings.py", settings(BY_HAND[form]))
    said = project.init()
    assert "INSTALLED_APPS = list(INSTALLED_APPS) + [" in said.split("by hand:")[1]
    assert "+    'compat'" not in said and '+    "compat"' not in said


@pytest.mark.parametrize(
    "text,place",
    [
        ("INSTALLED_APPS = [%s]\nif os:\n    INSTALLED_APPS += ['channels']", 4),
        ("MORE = []\nif os:\n    MORE = ['channels']\nINSTALLED_APPS = [%s] + MORE", 5),
    ],
)
def test_an_app_under_a_condition_is_told_and_not_added_twice(project, text, place):
    """Django refuses an app that is there twice."""
    project.write("shop/settings.py", settings(text % AUTH))
    said = project.init(write=True)
    by_hand = said.split("by hand:")[1]
    assert "settings.py:%d: channels is in INSTALLED_APPS under a condition" % place in by_hand
    apps = project.values()["INSTALLED_APPS"]
    assert sorted(apps) == sorted(["django.contrib.auth", *APPS])
    assert "written" not in project.init(write=True)


@pytest.mark.parametrize(
    "text",
    [
        "if os:\n    INSTALLED_APPS = [%s, 'channels']\nelse:\n    INSTALLED_APPS = ['channels']",
        "INSTALLED_APPS = [%s]\nif os:\n    INSTALLED_APPS += ['channels']\n"
        "else:\n    INSTALLED_APPS.append('channels')",
    ],
)
def test_an_app_in_every_branch_is_there(project, text):
    project.write("shop/settings.py", settings(text % AUTH))
    said = project.init(write=True)
    assert "under a condition" not in said
    assert sorted(project.values()["INSTALLED_APPS"]) == sorted(["django.contrib.auth", *APPS])


def test_what_is_there_stays(project, round_trip):
    project.write(
        "shop/settings.py",
        settings("MORE = ['channels']\nINSTALLED_APPS = ['django.contrib.auth', *MORE]")
        + "LOGGING = {'compat': 'is a name elsewhere, too'}\n",
    )
    values, _, _ = round_trip()
    assert values["INSTALLED_APPS"] == ["django.contrib.auth", "channels", *APPS[:2]]


@pytest.mark.parametrize("name", ["shop/settings.py", "manage.py", "shop/wsgi.py", "shop/urls.py"])
def test_line_endings_of_windows(project, round_trip, name):
    project.write(name, project.read(name).replace(b"\n", b"\r\n"))
    _, written, _ = round_trip()
    assert written[name].count(b"\n") == written[name].count(b"\r\n")
    made = b"\r\n" in written["shop/asgi.py"]
    assert made == (name == "shop/wsgi.py")


@pytest.mark.parametrize(
    "coding,head",
    [
        ("latin-1", b"# -*- coding: latin-1 -*-\n"),
        ("cp1251", b"#!/usr/bin/env python\n# vim: set fileencoding=cp1251 :\n"),
        ("gbk", b"# coding: gbk\n"),
        ("euc-jp", b"# coding: euc-jp\n"),
        ("utf-8", b"\xef\xbb\xbf"),
        ("utf-8", b"\xef\xbb\xbf# coding: utf-8\n"),
    ],
)
def test_encodings(project, round_trip, coding, head):
    word = {"latin-1": "Café", "cp1251": "Магазин", "gbk": "商店", "euc-jp": "商店"}
    word = word.get(coding, "Магазин 商店")
    text = settings('NAME = "%s"\nINSTALLED_APPS = [%s]' % (word, AUTH)).encode(coding)
    project.write("shop/settings.py", head + text)
    values, written, _ = round_trip()
    assert values["NAME"] == word and values["INSTALLED_APPS"][1:] == APPS
    assert written["shop/settings.py"].startswith(head)
    assert word.encode(coding) in written["shop/settings.py"]


ODD = {
    "an empty file": "",
    "only a docstring": '"""The shop."""',
    "no line ending": "INSTALLED_APPS = ['x']",
    "names from a function": "globals().update({'INSTALLED_APPS': []})\n",
    "chained": "A = INSTALLED_APPS = ['x']\n",
    "unpacked": "A, INSTALLED_APPS = 1, ['x']\n",
    "a layer that is computed": "INSTALLED_APPS = ['x']\nCHANNEL_LAYERS = f()\n",
    "a layer in parts": "INSTALLED_APPS = ['x']\nCHANNEL_LAYERS = {'default': {'A': 1, **B}}\n",
    "form feeds": "\x0c\nINSTALLED_APPS = ['x']\n\x0cX = 1\n",
    "line endings of old Macs": "INSTALLED_APPS = ['x']\rX = 1\r",
    "imports itself": "from .settings import *\nINSTALLED_APPS = ['x']\n",
    "branches": "if A:\n    INSTALLED_APPS = ['x']\nelse:\n    INSTALLED_APPS = ['y']\n",
}


@pytest.mark.parametrize("what", sorted(ODD))
def test_odd_settings_are_neither_broken_nor_lost(project, what):
    project.write("shop/settings.py", ODD[what].encode())
    project.write("requirements.txt", b"Django==1.11.20\n\xff")
    before = project.files()
    project.init(write=True)
    ast.parse(project.read("shop/settings.py"))
    assert "nothing to change" in project.init()
    project.init(undo=True)
    assert project.files() == before


def test_the_diff_is_one_that_patch_takes(project, tmp_path_factory):
    project.write("shop/urls.py", project.read("shop/urls.py").rstrip(b"\n"))
    project.write("shop/settings.py", project.read("shop/settings.py").replace(b"\n", b"\r\n"))
    said = project.init()
    before = project.files()
    project.init(write=True)
    written = project.files()
    written.pop(".bridge-init.json")
    project.init(undo=True)
    assert project.files() == before
    diff = tmp_path_factory.mktemp("diff") / "init.diff"
    diff.write_bytes((said + "\n").encode())
    command = ["git", "apply", "-p1", "--whitespace=nowarn", str(diff)]
    subprocess.check_call(command, cwd=project.folder)
    assert project.files() == written


def test_a_file_that_is_no_python_is_named(project):
    project.write("shop/settings.py", "INSTALLED_APPS = [\n")
    with pytest.raises(InitError, match=r"shop/settings\.py, line 1: SyntaxError"):
        project.init()
    project.write("shop/settings.py", settings("INSTALLED_APPS = [%s]" % AUTH))
    project.write("shop/urls.py", "urlpatterns = [\n")
    assert "- shop/urls.py: line 1: SyntaxError" in project.init(write=True)
    assert project.text("shop/urls.py") == "urlpatterns = [\n"


def test_links_and_files_that_cannot_be_written(project, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("etc") / "settings.py"
    os.rename(project.path("shop/settings.py"), str(elsewhere))
    os.symlink(str(elsewhere), project.path("shop/settings.py"))
    os.rename(project.path("shop/urls.py"), project.path("shop/all_urls.py"))
    os.symlink("all_urls.py", project.path("shop/urls.py"))
    os.chmod(project.path("shop/wsgi.py"), 0o444)
    before = project.files()
    said = project.init(write=True)
    assert "- shop/settings.py: init does not write it: it is a link to %s" % elsewhere in said
    assert "- shop/wsgi.py: init does not write it: it is read-only" in said
    assert '    +    "compat.streams",' in said and "    +compat.install()" in said
    assert os.path.islink(project.path("shop/urls.py"))
    assert b"compat.health.urls" in project.read("shop/all_urls.py")
    assert project.read("shop/settings.py") == before["shop/settings.py"]
    assert project.read("shop/wsgi.py") == before["shop/wsgi.py"]
    project.init(undo=True)
    assert project.files() == before


def test_rights_and_neighbours(project):
    os.chmod(project.path("manage.py"), 0o755)
    os.chmod(project.path("shop/wsgi.py"), 0o640)
    project.init(write=True)
    assert os.stat(project.path("manage.py")).st_mode & 0o777 == 0o755
    assert os.stat(project.path("shop/asgi.py")).st_mode & 0o777 == 0o640
    assert os.stat(project.path(".bridge-init.json")).st_mode & 0o777 == 0o600
