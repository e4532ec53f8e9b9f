"""The pages of docs/reference that are made from records say what these say."""

import os
import re
import sys

import pytest

from compat import _check_ids, patches
from compat.advisories import data
from compat.checks import settings
from compat.management import pages
from tests.support import CHECKOUT
from tests.support.commands import manage

PAGES = sorted(pages.PAGES)


def printed(page, **environ):
    result = manage("compat", "--markdown", page, **environ)
    assert result.returncode == 0, result.stderr
    return result.stdout


@pytest.fixture(scope="module")
def page():
    return printed("patches")


@pytest.mark.parametrize("name", PAGES)
def test_the_page_in_docs_is_up_to_date(name):
    text = printed(name)
    with open(os.path.join(CHECKOUT, "docs", "reference", name + ".md"), encoding="utf-8") as file:
        assert file.read() == text, "docs/reference/%s.md is stale: make docs" % name
    assert "manage.py compat --markdown %s > docs/reference/%s.md" % (name, name) in text


def test_make_docs_writes_all_of_them():
    with open(os.path.join(CHECKOUT, "Makefile")) as file:
        (listed,) = re.findall("for page in ([a-z -]+); do", file.read())
    assert sorted(listed.split()) == PAGES


def test_the_page_without_a_name_is_that_of_patches(page):
    assert manage("compat", "--markdown").stdout == page


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


@pytest.mark.parametrize("name", PAGES)
def test_it_is_the_same_whatever_is_set(name):
    environ = {"COMPAT_DISABLE": "channels.*,daphne.*", "COMPAT_DRAIN_SECONDS": "9", "DEBUG": "1"}
    environ["COMPAT_ALLOW_MULTIPLE_FILES"] = "1"
    assert printed(name, LC_ALL="C", PYTHONIOENCODING="utf-8", **environ) == printed(name)


def test_every_setting_is_on_its_page():
    rows = re.findall("^\\| `([A-Z_0-9]+)`", printed("settings"), re.M)
    assert sorted(rows) == sorted(record.name for record in settings.every())
    assert {"STREAMS_SLOW_BYTES", "DEPLOY_MAX_FRAME", "DEPLOY_CONF_PROGRAMS", "DEBUG"} <= set(rows)


def test_every_check_is_on_its_page():
    rows = re.findall("^\\| `([a-z]+[.][A-Z][0-9]+)`", printed("checks"), re.M)
    assert sorted(rows) == sorted(_check_ids.KNOWN)


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
