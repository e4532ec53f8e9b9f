import pytest

from tests.support.probe import DJANGO, probe, prove

NAME = "security.password_timing"
CODE = (
    DJANGO
    + """
from django.contrib.auth import hashers
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import User

class Counting(hashers.PBKDF2PasswordHasher):
    def encode(self, *arguments, **options):
        runs.append(1)
        return super(Counting, self).encode(*arguments, **options)

runs = []
hashers.get_hashers.cache_clear()
settings.PASSWORD_HASHERS = ["__main__.Counting"]

def work(encoded, password="x"):
    user = User(username="u", password=encoded)
    runs.clear()
    return user.check_password(password), len(runs)
"""
)
GOOD = """
usable = hashers.make_password("right")
print(work(usable), work(usable, "right"), %s)
"""


@pytest.mark.parametrize(
    "encoded", ["hashers.make_password(None)", "'!'", "''", "'unknown$hash'", "'md5$x$y'"]
)
def test_a_hasher_runs_whatever_is_stored(encoded):
    prove(
        NAME,
        CODE + GOOD % ("work(%s)" % encoded),
        good="(False, 1) (True, 1) (False, 1)",
        bad="(False, 1) (True, 1) (False, 0)",
    )


def test_no_password_at_all():
    code = CODE + GOOD % "work(usable, None)"
    prove(NAME, code, good="(False, 1) (True, 1) (False, 1)", bad="(False, 1) (True, 1) (False, 0)")


def test_a_login_of_each_kind_of_user_costs_the_same():
    code = (
        CODE
        + """
from django.contrib.auth import authenticate
from django.core.management import call_command
call_command("migrate", verbosity=0)
User.objects.create_user("usable", password="right")
User.objects.create_user("unusable")
for name in ("usable", "unusable", "unknown"):
    runs.clear()
    print(authenticate(username=name, password="wrong"), len(runs), end=" ")
"""
    )
    prove(NAME, code, good="None 1 None 1 None 1", bad="None 1 None 0 None 1")


def test_every_name_is_ours_and_the_setter_is_called():
    code = (
        CODE
        + """
from django.contrib.auth import base_user
print(base_user.check_password is hashers.check_password)
old = hashers.PBKDF2PasswordHasher().encode("right", "salt", 1)
print(hashers.check_password("right", old, lambda password: print(password)),
      hashers.check_password("wrong", old, print, preferred="default"))
"""
    )
    for disable in ("", NAME):
        result = probe(code, disable=disable)
        assert result.said == "True\nright\nTrue False", result.error
