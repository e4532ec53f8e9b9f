"""Secret values of a service's environment: sealed, never shown, given to the command, masked."""

import base64
import html
import json
import os

import pytest
from django.core import serializers
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.test import Client, override_settings

from compat import layer_keys
from compat.streams.models import Entry
from deploy import secrets
from deploy.masking import MASK
from deploy.models import Service
from tests.support.records import log_of, make_service, make_user

from .commands import PYTHON, python

SECRET = "hunter2-correct-horse"
OTHER = "battery+staple/é 100%"
KEYS = ["a" * 40, "b" * 40]


def form(**fields):
    values = {"name": "Web", "uid": "web", "enabled": "on", "command": "true", "timeout": "60"}
    return dict(dict(values, cwd="", environment=""), **fields)


@pytest.fixture
def keys(settings):
    settings.DEPLOY_KEYS = KEYS[:1]
    return settings


@pytest.fixture
def admin(db, keys):
    client = Client()
    client.force_login(make_user("root", superuser=True))
    return client


def service_with(**values):
    service = make_service()
    service.secrets = values
    service.save()
    return service


def change(admin, service, text, **fields):
    path = f"/admin/deploy/service/{service.pk}/change/"
    return admin.post(path, form(secrets=text, **fields))


def test_what_is_kept_and_what_is_told(admin):
    assert admin.post("/admin/deploy/service/add/", form(secrets=f"A_KEY={SECRET}")).status_code
    service = Service.objects.get()
    assert service.secrets == {"A_KEY": SECRET}
    assert SECRET not in service.sealed and "A_KEY" not in service.sealed
    page = admin.get(f"/admin/deploy/service/{service.pk}/change/").content.decode()
    assert "A_KEY\n" in page or "A_KEY</textarea>" in page
    assert SECRET not in page
    dumped = serializers.serialize("json", Service.objects.all())
    assert SECRET not in dumped and "A_KEY" not in dumped
    assert next(serializers.deserialize("json", dumped)).object.secrets == {"A_KEY": SECRET}
    history = admin.get(f"/admin/deploy/service/{service.pk}/history/").content.decode()
    assert SECRET not in history


def test_a_name_keeps_a_value_sets_and_a_missing_line_removes(admin):
    service = service_with(KEPT=SECRET, CHANGED="old-value-1", GONE="old-value-2")
    answer = change(admin, service, f"KEPT\r\n\r\n# a comment\r\nCHANGED={OTHER}\r\nNEW=12345678")
    assert answer.status_code == 302
    service.refresh_from_db()
    assert service.secrets == {"KEPT": SECRET, "CHANGED": OTHER, "NEW": "12345678"}
    assert change(admin, service, "").status_code == 302
    service.refresh_from_db()
    assert service.secrets == {} and not service.sealed


@pytest.mark.parametrize(
    "text, complaint",
    [
        (f"A={SECRET}\nNEW", "Line 2: NEW has no value yet; write NEW=value."),
        (f"A={SECRET}\nnot a name", "Line 2 is not of the form NAME or NAME=value."),
        (f"A={SECRET}\n9=x", "Line 2 is not of the form NAME=value."),
        (f"A={SECRET}\nB=short", "B: a secret needs 8 characters other than blanks"),
        (f"A={SECRET}\nB=a b c d e", "B: a secret needs 8 characters other than blanks"),
        (f"A={SECRET}\nB=12345678\0", "Null characters are not allowed"),
    ],
)
def test_a_mistake_is_explained_and_shows_no_value(admin, text, complaint):
    service = service_with(KEPT="kept-value-1")
    answer = change(admin, service, text)
    page = html.unescape(answer.content.decode())
    assert answer.status_code == 200 and complaint in page
    assert SECRET not in page and "A=\n" in page
    service.refresh_from_db()
    assert service.secrets == {"KEPT": "kept-value-1"}


def test_a_mistake_elsewhere_does_not_show_them_either_nor_forget_them_quietly(admin):
    service = service_with(A="kept-value-1")
    page = change(admin, service, f"A={SECRET}", timeout="0").content.decode()
    assert SECRET not in page and "A=</textarea>" in page
    # Sent as it is shown, it says that the value has to be given again.
    answer = change(admin, service, "A=")
    assert answer.status_code == 200 and "A: a secret needs" in answer.content.decode()


def test_without_the_key_nothing_is_lost_and_nothing_is_run(admin, settings):
    service = service_with(A=SECRET)
    settings.DEPLOY_KEYS = ["z" * 40]
    page = admin.get(f"/admin/deploy/service/{service.pk}/change/").content.decode()
    assert "Not readable" in page
    assert change(admin, service, "", name="Renamed").status_code == 302
    settings.DEPLOY_KEYS = KEYS[:1]
    service.refresh_from_db()
    assert (service.name, service.secrets) == ("Renamed", {"A": SECRET})
    settings.DEPLOY_KEYS = ["too short"]  # as good as none
    answer = admin.post("/admin/deploy/service/add/", form(uid="x", secrets=f"A={SECRET}"))
    assert answer.status_code == 200 and "DEPLOY_KEYS" in answer.content.decode()


@pytest.mark.django_db
def test_keys_are_changed_without_a_moment_in_which_one_is_missing(keys, capsys):
    service = service_with(A=SECRET)
    other = make_service("other")
    keys.DEPLOY_KEYS = KEYS[::-1]
    call_command("deploy_secrets", "check")
    said = capsys.readouterr().out
    assert "web: A (an older key)" in said and "1 are sealed with an older key" in said
    before = service.sealed
    call_command("deploy_secrets", "rotate")
    assert "1 sealed with the first key." in capsys.readouterr().out
    service.refresh_from_db()
    other.refresh_from_db()
    assert service.sealed != before and not other.sealed
    keys.DEPLOY_KEYS = KEYS[1:]
    assert service.secrets == {"A": SECRET}
    call_command("deploy_secrets", "check")
    assert capsys.readouterr().out == "web: A\n"
    keys.DEPLOY_KEYS = ["z" * 40]
    for step in ("check", "rotate"):
        with pytest.raises(CommandError, match="1 cannot be opened"):
            call_command("deploy_secrets", step)
    service.refresh_from_db()
    keys.DEPLOY_KEYS = KEYS[1:]
    assert service.secrets == {"A": SECRET}
    assert SECRET not in capsys.readouterr().out


@pytest.mark.django_db
def test_rotate_fails_while_a_process_that_was_not_reloaded_still_seals(keys, capsys, monkeypatch):
    """Else the key would be dropped that its service needs."""
    service = service_with(A=SECRET)
    keys.DEPLOY_KEYS = KEYS[::-1]
    seal = secrets.seal

    def form_is_saved_meanwhile(values):
        with override_settings(DEPLOY_KEYS=KEYS[:1]):
            Service.objects.filter(pk=service.pk).update(sealed=seal({"A": OTHER}))
        return seal(values)

    with monkeypatch.context() as patched:
        patched.setattr(secrets, "seal", form_is_saved_meanwhile)
        with pytest.raises(CommandError, match="older key: web. Keep that key; reload"):
            call_command("deploy_secrets", "rotate")
    service.refresh_from_db()
    assert service.secrets == {"A": OTHER}
    call_command("deploy_secrets", "rotate")
    keys.DEPLOY_KEYS = KEYS[1:]
    service.refresh_from_db()
    assert service.secrets == {"A": OTHER}


def test_a_text_that_is_damaged_is_one_sentence(keys):
    for sealed in ("x", "gAAAA", secrets.seal({"A": SECRET})[:-2], "é"):
        with pytest.raises(secrets.CannotOpen, match="DEPLOY_KEYS"):
            secrets.unseal(sealed)


def test_blank_lines_count_when_a_line_is_named(keys):
    with pytest.raises(ValidationError, match="Line 3"):
        secrets.edited("\n# x\n9=abcdefgh", {})


def sealed_for(site, settings, service, values):
    settings.DEPLOY_KEYS = layer_keys.read(os.path.join(site.var, "deploy_keys"))
    service.secrets = values
    service.save()
    return service


def test_a_command_gets_them_and_its_log_does_not_have_them(site, settings):
    code = (
        "import base64, os, sys, time, urllib.parse\n"
        "secret, other = os.environ['A_KEY'], os.environ['OTHER']\n"
        "assert 'DEPLOY_KEYS' not in os.environ\n"
        "write = lambda t: (sys.stdout.buffer.write(t.encode()), sys.stdout.flush())\n"
        "print('got', len(secret), len(other), os.environ['PLAIN'])\n"
        "for byte in secret: write(byte); time.sleep(0.01)\n"
        "write('\\n'); write(base64.b64encode(('user:' + secret).encode()).decode() + '\\n')\n"
        "write(urllib.parse.quote(other) + '\\n')\n"
        "for n in range(20000): write('%05d filler ' % n + secret + '\\n')\n"
        "write('\\n'.join(secret)); write('\\nthe end, ' + secret[:9])\n"
    )
    service = python(code, environment="PLAIN=plain\nPYTHONIOENCODING=utf-8")
    sealed_for(site, settings, service, {"A_KEY": SECRET, "OTHER": OTHER})
    deployment = site.enqueue(service)
    assert site.manage("deploy_runner", "--once")[0] == 0
    deployment.refresh_from_db()
    log = log_of(deployment)
    assert (deployment.state, log[:20]) == ("succeeded", "got 21 21 plain\n" + "••••"), log[-500:]
    assert log.count("filler " + MASK.decode() + "\n") == 20000
    assert log.endswith("the end, " + MASK.decode())
    stored = "".join("".join(entry.body.split()) for entry in Entry.objects.all())
    for form_ in (SECRET, OTHER, base64.b64encode(b"xxx" + SECRET.encode())[4:-4].decode()):
        assert form_ not in stored and json.dumps(form_) not in stored
    everything = b"".join(
        open(os.path.join(site.var, name), "rb").read()
        for name in os.listdir(site.var)
        if name.startswith("db.sqlite3")
    )
    assert SECRET.encode() not in everything and b"filler" in everything


def test_a_service_whose_secrets_cannot_be_opened_is_not_run_without_them(site, settings):
    settings.DEPLOY_KEYS = ["z" * 40]
    service = make_service("web", [PYTHON, "-c", "print('ran')"])
    service.secrets = {"A": SECRET}
    service.save()
    deployment = site.enqueue(service)
    assert site.manage("deploy_runner", "--once")[0] == 0
    deployment.refresh_from_db()
    assert deployment.state == "failed" and "DEPLOY_KEYS does not have" in deployment.reason
    assert "ran\n" not in log_of(deployment)
