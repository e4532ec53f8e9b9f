"""`python -m compat advisories` on the source of a Django that is newer than the table."""

import io
import os
import subprocess
import sys
import tarfile

import pytest

from tests.support import CHECKOUT

LISTED = """
Old and new advisories
======================

December 1, 2026 - :cve:`2026-999001`
-------------------------------------

Words about it. See :cve:`2019-1234`, which was another.

* Django 6.1 :commit:`(patch) <0>`

To be announced - :cve:`2026-999004`
------------------------------------

October 6, 2026 - :cve:`2026-77050` / :cve:`2026-999002`
--------------------------------------------------------

July 1, 2019 - :cve:`2019-12781`
--------------------------------

March 4, 2020 - :cve:`2020-9402`
--------------------------------

Issues prior to Django's security process
=========================================

August 16, 2006 - :cve:`2007-0404`
----------------------------------
"""
NOTES = """
===========
Django %s
===========

*%s*

CVE-2026-%s: Something in ``this``
===================================

As for CVE-2026-888888: nothing.
"""


def source(folder, listed=LISTED):
    releases = folder / "django-9" / "docs" / "releases"
    releases.mkdir(parents=True)
    (releases / "security.txt").write_text(listed)
    (releases / "6.1.4.txt").write_text(NOTES % ("6.1.4", "December 1, 2026", "999003"))
    (releases / "6.1.5.txt").write_text(NOTES % ("6.1.5", "Expected January 5, 2027", "999005"))
    (releases / "2.2.3.txt").write_text(NOTES % ("2.2.3", "July 1, 2019", "999009"))
    (releases / "index.txt").write_text("CVE-2026-999008: not here")
    return folder / "django-9"


NEW = ["CVE-2026-%d" % number for number in range(999001, 999006)]


def advisories(*arguments):
    """(exit code, lines on stdout, stderr)."""
    done = subprocess.run(
        [sys.executable, "-m", "compat", "advisories", *map(str, arguments)],
        cwd=CHECKOUT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        universal_newlines=True,
        env=dict(os.environ, LC_ALL="C"),
    )
    return done.returncode, done.stdout.splitlines(), done.stderr


def test_ids_without_a_verdict_are_listed(tmp_path):
    folder = source(tmp_path)
    code, lines, _ = advisories(folder)
    assert code == 1 and lines[:-1] == NEW
    assert lines[-1].startswith("5 without a verdict; advisories were read up to 20")
    assert advisories(folder / "docs" / "releases" / "security.txt")[:2] == (1, lines)


def test_a_source_archive_is_read_without_unpacking_it(tmp_path):
    folder = source(tmp_path)
    archive = tmp_path / "django-9.tar.gz"
    with tarfile.open(str(archive), "w:gz") as file:
        file.add(str(folder), "django-9")
    code, lines, _ = advisories(archive)
    assert code == 1 and lines[:-1] == NEW


def test_a_file_by_another_name_is_read_alone(tmp_path):
    listed = source(tmp_path) / "docs" / "releases" / "security.txt"
    alone = tmp_path / "list.txt"
    alone.write_text(listed.read_text())
    code, lines, _ = advisories(alone)
    assert code == 1
    assert lines[:-1] == [NEW[0], NEW[1], NEW[3]]


def test_nothing_new(tmp_path):
    listed = tmp_path / "list.txt"
    listed.write_text("October 6, 2026 - :cve:`2026-77050`\n-----\n")
    code, lines, _ = advisories(listed)
    assert code == 0
    assert lines[0].startswith("0 without a verdict")


@pytest.mark.parametrize("content", [b"", b"July 1, 2019 - :cve:`2019-12781`\n", b"\xff\xfe", None])
def test_what_is_no_list_is_told(tmp_path, content):
    path = tmp_path / "list.txt"
    if content is not None:
        path.write_bytes(content)
    code, lines, error = advisories(path)
    assert (code, lines) == (2, [])
    assert str(path) in error and error.count("\n") == 1


def test_a_broken_or_foreign_archive_is_told(tmp_path):
    foreign = io.BytesIO()
    with tarfile.open(fileobj=foreign, mode="w:gz") as file:
        file.addfile(tarfile.TarInfo("other-1/README"))
    whole = foreign.getvalue()
    for name, content in [("foreign", whole), ("broken", whole[:-20])]:
        path = tmp_path / (name + ".tar.gz")
        path.write_bytes(content)
        code, lines, error = advisories(path)
        assert (code, lines) == (2, []) and str(path) in error, error
        assert "Traceback" not in error


@pytest.mark.parametrize("arguments", [[], ["a", "b"]])
def test_a_wrong_number_of_paths_is_refused(arguments):
    assert advisories(*arguments)[0] == 2
