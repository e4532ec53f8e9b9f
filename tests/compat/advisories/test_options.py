"""What a site opens to again by an option is said: by `manage.py compat --cves`, and in VEX."""

import sys

import pytest

from compat import patches
from compat._settings import RECORDS, Setting
from compat.patching.switches import Switch
from tests.support.probe import probe

ALL = patches.every()
OPTIONS = [record for record in RECORDS.values() if record.reopens]
TEXTS = {True: "1", False: "0", None: "none"}  # as 0 is False
CLOSED = {"fixed", "not_affected"}  # the latter where GeoDjango cannot be imported

CODE = """
from django.conf import settings
settings.configure(**%r)
from compat.advisories import verdicts, vex
found = {one.advisory.id: one for one in verdicts.outcomes()}
written = {
    one["vulnerability"]["name"]: one["status"]
    for one in vex.openvex(vex.current(), "2026-01-01T00:00:00Z")["statements"]
}
for cve in %r:
    print(cve, found[cve].status, written[cve], found[cve].reason.rpartition("; ")[2])
"""


def outcomes(cves, settings=None, env=None):
    """[id, status, status in VEX, the end of the reason] of each."""
    result = probe(CODE % (settings or {}, sorted(cves)), env=env)
    assert result.returncode == 0, result.error
    return [line.split(" ", 3) for line in result.said.splitlines()]


def opened(option):
    reason = "%s is %r" % (option.name, option.at)
    return [[cve, "open", "affected", reason] for cve in sorted(option.reopens)]


def test_every_option_of_a_patch_that_answers_an_advisory_says_which_it_reopens():
    assert len(OPTIONS) >= 8
    for patch in ALL:
        for option in vars(sys.modules[patch.module]).values():
            if isinstance(option, Setting) and patch.cves:
                assert set(option.reopens) & set(patch.cves), option.name
    answered = {cve for patch in ALL for cve in patch.cves}
    assert answered.issuperset(cve for option in OPTIONS for cve in option.reopens)


def test_by_default_none_is_open():
    cves = {cve for option in OPTIONS for cve in option.reopens}
    found = outcomes(cves)
    assert {one[1] for one in found} == {"fixed"}
    assert {one[2] for one in found} <= CLOSED


@pytest.mark.parametrize("option", OPTIONS, ids=lambda option: option.name)
def test_an_advisory_that_the_environment_reopens_is_open(option):
    environ = {option.variable: TEXTS[option.at]}
    assert outcomes(option.reopens, env=environ) == opened(option)


@pytest.mark.parametrize(
    "option",
    [option for option in OPTIONS if isinstance(option, Switch)],
    ids=lambda option: option.name,
)
def test_an_advisory_that_a_setting_reopens_is_open(option):
    settings = {option.name: option.at}
    assert outcomes(option.reopens, settings) == opened(option)
    environ = {option.variable: "0" if option.at is True else "1"}  # which is over the settings
    found = outcomes(option.reopens, settings, environ)
    assert {one[1] for one in found} == {"fixed"} and {one[2] for one in found} <= CLOSED


def test_other_advisories_of_the_same_patch_stay_closed():
    environ = {"COMPAT_DATA_UPLOAD_MAX_NUMBER_FILES": "none"}
    first, second = outcomes(["CVE-2022-23833", "CVE-2023-24580"], env=environ)
    assert first[:3] == ["CVE-2022-23833", "fixed", "fixed"]
    assert second[:3] == ["CVE-2023-24580", "open", "affected"]
