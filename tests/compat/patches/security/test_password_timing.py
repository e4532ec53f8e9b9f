import pytest

from tests.support.probe import probe, prove, source

from .counted_hashes import CODE

NAME = "security.password_timing"
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
    @source(CODE)
    def code(User, runs):
        from django.contrib.auth import authenticate
        from django.core.management import call_command

        call_command("migrate", verbosity=0)
        User.objects.create_user("usable", password="right")
        User.objects.create_user("unusable")
        for name in ("usable", "unusable", "unknown"):
            runs.clear()
            print(authenticate(username=name, password="wrong"), len(runs), end=" ")

    prove(NAME, code, good="None 1 None 1 None 1", bad="None 1 None 0 None 1")


def test_every_name_is_ours_and_the_setter_is_called():
    @source(CODE)
    def code(hashers):
        from django.contrib.auth import base_user

        print(base_user.check_password is hashers.check_password)
        old = hashers.PBKDF2PasswordHasher().encode("right", "salt", 1)
        print(
            hashers.check_password("right", old, lambda password: print(password)),
            hashers.check_password("wrong", old, print, preferred="default"),
        )

    for disable in ("", NAME):
        result = probe(code, disable=disable)
        assert result.said == "True\nright\nTrue False", result.error
