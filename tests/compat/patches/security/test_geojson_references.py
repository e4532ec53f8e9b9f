import json

import pytest

from compat.patches.security.geojson_references import check
from tests.support.gis import GIS, HTTP, needs_gis
from tests.support.probe import probe, prove, source

NAME = "security.geojson_references"


@source
def from_probe():
    global GEOSGeometry, GeometryField, OGRGeometry
    from django.contrib.gis.forms import GeometryField
    from django.contrib.gis.gdal import OGRGeometry
    from django.contrib.gis.geos import GEOSGeometry


def point(crs):
    return json.dumps({"type": "Point", "coordinates": [1, 2], "crs": crs})


def reference(**crs):
    return {"type": crs.pop("type"), "properties": crs}


# BASE stands for the URL of the server.
LINK = point(reference(type="link", href="BASEa"))
SENT = [
    LINK,
    point(reference(type="URL", url="BASEa")),
    LINK.replace("crs", "CRS"),
    LINK.replace('"type": "link"', '"type": "name", "type": "link"'),
    LINK.replace("link", "linked"),
    LINK.replace('"crs"', '"\\u0063rs"'),
    json.dumps({"type": "GeometryCollection", "geometries": [json.loads(LINK)]}),
]


USES = """
for text in %s:
    for use in (GEOSGeometry, GeometryField().clean, OGRGeometry):
        said = told(use, text.replace("BASE", base))
        print("refused" if "Error: " in str(said) else "taken", set(asked))
        del asked[:]
""".replace("%s", repr(SENT))


@needs_gis
def test_no_link_is_followed():
    prove(
        NAME,
        HTTP + from_probe + USES,
        good="\n".join(["refused set()"] * 3 * len(SENT)),
        bad="\n".join(["taken {'/a'}"] * 3 * len(SENT)),
    )


HARMLESS = [
    None,
    reference(type="name", name="EPSG:3857"),
    reference(type="Name", name="urn:ogc:def:crs:OGC:1.3:CRS84"),
    reference(type="EPSG", code=3857),
    reference(type="OGC", urn="urn:ogc:def:crs:EPSG::3857"),
    {},
]


@needs_gis
def test_names_mean_the_same():
    code = GIS + from_probe + "print([told(lambda: str(OGRGeometry(one).srs)) for one in SENT])"
    code = code.replace("SENT", repr([point(crs) for crs in HARMLESS]))
    said = {probe(code, disable=one).said for one in ("", NAME)}
    assert len(said) == 1
    assert said.pop().count('"EPSG","3857"') == 3


@pytest.mark.parametrize("crs", HARMLESS)
def test_harmless_references_pass(crs):
    check(point(crs))
    check(json.dumps({"type": "Feature", "geometry": json.loads(point(crs)), "properties": {}}))


@pytest.mark.parametrize(
    "text",
    SENT
    + [
        point(reference(type="name", name="/etc/passwd")),
        point(reference(type="name", name="http://example.org/a")),
        point(reference(type="name", name="EPSG:4326\0")),
        point(reference(type="name", name=["/etc/passwd"])),
        point(reference(type="OGC", urn="/etc/passwd")),
        point(reference(type=0, href="a")),
        point({"type": "name", "properties": "a"}),
        point("link"),
        point([]),
        LINK.replace('"crs"', '"crs\\u0000a"'),
        "{'type': 'Point'}",
        '{"type": "Point"} {}',
        '{"a": ' + "[" * 100000 + "]" * 100000 + "}",
        json.dumps({"FEATURES": [{"geometry": json.loads(LINK)}]}),
    ],
)
def test_others_do_not(text):
    with pytest.raises(ValueError):
        check(text)


def test_members_of_other_objects_are_not_looked_at():
    check('{"type": "Feature", "geometry": null, "properties": {"crs": "mine"}}')
    check('{"type": "GeometryCollection", "geometries": 7}')
