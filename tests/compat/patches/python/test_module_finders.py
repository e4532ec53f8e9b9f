import sys

from tests.support.probe import prove

CODE = """
import http.client, sys, types

class Finder:
    def find_module(self, fullname, path=None):
        return self if fullname.startswith("era") else None

    def load_module(self, fullname):
        if fullname == "era.client":
            sys.modules[fullname] = http.client
            return http.client
        module = sys.modules.setdefault(fullname, types.ModuleType(fullname))
        module.__path__, module.__loader__, module.value = [], self, fullname
        return module

sys.meta_path.append(Finder())
import era.inner
from era.client import HTTPConnection
from importlib import import_module
print(era.value, era.inner.value, HTTPConnection.__module__, http.client.__spec__.name)
try:
    import_module("no_such_module")
except ImportError as error:
    print(error)
"""

SIX = """
import http.client, urllib.request
from django.utils.six.moves import range as span, urllib as moved
from django.utils.six.moves.http_client import HTTPConnection
from django.utils.six.moves.urllib.parse import quote
import django.utils.six.moves.email_mime_text
print(span is range, HTTPConnection is http.client.HTTPConnection, quote("a b"))
print(moved.request.urlopen is urllib.request.urlopen)
"""
NAME = "python.module_finders"
NEEDED = sys.version_info >= (3, 12)


def test_djangos_six():
    prove(NAME, SIX, "True True a%20b\nTrue", bad="django.utils.six.moves", needed=NEEDED)


def test_modules_of_a_finder_of_the_old_protocol():
    prove(
        NAME,
        CODE,
        good="era era.inner http.client http.client\nNo module named 'no_such_module'",
        bad="No module named 'era'",
        needed=NEEDED,
    )
