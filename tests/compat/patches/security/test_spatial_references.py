import pytest

from compat.patches.security._spatial_references import is_local
from tests.support import CHECKOUT
from tests.support.gis import GIS, HTTP, needs_gis
from tests.support.probe import probe, prove, source

NAME = "security.spatial_references"
FROM = "from django.contrib.gis.gdal import OGRGeometry, SpatialReference\n"
FROM += "from django.contrib.gis.geos import Point\n"


@source
def urls(OGRGeometry, Point, SpatialReference, asked, base, told):
    for use in [
        lambda: SpatialReference(base + "a").name,
        lambda: SpatialReference("/vsicurl/" + base + "a").name,
        lambda: Point(1, 2, srid=4326).transform(base + "a"),
        lambda: OGRGeometry("POINT(1 2)", base + "a").srs,
    ]:
        said = told(use)
        print("refused" if "cannot be a path or a URL" in str(said) else "taken", bool(asked))
        del asked[:]


@needs_gis
def test_no_url_is_asked_for():
    prove(
        NAME,
        HTTP + FROM + urls,
        good="\n".join(["refused False"] * 4),
        bad="\n".join(["taken True"] * 4),
    )


@source(GIS, FROM)
def file(SpatialReference, os, told):
    import tempfile

    wkt = SpatialReference(3857).wkt
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        with open("a.wkt", "w") as file:
            file.write(wkt)
        with open("a.dict", "w") as file:
            file.write("7," + wkt)
        for text in (folder + "/a.wkt", "a.wkt", "./a.wkt", "DICT:a.dict,7"):
            said = told(lambda: SpatialReference(text).name)
            print("refused" if "cannot be a path or a URL" in said else said)


@needs_gis
def test_no_file_is_read():
    prove(
        NAME,
        file,
        good="\n".join(["refused"] * 4),
        bad="\n".join(["WGS 84 / Pseudo-Mercator"] * 4),
    )


LOCAL = [
    "WGS84",
    "nad83",
    "NAD83 / Texas South Central",
    "ETRS89-extended / LAEA Europe",
    "RGF93 v1 / Lambert-93 (France)",
    "EPSG:4326",
    " epsg:4326",
    "EPSG:4326+5773",
    "OGC:CRS84",
    "CRS:84",
    "AUTO:42001,-117,33",
    "IAU_2015:30100",
    "urn:ogc:def:crs:EPSG::4326",
    "urn:ogc:def:crs,crs:EPSG:6.3:27700,crs:EPSG:6.3:5701",
    "http://www.opengis.net/def/crs/EPSG/0/4326",
    "http://www.opengis.net/def/crs-compound?1=http://www.opengis.net/def/crs/EPSG/0/4326",
    "+proj=utm +zone=33 +datum=WGS84",
    "+init=epsg:3857",
    "proj=longlat",
    "+proj=merc +a=6378137 +nadgrids=@null +wktext",
    'GEOGCS["WGS 84",DATUM["x / y",SPHEROID["a",1,2]]]',
    "ESRI::GEOGCS[]",
    "BOUNDCRS [\n]",
    '{"type": "GeographicCRS"}',
    "EPSG:4326\0/etc/passwd",
]
FOREIGN = [
    "",
    "/etc/passwd",
    "etc/passwd",
    "../a",
    ".a",
    "~/a",
    "C:\\a",
    "c:/a",
    "http://127.0.0.1/",
    "https://www.opengis.net.example.org/def/crs/a",
    "http://example.org/www.opengis.net/def/crs/a",
    "ftp://a/b",
    "/vsicurl/http://a",
    "DICT:a,7",
    " dict:a,7",
    "ESRI::DICT:a,7",
    "ESRI::/etc/passwd",
    "esri::http://a/b",
    "+init=/etc/passwd:1",
    "+proj=longlat +nadgrids=/etc/passwd",
    "+proj=longlat +nadgrids= ../a",
    "<xml/>",
    "\n/etc/passwd",
    "EPSG:4326\n/etc",
    "manage.py",  # there is one
    "tests",
]


@pytest.mark.parametrize("text", LOCAL)
def test_names_codes_and_definitions_are_local(text):
    assert is_local(text)


@pytest.mark.parametrize("text", FOREIGN)
def test_paths_and_urls_are_not(text, monkeypatch):
    monkeypatch.chdir(CHECKOUT)
    assert not is_local(text)


@needs_gis
def test_references_mean_the_same():
    code = GIS + FROM + "print([told(lambda: SpatialReference(one).wkt) for one in %r])"
    code = code.replace("%r", repr(LOCAL))
    said = {probe(code, disable=one).said for one in ("", NAME)}
    assert len(said) == 1
    assert said.pop().count("AUTHORITY") > 20
