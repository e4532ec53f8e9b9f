"""docs/reference/patches.md says what the patches say."""

import os
import re
import sys

import pytest

from compat import patches
from compat.advisories import data
from tests.support import CHECKOUT
from tests.support.commands import manage

COMMAND = "python manage.py compat --markdown > docs/reference/patches.md"


@pytest.fixture(scope="module")
def page():
    result = manage("compat", "--markdown")
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_the_page_in_docs_is_up_to_date(page):
    with open(os.path.join(CHECKOUT, "docs", "reference", "patches.md")) as file:
        assert file.read() == page, "docs/reference/patches.md is stale: " + COMMAND
    assert COMMAND in page


def test_every_patch_has_a_row_with_its_symptom_and_source(page):
    rows = {line.split("`")[1]: line for line in page.splitlines() if line.startswith("| `")}
    every = {patch.name: patch for patch in patches.every()}
    assert set(rows) == set(every)
    assert [
        name for name in rows if not re.search(r"\| \[link\]\(https://\S+\) \|$", rows[name])
    ] == []
    finish = rows["channels.request_finish"]
    assert finish == (
        "| `channels.request_finish` | `==2.1.4`; django `>=1.10,<2.0` | any | %s | "
        "[link](https://github.com/django/channels/issues/1175) |"
        % every["channels.request_finish"].symptom
    )


def test_it_is_the_same_whatever_is_switched_off(page):
    assert (
        manage("compat", "--markdown", COMPAT_DISABLE="channels.*,daphne.*", LC_ALL="C").stdout
        == page
    )


def test_every_switch_of_a_security_patch_is_in_docs():
    named = set()
    for patch in patches.every():
        if patch.cves or patch.name.startswith(("security.", "daphne.root_path")):
            with open(sys.modules[patch.module].__file__) as file:
                named |= set(re.findall(r"\bCOMPAT_[A-Z0-9_]+", file.read()))
    with open(os.path.join(CHECKOUT, "docs", "guide", "security.md")) as file:
        told = set(re.findall(r"\bCOMPAT_[A-Z0-9_]+", file.read()))
    assert {"COMPAT_WEBSOCKET_MAX_BYTES", "COMPAT_TRUST_ROOT_PATH"} <= named
    assert named - told == set()


def test_the_page_on_security_says_what_the_table_says():
    with open(os.path.join(CHECKOUT, "docs", "guide", "security.md")) as file:
        text = file.read()
    assert "up to %s" % data.READ_UNTIL in text
    django = [one for one in data.every() if one.component == "django"]
    absent = sum(bool(one.justification) for one in django)
    assert "%d vulnerabilities" % len(django) in text
    assert "%d reach\n1.11.29, %d do not" % (len(django) - absent, absent) in text
