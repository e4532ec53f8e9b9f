"""Every id of a check: listed once, raised by what it is for, and known nowhere else."""

import os
import re

import pytest
from django.core import checks as django_checks

import compat
from compat import _check_ids, _combinations, same_site
from compat.patches import every
from compat.patching.patch import APPLIED, DISABLED, REFUSED
from tests.support import CHECKOUT

pytestmark = pytest.mark.django_db  # check --deploy asks it for what was not migrated

REDIS = "channels_redis.core.RedisChannelLayer"
FIRST = every()[0]


def application(name):
    def provoke(settings, monkeypatch):
        settings.ASGI_APPLICATION = "tests.compat.sockets.applications." + name
        settings.ALLOWED_HOSTS = ["www.example.com"]

    return provoke


def setting(name, value):
    return lambda settings, monkeypatch: setattr(settings, name, value)


def variable(name, value):
    return lambda settings, monkeypatch: monkeypatch.setenv(name, value)


def layer(config):
    value = {"default": {"BACKEND": REDIS, "CONFIG": config}}
    return setting("CHANNEL_LAYERS", value)


def late(settings, monkeypatch):
    monkeypatch.setattr(compat, "late", True)


def state(name, reason, complaint=None):
    def provoke(settings, monkeypatch):
        monkeypatch.setattr(FIRST, "state", lambda: (name, reason))
        monkeypatch.setattr(FIRST, "complaint", complaint)

    return provoke


def version(settings, monkeypatch):
    monkeypatch.setattr("sys.version_info", (3, 99, 0))


def installed(**versions):
    def provoke(settings, monkeypatch):
        table = _combinations.found(lambda name: versions.get(name, ""), (3, 11, 2))
        monkeypatch.setattr(_combinations, "found", lambda: table)

    return provoke


def not_migrated(settings, monkeypatch):
    recorder = "django.db.migrations.recorder.MigrationRecorder.applied_migrations"
    monkeypatch.setattr(recorder, lambda self: set())


def shadowed(settings, monkeypatch):
    monkeypatch.setattr("compat.checks.patches.shadowed", lambda folders: "/srv/site/compat.py")


PROVOKE = {
    "compat.I001": state(DISABLED, "COMPAT_DISABLE"),
    "compat.W001": late,
    "compat.W002": state(REFUSED, "it looks otherwise"),
    "compat.W003": variable("COMPAT_DISABLE", "no.such_patch"),
    "compat.W004": version,
    "compat.W005": installed(asgi_redis="1.4.3", channels="2.1.4"),
    "compat.W006": state(APPLIED, "", lambda: "files are old"),
    "compat.W010": application("bare"),
    "compat.W011": application("star"),
    "compat.W012": application("stock"),
    "compat.W013": setting("SOCKETS_PER_USER", 0),
    "compat.W014": application("not_there"),
    "compat.W015": layer({"symmetric_encryption_keys": ["x" * 32]}),
    "compat.W016": layer({"hosts": ["redis://:secret@a"]}),
    "compat.W017": setting("PASSWORD_HASHERS", ["django.contrib.auth.hashers.MD5PasswordHasher"]),
    "compat.W018": setting("CSRF_COOKIE_SAMESITE", None),
    "compat.W019": setting("MIDDLEWARE", [same_site.MIDDLEWARE]),
    "compat.W020": setting("CHANNEL_LAYERS", {}),
    "compat.W021": setting("ASGI_APPLICATION", None),
    "compat.W022": setting("ASGI_APPLICATION", "tests.compat.checks.asgi.application"),
    "compat.W023": setting("SOCKETS_ORIGINS", ["https://www.example.com", "null"]),
    "compat.W024": installed(kombu="4.2.1", redis="3.5.3"),
    "compat.W025": not_migrated,
    "compat.W026": shadowed,
    "compat.E001": setting("STREAMS_MAX_BODY", "large"),
    "streams.E001": setting("STREAMS_KEEP", ["*"]),
}


def found(deploy):
    """What Django's own registry of checks says of this site, by id, of ours."""
    messages = django_checks.run_checks(include_deployment_checks=deploy)
    return {one.id: one for one in messages if one.id.startswith(("compat.", "streams."))}


@pytest.fixture(autouse=True)
def well(settings):
    """A site that nothing is said about."""
    settings.PASSWORD_PBKDF2_ITERATIONS = 600000
    config = {"hosts": ["redis://:secret@a"], "symmetric_encryption_keys": ["x" * 32]}
    layer(config)(settings, None)
    assert found(deploy=True) == {}


def test_no_id_is_given_out_twice():
    ids = [known.id for known in _check_ids.TABLE]
    assert len(ids) == len(set(ids)) == len(_check_ids.KNOWN)
    assert all(re.match(r"(compat|streams|deploy)\.[IWE][0-9]{3}$", id) for id in ids)


def test_every_id_is_provoked():
    assert set(PROVOKE) == set(_check_ids.KNOWN)


@pytest.mark.parametrize("id", sorted(PROVOKE))
def test_what_it_is_for_raises_it(id, settings, monkeypatch):
    PROVOKE[id](settings, monkeypatch)
    known = _check_ids.KNOWN[id]
    message = found(deploy=True)[id]
    assert message.msg and message.hint and "%(" not in message.msg + message.hint
    levels = {"I": django_checks.INFO, "W": django_checks.WARNING, "E": django_checks.ERROR}
    assert message.level == levels[_check_ids.letter(id)]
    # And it is asked for when the table says so.
    assert (id in found(deploy=False)) == (not known.deploy)


@pytest.mark.parametrize("known", _check_ids.TABLE, ids=lambda known: known.id)
def test_meaning_and_hint_are_sentences(known):
    assert known.meaning.endswith(".") and known.hint.endswith(".")
    assert "%" not in known.meaning and "%" not in _check_ids.general_hint(known)


@pytest.mark.source
def test_an_id_is_nowhere_but_in_the_table():
    """In the code only as the first word of say(), or in a docstring; in docs only those listed."""
    written = {}
    for folder in ("compat", "deploy", "deploy_conf", "devops", "docs"):
        for parent, _, names in os.walk(os.path.join(CHECKOUT, folder)):
            for name in names:
                if name.endswith((".py", ".md")):
                    path = os.path.join(parent, name)
                    with open(path, encoding="utf-8") as file:
                        text = file.read()
                    for id in re.findall(r"\b(?:compat|streams)\.[IWE][0-9]{3}\b", text):
                        written.setdefault(id, set()).add(os.path.relpath(path, CHECKOUT))
                    if os.path.basename(path) != "_check_ids.py":
                        assert not re.search(r"""\bid=["'](compat|streams|deploy)\.""", text), path
    assert set(written) == set(_check_ids.KNOWN)


def test_an_id_that_is_not_listed_cannot_be_said():
    with pytest.raises(KeyError):
        _check_ids.say("compat.W999", "never")
