import sys

from tests.support.probe import DJANGO, prove, source

NAME = "django.crypt_hasher"
NEEDED = sys.version_info >= (3, 13)


@source
def hide():
    import sys

    sys.modules["crypt"] = sys.modules["crypt_r"] = None  # even where somebody installed them


CODE = (
    DJANGO
    + (hide if NEEDED else "")
    + """
from django.contrib.auth.hashers import check_password, make_password
from django.test.utils import override_settings

with override_settings(PASSWORD_HASHERS=["django.contrib.auth.hashers.CryptPasswordHasher"]):
    print(check_password("secret", "crypt$$abNANd1rDfiNc"))
    print(check_password("wrong", "crypt$$abNANd1rDfiNc"))
    made = make_password("gr\\u00fc\\u00df")
    print(check_password("gr\\u00fc\\u00df", made), check_password("gruss", made))
    print(check_password("x", "crypt$$*0"))
"""
)


@source(DJANGO, hide)
def redistributed(sys):
    import types

    sys.modules["crypt_r"] = module = types.ModuleType("crypt_r")
    module.crypt = lambda word, salt: salt + word[::-1]
    from django.contrib.auth.hashers import CryptPasswordHasher

    print(CryptPasswordHasher().encode("secret", "ab"))


BAD = "Couldn't load 'CryptPasswordHasher' algorithm library"


def test_passwords_hashed_by_the_system():
    prove(NAME, CODE, "True\nFalse\nTrue False\nFalse", BAD, needed=NEEDED)


def test_an_installed_redistribution_comes_first():
    if NEEDED:
        prove(NAME, redistributed, "crypt$$abterces", BAD)
