"""Which versions a patch is for, and which one is installed."""

import importlib
import os
import shutil
import sys

import pytest

from compat.patching import versions
from compat.patching.versions import installed_version, matches


@pytest.mark.parametrize(
    "version, versions, holds",
    [
        ("2.1.4", "==2.1.4", True),
        ("2.1.4", "!=2.1.4", False),
        ("2.1.4", ">=2.0,<2.1.5", True),
        ("2.1.5", ">=2.0,<2.1.5", False),
        ("2.1.10", "<2.1.5", False),
        ("2.0", ">=2", True),
        ("2.0.0", "==2.0", True),
        ("3.11.7", ">=3.11", True),
        ("3.10.13", ">3.9,<=3.10.13", True),
        ("2.3rc1", "==2.3", True),
        ("2.9.9.post1", ">2.9.8", True),
        ("1.11.29", " >= 1.8 , < 2.0 ", True),
    ],
)
def test_version_clauses(version, versions, holds):
    assert matches(version, versions) is holds


@pytest.mark.parametrize("versions", ["2.1", "~=2.1", ">=", "", ">=2,", "==a"])
def test_a_malformed_clause_is_an_error(versions):
    with pytest.raises(ValueError, match="not a version clause"):
        matches("2.1", versions)


def test_the_installed_version(library):
    name = library(version="1.5.2")
    assert installed_version(name) == "1.5.2"
    module = importlib.import_module(name)
    module.__version__ = "1.6 (with extras)"  # what runs goes before what the metadata says
    assert installed_version(name) == "1.6"
    assert installed_version("no_such_library") == ""
    assert installed_version("django").startswith("1.11")


@pytest.mark.parametrize(
    "folder", ["Some_Lib-1.5-py3.7.egg-info", "some.lib-1.5.egg-info", "Some_lib-1.5.dist-info"]
)
def test_the_version_by_the_name_of_a_folder(tmp_path, monkeypatch, folder):
    (tmp_path / folder).mkdir()
    monkeypatch.syspath_prepend(str(tmp_path))
    assert installed_version("some_lib") == "1.5"


def test_what_is_installed_meanwhile_is_seen(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(tmp_path))
    os.utime(str(tmp_path), (1, 1))
    assert installed_version("some_lib") == ""
    (tmp_path / "some_lib-1.5.dist-info").mkdir()
    assert installed_version("some_lib") == "1.5"
    shutil.rmtree(str(tmp_path))
    assert installed_version("some_lib") == ""


def test_a_python_that_nobody_tried_is_one_line(monkeypatch):
    monkeypatch.setattr(versions, "NEWEST", sys.version_info[:2])
    assert versions.python_is_untried() == ""
    monkeypatch.setattr(versions, "NEWEST", (3, 5))
    newer = "Python %d.%d is newer" % sys.version_info[:2]
    assert versions.python_is_untried().startswith(newer)
    assert versions.python_is_untried().endswith("the newest is 3.5.")
