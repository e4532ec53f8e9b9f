"""What `manage.py check` says of the repairs, in a process of its own."""

import json

from tests.support.probe import probe, source


@source
def site(json):
    from django.conf import settings

    settings.configure(SECRET_KEY="probe", INSTALLED_APPS=["compat"], DATABASES={})
    import django

    django.setup()
    from django.core.checks import run_checks

    print(json.dumps([[m.id, m.msg, m.hint] for m in run_checks() if "compat" in m.id]))


def checks(code, **options):
    result = probe(code + site, **options)
    assert not result.returncode, result.error
    return json.loads(result.said)


def test_a_site_in_order_gets_no_warning():
    assert checks("") == []


def test_late_activation_is_warned_of():
    code = "compat.late = None\nimport django\ncompat.install()\n"
    [(number, message, hint)] = checks(code)
    assert number == "compat.W001" and "after Django had been imported" in message
    assert "python -m compat activate" in hint


def test_a_refused_patch_is_warned_of():
    code = """
import asgiref.testing
from compat.patching.patch import Patch
patch = Patch("compat.patches.asgiref", "asgiref", "", symptom="a hang")
patch.when_imported("asgiref.testing")(lambda module: patch.expect(False, "it is another"))
patch.arm()
from compat import patches
patches.load("asgiref").append(patch)
"""
    [(number, message, hint)] = checks(code)
    assert number == "compat.W002"
    assert message == "asgiref could not be repaired: asgiref.testing: it is another"
    assert "Symptom: a hang." in hint and "COMPAT_DISABLE=asgiref" in hint


def test_disabled_and_unknown_names_are_told():
    found = checks("", disable="request_finish,no.such.patch")
    assert [(number, message) for number, message, _ in found] == [
        ("compat.I001", "channels.request_finish is disabled by COMPAT_DISABLE."),
        ("compat.W003", "COMPAT_DISABLE names 'no.such.patch', which is not a patch."),
    ]
