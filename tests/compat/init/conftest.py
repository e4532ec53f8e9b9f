"""A project in a folder, and init run on it in this process."""

import functools
import importlib
import inspect
import os
import sys
import textwrap
from types import SimpleNamespace

import pytest

from compat.init import command, source

MANAGE = """\
#!/usr/bin/env python
import os
import sys

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)
"""
WSGI = """\
import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")

application = get_wsgi_application()
"""
SETTINGS = """\
import os

SECRET_KEY = "of the shop"
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
]
ROOT_URLCONF = "shop.urls"
WSGI_APPLICATION = "shop.wsgi.application"
"""
URLS = """\
from django.conf.urls import include, url

urlpatterns = []
"""
FILES = {
    "manage.py": MANAGE,
    "shop/__init__.py": "",
    "shop/settings.py": SETTINGS,
    "shop/urls.py": URLS,
    "shop/wsgi.py": WSGI,
    "requirements.txt": "Django==1.11.20\n",
}


class Project:
    """A small shop; write() adds to it or replaces something."""

    def __init__(self, folder):
        self.folder = str(folder)
        for name, text in FILES.items():
            self.write(name, text)

    def path(self, name):
        return os.path.join(self.folder, *name.split("/"))

    def write(self, name, text):
        """Text without its margin, or bytes as they are."""
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        data = text if isinstance(text, bytes) else textwrap.dedent(text).encode()
        with open(self.path(name), "wb") as file:
            file.write(data)

    def read(self, name):
        with open(self.path(name), "rb") as file:
            return file.read()

    def text(self, name):
        return self.read(name).decode()

    def remove(self, *names):
        for name in names:
            os.remove(self.path(name))

    def init(self, write=False, undo=False, settings=None):
        """What it says."""
        return "\n".join(command.run(self.folder, settings, write, undo))

    def files(self):
        """{path: bytes} of everything there is."""
        found = {}
        for folder, _, names in os.walk(self.folder):
            for name in names:
                path = os.path.relpath(os.path.join(folder, name), self.folder)
                if not path.endswith(".pyc"):
                    found[path] = self.read(path)
        return found

    def values(self, module="shop.settings"):
        """The settings, imported anew."""
        importlib.invalidate_caches()
        sys.path.insert(0, self.folder)
        before = set(sys.modules)
        try:
            return vars(importlib.import_module(module))
        finally:
            sys.path.remove(self.folder)
            for name in set(sys.modules) - before:
                del sys.modules[name]


@functools.lru_cache(maxsize=200)
def parsed(grammar, text):
    """The same few files are read by each run of init, which only looks at the trees."""
    return grammar.parse(text)


@pytest.fixture
def project(tmp_path, monkeypatch):
    monkeypatch.delenv("DJANGO_SETTINGS_MODULE")
    stock = source.parso_grammar
    monkeypatch.setattr(
        source, "parso_grammar", lambda: SimpleNamespace(parse=functools.partial(parsed, stock()))
    )
    # django-split-settings asks for its caller, which is looked for in the sources of all modules.
    monkeypatch.setattr(inspect, "stack", functools.partial(inspect.stack, 0))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)  # two contents within a second
    return Project(tmp_path)
