"""What `check --deploy` says of a site with a dangerous default, by stable ids."""

import os
import re

import pytest

from compat import csp, same_site
from compat.checks import site as site_checks
from tests.support import commands

OURS = [same_site.MIDDLEWARE, csp.MIDDLEWARE]
REDIS = "channels_redis.core.RedisChannelLayer"
HASHER = "compat.hashers.PBKDF2PasswordHasher"


def ids(found):
    return [warning.id[-4:] for warning in found]


@pytest.mark.parametrize(
    "application, expected",
    [
        ("guarded", []),
        ("bare", ["W010", "W012"]),
        ("without_origin", ["W010", "W012"]),
        ("stock", ["W012"]),
        ("named", ["W012"]),
        ("star", ["W011", "W012"]),
        ("one_of_two", ["W010", "W012"]),
        ("in_function", []),
        ("in_closure", []),
        ("closure_around", []),
        ("no_websocket", []),
        ("not_there", ["W014"]),
    ],
)
def test_what_stands_around_the_consumers(settings, application, expected):
    settings.ASGI_APPLICATION = "tests.compat.sockets.applications." + application
    settings.ALLOWED_HOSTS = ["www.example.com"]
    found = site_checks.check_sockets()
    assert ids(found) == expected
    if application == "one_of_two":
        assert "Chat" in found[0].msg and "News" not in found[0].msg
    assert all(warning.hint for warning in found)


def test_a_site_without_daphne(settings):
    settings.ASGI_APPLICATION = None
    assert site_checks.check_sockets() == []


@pytest.mark.parametrize(
    "name",
    [
        "SOCKETS_PER_USER",
        "SOCKETS_PER_ADDRESS",
        "SOCKETS_MESSAGES_PER_SECOND",
        "SOCKETS_RECHECK_SECONDS",
    ],
)
def test_limits_that_are_off(settings, name):
    assert site_checks.check_limits() == []
    setattr(settings, name, 0)
    (found,) = site_checks.check_limits()
    assert found.id == "compat.W013" and name in found.msg


@pytest.mark.parametrize("name", ["COMPAT_WEBSOCKET_MAX_BYTES", "COMPAT_WEBSOCKET_MAX_UNSENT"])
def test_limits_of_daphne_that_are_off(monkeypatch, name):
    monkeypatch.setenv(name, "0")
    (found,) = site_checks.check_limits()
    assert found.id == "compat.W013" and name in found.msg


KEYS = {"symmetric_encryption_keys": ["x" * 32]}
SENTINEL = {"sentinels": [("127.0.0.1", 26379)], "master_name": "mymaster"}


@pytest.mark.parametrize(
    "config, expected",
    [
        ({}, ["W015", "W016"]),
        (KEYS, ["W015"]),
        (dict(KEYS, hosts=[("127.0.0.1", 6379)]), ["W015"]),
        (dict(KEYS, hosts=["redis://127.0.0.1:6379/0"]), ["W015"]),
        (dict(KEYS, hosts=["redis://:secret@127.0.0.1:6379/0"]), []),
        (dict(KEYS, hosts=["unix:///run/redis.sock?password=secret&db=0"]), []),
        (dict(KEYS, hosts=[{"address": "/run/redis.sock", "password": "secret"}]), []),
        (dict(KEYS, hosts=[{"address": "/run/redis.sock"}]), ["W015"]),
        (dict(KEYS, hosts=["redis://:secret@a", "redis://b"]), ["W015"]),
        (dict(KEYS, hosts=[dict(SENTINEL, password="secret")]), []),
        (dict(KEYS, hosts=[dict(SENTINEL, sentinel_kwargs={"password": "x"})]), ["W015"]),
        ({"hosts": ["redis://:secret@a"], "symmetric_encryption_keys": []}, ["W016"]),
    ],
)
def test_redis(settings, config, expected):
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": REDIS, "CONFIG": config}}
    assert ids(site_checks.check_layers()) == expected


def test_a_layer_that_is_no_redis(settings):
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
    assert site_checks.check_layers() == []


@pytest.mark.parametrize(
    "origins, expected",
    [
        (None, []),
        (["https://www.example.com", "none"], []),
        (["null"], ["W023"]),
        (["https://www.example.com", "NULL"], ["W023"]),
    ],
)
def test_pages_without_an_origin(settings, origins, expected):
    settings.SOCKETS_ORIGINS = origins
    assert ids(site_checks.check_origins()) == expected


@pytest.mark.parametrize(
    "hasher, iterations, expected",
    [
        (HASHER, 600000, []),
        (HASHER, 599999, ["W017"]),
        ("django.contrib.auth.hashers.PBKDF2PasswordHasher", 600000, ["W017"]),
        ("django.contrib.auth.hashers.PBKDF2SHA1PasswordHasher", 600000, ["W017"]),
        ("django.contrib.auth.hashers.MD5PasswordHasher", 600000, ["W017"]),
        ("django.contrib.auth.hashers.BCryptSHA256PasswordHasher", 600000, []),
    ],
)
def test_hashes_of_passwords(settings, hasher, iterations, expected):
    settings.PASSWORD_HASHERS = [hasher]
    settings.PASSWORD_PBKDF2_ITERATIONS = iterations
    assert ids(site_checks.check_hashers()) == expected


@pytest.mark.parametrize(
    "listed, session, csrf, expected",
    [
        (OURS, "Lax", "Strict", []),
        (OURS, None, "Lax", ["W018"]),
        (OURS, "None", "none", ["W018", "W018"]),
        ([], "Lax", "Lax", ["W018"]),
    ],
)
def test_same_site(settings, listed, session, csrf, expected):
    settings.MIDDLEWARE = listed
    settings.SESSION_COOKIE_SAMESITE, settings.CSRF_COOKIE_SAMESITE = session, csrf
    assert ids(site_checks.check_same_site()) == expected


@pytest.mark.parametrize(
    "listed, expected", [(OURS, []), ([], ["W019"]), (["csp.middleware.CSPMiddleware"], [])]
)
def test_a_policy_for_pages(settings, listed, expected):
    settings.MIDDLEWARE = listed
    assert ids(site_checks.check_pages()) == expected


@pytest.mark.parametrize(
    "environ, expected",
    [
        ({"REDIS_URL": "redis://:secret@127.0.0.1:6379/0"}, set()),
        ({"REDIS_URL": "redis://127.0.0.1:6379/0"}, {"compat.W015"}),
        ({"REDIS_URL": "sentinel://:secret@127.0.0.1,127.0.0.2/mymaster"}, set()),
        ({"REDIS_URL": "redis://:secret@127.0.0.1:6379/0", "DEBUG": "1"}, {"security.W018"}),
    ],
)
def test_the_reference_site(tmp_path, environ, expected):
    """Only what is asked for with --deploy, and nothing else than that."""
    environ = dict(os.environ, DEVOPS_VAR=str(tmp_path), BEHIND_TLS="1", **environ)

    def said(*options):
        done = commands.run("manage.py", "check", *options, env=environ)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    text = said("--deploy")
    # Django's own on TLS apart.
    found = set(re.findall(r"\((\w+\.\w+)\)", text)) - {"security.W005", "security.W021"}
    assert found == expected | {"compat.W025"}, text  # nobody has migrated it
    assert "no issues" in said()
