import sys

from tests.support.probe import prove, source


@source
def code():
    import http.client
    import sys
    import types

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
    from importlib import import_module

    import era.inner
    from era.client import HTTPConnection

    print(era.value, era.inner.value, HTTPConnection.__module__, http.client.__spec__.name)
    try:
        import_module("no_such_module")
    except ImportError as error:
        print(error)


@source
def six():
    global django
    import http.client
    import urllib.request

    import django.utils.six.moves.email_mime_text
    from django.utils.six.moves import range as span
    from django.utils.six.moves import urllib as moved
    from django.utils.six.moves.http_client import HTTPConnection
    from django.utils.six.moves.urllib.parse import quote

    print(span is range, HTTPConnection is http.client.HTTPConnection, quote("a b"))
    print(moved.request.urlopen is urllib.request.urlopen)


NAME = "python.module_finders"
NEEDED = sys.version_info >= (3, 12)


def test_djangos_six():
    prove(NAME, six, "True True a%20b\nTrue", bad="django.utils.six.moves", needed=NEEDED)


def test_modules_of_a_finder_of_the_old_protocol():
    prove(
        NAME,
        code,
        good="era era.inner http.client http.client\nNo module named 'no_such_module'",
        bad="No module named 'era'",
        needed=NEEDED,
    )
