import sys

import pytest

from tests.compat.patches.probe import DJANGO, probe, prove

STRICT = {"PYTHONWARNINGS": "error::DeprecationWarning"}
NAME = "django.import_warnings"
NEEDED = sys.version_info >= (3, 11)


def test_the_encoding_of_the_system():
    code = "from django.utils import encoding\nprint(encoding.DEFAULT_LOCALE_ENCODING)"
    prove(NAME, code, good="UTF-8", bad="ascii", needed=NEEDED, env=STRICT)


@pytest.mark.skipif(sys.version_info >= (3, 13), reason="cgi comes from PyPI")
def test_django_imports_cgi():
    code = "import django.core.handlers.wsgi, cgi\nprint(cgi.__name__)"
    prove(NAME, code, good="cgi", bad="'cgi' is deprecated", needed=NEEDED, env=STRICT)


@pytest.mark.skipif(sys.version_info >= (3, 13), reason="there is no crypt")
def test_the_crypt_hasher_imports_crypt():
    code = DJANGO + (
        "from django.contrib.auth.hashers import CryptPasswordHasher\n"
        "print(CryptPasswordHasher().encode('secret', 'ab'))"
    )
    bad = "'crypt' is deprecated"
    strict = {"PYTHONWARNINGS": "error:%s:DeprecationWarning" % bad}
    prove(NAME, code, "crypt$$abNANd1rDfiNc", bad, needed=NEEDED, env=strict)


@pytest.mark.skipif(not (3, 11) <= sys.version_info < (3, 13), reason="no such warning")
def test_the_sites_own_import_is_told():
    code = "import django, warnings\nimport crypt"
    assert "'crypt' is deprecated" in probe(code, env=STRICT).said
