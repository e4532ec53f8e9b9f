import pytest

from compat.patches.django.geos_version import Version
from tests.support.gis import GIS, needs_gis
from tests.support.probe import probe, prove, source


@source(GIS)
def code(told):
    global info
    from django.contrib.gis import geos
    from django.contrib.gis.geos import LineString, MultiLineString

    info = geos.geos_version_info()
    print(geos.HAS_GEOS, told(lambda: MultiLineString(LineString((0, 0), (1, 1))).closed))


@needs_gis
def test_a_new_geos_is_not_an_old_one():
    result = probe(code + "print(info['major'], info['minor'])", disable="geos_version")
    known = tuple(map(int, result.said.split()[-2:])) < (3, 10)
    if known:
        pytest.skip("this GEOS is older than 3.10")
    prove("django.geos_version", code, good="True False", bad="False GEOSException:")


def test_versions_are_compared_by_their_numbers():
    old, new = Version("3.5.1"), Version("3.11.1")
    assert new > "3.5" and new >= "3.3.0" and not new < "3.5" and not new <= old
    assert old < "3.6" and old <= "3.5.1" and old == "3.5.1" and not old > "3.10"
    assert {new: 1}["3.11.1"] == 1 and sorted([new, old]) == [old, new]
