"""Password hashes that Django 1.11 made become stronger when their owners log in."""

from django.contrib.auth.hashers import PBKDF2PasswordHasher as Stock
from django.contrib.auth.hashers import check_password, make_password
from django.test import Client


def iterations(user):
    user.refresh_from_db()
    algorithm, found = user.password.split("$")[:2]
    assert algorithm == "pbkdf2_sha256"
    return int(found)


def log_in(user, password):
    form = {"username": user.username, "password": password}
    return Client().post("/accounts/login/", form).status_code == 302


def test_a_login_makes_the_hash_anew(site, settings):
    settings.PASSWORD_PBKDF2_ITERATIONS = 50000
    user = site.user
    user.password = Stock().encode("secret", "salt")
    user.save()
    assert iterations(user) == Stock.iterations == 36000
    assert not log_in(user, "wrong")
    assert iterations(user) == 36000
    assert log_in(user, "secret")
    assert iterations(user) == 50000
    assert log_in(user, "secret")
    # And never weaker again.
    settings.PASSWORD_PBKDF2_ITERATIONS = 40000
    assert log_in(user, "secret")
    assert iterations(user) == 50000


def test_the_default_is_what_owasp_asks_for(settings):
    del settings.PASSWORD_PBKDF2_ITERATIONS
    encoded = make_password("secret")
    assert encoded.startswith("pbkdf2_sha256$600000$")
    assert check_password("secret", encoded) and not check_password("Secret", encoded)
    # Anybody's Django can read it: the way back is open.
    assert Stock().verify("secret", encoded)
