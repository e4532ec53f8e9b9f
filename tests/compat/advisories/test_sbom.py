"""The bill of materials of an environment; tests.support.vex_schemas knows its schema."""

import json
import re

import pytest

from compat.advisories import sbom
from tests.support.commands import manage

TIME = "2026-11-23T00:00:00Z"


@pytest.fixture(scope="module")
def written():
    result = manage("compat", "--sbom", "cyclonedx", "--time", TIME)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def test_what_runs_is_in_it_with_its_version(written):
    found = {one["purl"]: one for one in written["components"]}
    assert {"pkg:pypi/django@1.11.29", "pkg:pypi/daphne@2.2.5", "pkg:npm/jquery@2.2.3"} <= set(
        found
    )
    assert found["pkg:pypi/channels@2.1.4"]["licenses"] == [{"license": {"name": "BSD"}}]
    assert len(found) == len(written["components"])
    assert all(re.match(r"pkg:(pypi|npm)/[a-z0-9.-]+@[^@+]+$", purl) for purl in found)
    assert written["metadata"]["timestamp"] == TIME


def test_who_needs_whom(written):
    needs = {one["ref"]: set(one["dependsOn"]) for one in written["dependencies"]}
    assert "pkg:pypi/django@1.11.29" in needs["pkg:pypi/channels@2.1.4"]
    assert "pkg:npm/jquery@2.2.3" in needs["pkg:pypi/django@1.11.29"]
    everything = {one["bom-ref"] for one in written["components"]}
    assert set(needs) == everything | {"python"}
    # Everything is reached from the interpreter, as scanners walk it.
    reached, left = set(), ["python"]
    while left:
        one = left.pop()
        if one not in reached:
            reached.add(one)
            left += needs[one]
    assert reached == everything | {"python"}


def test_without_settings_as_well(written, monkeypatch, capsys):
    from compat import __main__

    monkeypatch.setenv("SOURCE_DATE_EPOCH", "86400")
    assert __main__.main(["--sbom", "cyclonedx"]) == 0
    other = json.loads(capsys.readouterr().out)
    assert other["metadata"].pop("timestamp") == "1970-01-02T00:00:00Z"
    assert {one["bom-ref"] for one in other["components"]} == {
        one["bom-ref"] for one in written["components"]
    }
    with pytest.raises(SystemExit) as error:
        __main__.main(["status", "--sbom", "cyclonedx"])
    assert error.value.code == 2


def test_odd_metadata_is_read_as_far_as_it_goes(tmp_path, monkeypatch):
    for name, text in (
        (
            "a.dist-info",
            "Name: A.b_C\nVersion: 1+local\nRequires-Dist: d (>=1); python_version > '3'\n"
            "Requires-Dist: e; extra == 'x'\nLicense: one\n two\n",
        ),
        ("none.dist-info", "Version: 1\n"),
        ("d-2.egg-info", "Name: d\nVersion: 2\nSummary: UNKNOWN\n"),
    ):
        path = tmp_path / name
        if name.endswith(".dist-info"):
            path.mkdir()
            path = path / "METADATA"
        path.write_text(text)
    (tmp_path / "empty.dist-info").mkdir()
    monkeypatch.setattr(sbom.sys, "path", [str(tmp_path), str(tmp_path / "missing")])
    found = sbom.cyclonedx(sbom.packages(), TIME)
    assert [one["purl"] for one in found["components"] if "pypi" in one["purl"]] == [
        "pkg:pypi/a-b-c@1%2Blocal",
        "pkg:pypi/d@2",
    ]
    assert all("licenses" not in one and "description" not in one for one in found["components"])
    needs = {one["ref"]: one["dependsOn"] for one in found["dependencies"]}
    assert needs["pkg:pypi/a-b-c@1%2Blocal"] == ["pkg:pypi/d@2"]


def test_a_bad_time_is_refused():
    result = manage("compat", "--sbom", "cyclonedx", "--time", "yesterday")
    assert result.returncode == 1 and not result.stdout
    assert "is not a time" in result.stderr
