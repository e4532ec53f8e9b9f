from tests.support.gis import GIS, needs_gis
from tests.support.probe import probe, prove, source

pytestmark = needs_gis


@source(GIS)
def code_probe():
    global CoordTransform, OGRGeometry, Point, SpatialReference
    from django.contrib.gis.gdal import CoordTransform, OGRGeometry, SpatialReference
    from django.contrib.gis.gdal.libgdal import lgdal
    from django.contrib.gis.geos import Point

    def rounded(geometry):
        return " ".join("%d" % one for one in geometry.coords)

    def old():
        return not hasattr(lgdal, "OSRSetAxisMappingStrategy")


def test_longitude_comes_first():
    @source(code_probe)
    def code(OGRGeometry, SpatialReference, rounded):
        for reference in (4326, "4326", "EPSG:4326", "WGS84", SpatialReference(4326).wkt):
            ogr = OGRGeometry("POINT(5 52)", reference)
            ogr.transform(3857)
            print(rounded(ogr))

    old = probe(code_probe + "print(old())").said == "True"
    prove(
        "django.gdal_axis_order",
        code,
        good="\n".join(["556597 6800125"] * 5),
        bad="\n".join(["5788613 557305"] * 4),
        needed=not old,
    )


def test_every_transformation_agrees():
    @source(code_probe)
    def code(CoordTransform, Point, SpatialReference, rounded):
        point = Point(5, 52, srid=4326)
        there = CoordTransform(SpatialReference(4326), SpatialReference(3857))
        ogr = point.ogr
        ogr.transform(there)
        back = ogr.clone()
        back.transform(4326)
        print(
            rounded(point.transform(3857, clone=True)),
            "|",
            rounded(ogr),
            "|",
            [round(one) for one in back.coords],
            back.srs.srid,
        )

    assert probe(code).said == "556597 6800125 | 556597 6800125 | [5, 52] 4326"
