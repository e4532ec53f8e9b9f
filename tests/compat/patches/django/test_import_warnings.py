import sys

import pytest

from tests.support.probe import DJANGO, probe, prove, source

STRICT = {"PYTHONWARNINGS": "error::DeprecationWarning"}
NAME = "django.import_warnings"
NEEDED = sys.version_info >= (3, 11)
COLD = True  # the imports themselves are what is tested


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="Python knows such finders no more")
def test_djangos_six():
    @source
    def body():
        import warnings

        warnings.simplefilter("error")

    strict = body
    # compat.report() loads what stumbles over six itself.
    strict += "atexit.register(warnings.simplefilter, 'ignore')\n"

    @source
    def code():
        from django.utils.six.moves.urllib.parse import quote

        print(quote("a b"))

    bad = "_SixMetaPathImporter.find_spec() not found"
    needed = sys.version_info >= (3, 10)
    prove(NAME, strict + DJANGO + code, good="a%20b", bad=bad, needed=needed, cold=COLD)


@pytest.mark.skipif(sys.version_info[:2] == (3, 10), reason="there is nothing to be warned of")
def test_the_encoding_of_the_system():
    @source
    def code():
        from django.utils import encoding

        print(encoding.DEFAULT_LOCALE_ENCODING)

    prove(NAME, code, good="UTF-8", bad="ascii", needed=NEEDED, env=STRICT, cold=COLD)


@pytest.mark.skipif(sys.version_info[:2] == (3, 10), reason="there is nothing to be warned of")
@pytest.mark.skipif(sys.version_info >= (3, 13), reason="cgi comes from PyPI")
def test_django_imports_cgi():
    @source
    def code():
        global django
        import django.core.handlers.wsgi

        import cgi  # isort: skip

        print(cgi.__name__)

    prove(NAME, code, good="cgi", bad="'cgi' is deprecated", needed=NEEDED, env=STRICT, cold=COLD)


@pytest.mark.skipif(sys.version_info[:2] == (3, 10), reason="there is nothing to be warned of")
@pytest.mark.skipif(sys.version_info >= (3, 13), reason="there is no crypt")
def test_the_crypt_hasher_imports_crypt():
    @source(DJANGO)
    def code():
        from django.contrib.auth.hashers import CryptPasswordHasher

        print(CryptPasswordHasher().encode("secret", "ab"))

    bad = "'crypt' is deprecated"
    strict = {"PYTHONWARNINGS": "error:%s:DeprecationWarning" % bad}
    prove(NAME, code, "crypt$$abNANd1rDfiNc", bad, needed=NEEDED, env=strict, cold=COLD)


@pytest.mark.skipif(not (3, 11) <= sys.version_info < (3, 13), reason="no such warning")
def test_the_sites_own_import_is_told():
    @source
    def code():
        global crypt, django, warnings
        import warnings

        import django

        import crypt  # isort: skip

    assert "'crypt' is deprecated" in probe(code, env=STRICT, cold=COLD).said
