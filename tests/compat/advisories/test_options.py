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
SWITCHES = [option for option in OPTIONS if isinstance(option, Switch)]
CVES = {cve for option in OPTIONS for cve in option.reopens}
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
    found = outcomes(CVES)
    assert len(found) == len(CVES) and {one[1] for one in found} == {"fixed"}
    assert {one[2] for one in found} <= CLOSED


@pytest.fixture(scope="module")
def by_environment():
    """What a process says that has all of the variables; the reasons tell the options apart."""
    return outcomes(CVES, env={option.variable: TEXTS[option.at] for option in OPTIONS})


@pytest.mark.parametrize("option", OPTIONS, ids=lambda option: option.name)
def test_an_advisory_that_the_environment_reopens_is_open(by_environment, option):
    assert [one for one in by_environment if one[0] in option.reopens] == opened(option)


@pytest.fixture(scope="module")
def by_settings():
    return outcomes(CVES, {option.name: option.at for option in SWITCHES})


@pytest.fixture(scope="module")
def by_both():
    """Open by the settings, closed by the environment."""
    return outcomes(
        CVES,
        {option.name: option.at for option in SWITCHES},
        {option.variable: "0" if option.at is True else "1" for option in SWITCHES},
    )


@pytest.mark.parametrize("option", SWITCHES, ids=lambda option: option.name)
def test_an_advisory_that_a_setting_reopens_is_open(by_settings, by_both, option):
    assert [one for one in by_settings if one[0] in option.reopens] == opened(option)
    # The environment is over the settings.
    found = [one for one in by_both if one[0] in option.reopens]
    assert len(found) == len(option.reopens)
    assert {one[1] for one in found} == {"fixed"} and {one[2] for one in found} <= CLOSED


def test_other_advisories_of_the_same_patch_stay_closed():
    environ = {"COMPAT_DATA_UPLOAD_MAX_NUMBER_FILES": "none"}
    first, second = outcomes(["CVE-2022-23833", "CVE-2023-24580"], env=environ)
    assert first[:3] == ["CVE-2022-23833", "fixed", "fixed"]
    assert second[:3] == ["CVE-2023-24580", "open", "affected"]
