"""The verdicts on published advisories, and what is claimed of them."""

import json
from collections import Counter

import pytest

from compat.advisories import data, reviews, table, verdicts
from compat.patches import every as every_patch
from tests.support.commands import manage
from tests.support.probe import probe, source

DJANGO = [one for one in data.every() if one.component == "django"]
SEVERITIES = {"critical", "high", "moderate", "low", "unrated"}
VALIDATOR = "security.url_validator_newlines"


def test_each_of_djangos_94_has_one_verdict():
    assert len({one.id for one in DJANGO}) == len(DJANGO) == 94
    assert Counter(bool(one.justification) for one in DJANGO) == {False: 69, True: 25}
    assert {one.severity for one in DJANGO} == SEVERITIES - {"critical"}


def test_every_row_says_something_and_is_of_a_known_kind():
    every = data.every()
    assert len({one.id for one in every}) == len(every)
    for one in every:
        assert one.component in reviews.by_package() and one.text
        assert one.justification in ("",) + data.JUSTIFICATIONS
        assert one.severity in SEVERITIES
        assert not one.versions or verdicts.matches("1", one.versions) in (True, False)
        assert not (one.reach and one.justification), one.id


def test_a_patch_answers_only_what_has_a_verdict_of_affected():
    affected = {one.id for one in data.every() if not one.justification}
    claimed = {cve for patch in every_patch() for cve in patch.cves}
    assert claimed - affected == set()


ADVISORY = data.Advisory("CVE-2099-12345", "django", "high", "", "", "about")


class Answer(object):
    """Stands for a patch in a state."""

    armed, complaint = True, None

    def __init__(self, *state):
        self.name = "a.%s" % state[0].replace(" ", "_")
        self.state = lambda: state


APPLIED, WAITING = Answer("applied", ""), Answer("waiting", "until x is imported")
NOT_NEEDED = Answer("not needed", "x is 2.0")
REFUSED, DISABLED = Answer("refused", "x: it is another"), Answer("disabled", "COMPAT_DISABLE")


def outcome(*answers, version="1.11.29", advisory=ADVISORY):
    return verdicts.outcome(advisory, version, list(answers))


@pytest.mark.parametrize(
    "answers, status, reason",
    [
        ((), "open", "no patch answers it"),
        ((APPLIED,), "fixed", "a.applied: applied"),
        ((WAITING,), "fixed", "a.waiting: waiting (until x is imported)"),
        ((NOT_NEEDED,), "not affected", "a.not_needed: not needed (x is 2.0)"),
        ((REFUSED,), "open", "a.refused: refused (x: it is another)"),
        ((DISABLED,), "open", "a.disabled: disabled (COMPAT_DISABLE)"),
        ((APPLIED, WAITING, NOT_NEEDED), "fixed", None),
        ((APPLIED, REFUSED), "open", None),
        ((APPLIED, DISABLED), "open", None),
    ],
)
def test_only_what_is_applied_or_waits_is_fixed(answers, status, reason):
    found = outcome(*answers)
    assert found.status == status
    assert found.reason == reason or reason is None
    assert found.patches == [answer.name for answer in answers]


def test_versions_that_nobody_has_read_are_open():
    assert outcome(APPLIED, version="2.2.28").status == "open"
    absent = data.Advisory("CVE-2099-1", "django", "high", "", data.NOT_PRESENT, "why")
    assert outcome(advisory=absent).reason == "why"
    assert outcome(advisory=absent, version="2.2.28").status == "open"
    own = ADVISORY._replace(component="twisted", versions="<23.10")
    assert outcome(advisory=own, version="24.11.0").status == "not affected"
    assert outcome(advisory=own, version="22.4.0").status == "open"
    assert outcome(advisory=own, version="").justification == "component_not_present"


TWISTED = {
    "19.10.0": {"CVE-2020-10108", "CVE-2020-10109", "CVE-2022-24801"},
    "22.2.0": {"CVE-2022-24801"},
    "22.4.0": set(),
    "22.10.0rc1": set(),
    "24.11.0": set(),
}


def test_where_no_patch_answers_it_the_reach_is_said():
    far = ADVISORY._replace(reach="on loopback")
    assert outcome(advisory=far).reason == "no patch answers it; on loopback"
    assert table.state_of(outcome(advisory=far)) == "open: about; no patch answers it; on loopback"


@pytest.mark.parametrize("version", sorted(TWISTED))
def test_what_no_patch_answers_of_twisted(version):
    patched = {cve for patch in every_patch() for cve in patch.cves}
    found = verdicts.outcomes(lambda component: version if component == "twisted" else "")
    left = [one.advisory.id for one in found if one.status == "open"]
    assert set(left) - patched == TWISTED[version]


@pytest.mark.parametrize(
    "cve, affected, repaired",
    [
        ("CVE-2022-39348", "22.4.0", "22.10.0rc1"),
        ("CVE-2022-21712", "22.0", "22.1.0"),
        ("CVE-2022-21716", "22.1.0", "22.2.0"),
        ("CVE-2026-42304", "24.11.0", "26.4.0"),
        ("CVE-2026-115774", "26.4.0", "26.10.0"),
    ],
)
def test_what_daphne_does_not_run_of_twisted(cve, affected, repaired):
    (advisory,) = [one for one in data.every() if one.id == cve]
    old, new = [outcome(advisory=advisory, version=version) for version in (affected, repaired)]
    assert (old.status, old.justification) == ("not affected", data.NOT_EXECUTED)
    assert (new.status, new.justification) == ("not affected", data.NOT_PRESENT)


@source
def claim():
    global django
    import django

    from compat.advisories import verdicts

    print({one.advisory.id: one.status for one in verdicts.outcomes()}["CVE-2021-32052"])


# `-S` leaves out what `python -m compat activate` has put there.
NOT_INSTALLED = (
    """
import subprocess, sys
code = "import sys; sys.path[:] = %%r\\n" %% sys.path + %r
print(subprocess.check_output([sys.executable, "-S", "-c", code], universal_newlines=True))
"""
    % claim
)


def test_nothing_is_claimed_where_the_bridge_was_not_installed():
    claimed, not_installed = probe(claim), probe(NOT_INSTALLED)
    assert claimed.said == "fixed", claimed.error
    assert not_installed.said == "open", not_installed.error


@pytest.fixture(scope="module")
def listed():
    result = manage("compat", "--cves")
    assert result.returncode == 0, result.stderr
    return result.stdout.splitlines()


def row(lines, cve):
    (found,) = [line for line in lines if line.split()[0] == cve]
    return found


def test_the_list_has_every_advisory_and_ends_with_the_counts(listed):
    there = [one.id for one in data.every() if verdicts.version_of(one.component)]
    assert [line.split()[0] for line in listed[: len(there)]] == there
    read = [line for line in listed[len(there) : -2]]
    assert read[0].startswith("Read up to %s (" % data.READ_UNTIL)
    named = [name for line in read for name in line.rpartition(": ")[2].rstrip(".").split(", ")]
    assert named == [name for name in reviews.by_package() if verdicts.version_of(name)]
    assert {"django", "msgpack", "cryptography", "supervisor"} <= set(named)
    words = listed[-1].replace(",", "").split()
    assert words[:3] == ["94", "Django", "CVEs:"]
    assert int(words[3]) + int(words[5]) + int(words[8]) == 94


def test_a_row_says_what_became_of_it(listed):
    end = "django unrated affected fixed by %s: applied" % VALIDATOR
    assert " ".join(row(listed, "CVE-2021-32052").split()).endswith(end)
    assert "vulnerable_code_not_present: FilteredRelation" in row(listed, "CVE-2025-57833")
    assert row(listed, "CVE-2026-44545").endswith("fixed by daphne.message_size: applied")
    assert row(listed, "CVE-2020-11022").split()[1:4] == ["jquery", "moderate", "affected"]


def test_what_is_disabled_is_open(listed):
    lines = manage("compat", "--cves", COMPAT_DISABLE=VALIDATOR).stdout.splitlines()
    assert "open: %s: disabled" % VALIDATOR in row(lines, "CVE-2021-32052")
    answered = [int(found[-1].split()[3]) for found in (listed, lines)]
    assert answered[0] - answered[1] == 1


def test_the_list_as_json():
    found = json.loads(manage("compat", "--cves", "--json").stdout)
    (one,) = [each for each in found if each["id"] == "CVE-2021-32052"]
    assert (one["status"], one["patches"]) == ("fixed", [VALIDATOR])
    assert len(found) == len(data.every())


def test_jquery_is_the_one_in_django():
    assert verdicts.version_of("jquery") == "2.2.3"


@pytest.mark.parametrize(
    "complaint, answer, status, justification, reason",
    [
        ("", APPLIED, "fixed", "", "applied"),
        ("x is old", APPLIED, "open", "", "not in effect (x is old)"),
        ("x is old", DISABLED, "open", "", "not in effect (x is old)"),
        ("x is old", REFUSED, "open", "", "refused (x: it is another)"),
        ("", DISABLED, "not affected", data.NOT_EXECUTED, "not needed (nothing that this "),
        ("", WAITING, "not affected", data.NOT_EXECUTED, "not needed (nothing that this "),
    ],
)
def test_what_is_in_use_decides_where_that_can_be_seen(
    complaint, answer, status, justification, reason, monkeypatch
):
    monkeypatch.setattr(answer, "complaint", lambda: complaint)
    found = outcome(answer)
    assert (found.status, found.justification) == (status, justification)
    assert found.reason.startswith("%s: %s" % (answer.name, reason))
