import struct

import pytest

from compat.patches.security._geometry_depth import LIMIT, wkb_is_too_deep, wkt_is_too_deep
from tests.support.gis import GIS, needs_gis
from tests.support.probe import probe, prove, source

NAME = "security.nested_geometries"


@source(GIS)
def code(os):
    global GEOSGeometry, GeometryField, WKBReader, WKTReader, pickle
    import pickle
    import struct

    from django.contrib.gis.forms import GeometryField
    from django.contrib.gis.geos import GEOSGeometry, WKBReader, WKTReader

    def wkt(depth):
        return "GEOMETRYCOLLECTION (" * depth + "POINT (1 2)" + ")" * depth

    def wkb(depth, kind=7):
        point = b"\x01" + struct.pack("<I2d", 1, 1, 2)
        return (b"\x01" + struct.pack("<2I", kind, 1)) * depth + point

    def ended(function, value):
        child = os.fork()
        if not child:
            try:
                os._exit(0 if str(function(value)) else 1)
            except Exception as error:
                print(type(error).__name__, flush=True)
                os._exit(2)
        status = os.waitpid(child, 0)[1]
        return "signal" if os.WIFSIGNALED(status) else "exit %d" % os.WEXITSTATUS(status)


@source
def uses(GEOSGeometry, GeometryField, WKBReader, WKTReader, ended, wkb, wkt):
    many = 100000
    for function, value in [
        (GEOSGeometry, wkt(many)),
        (GEOSGeometry, memoryview(wkb(many))),
        (GEOSGeometry, memoryview(wkb(many, 4))),
        (GEOSGeometry, wkb(many).hex()),
        (WKTReader().read, wkt(many)),
        (WKBReader().read, wkb(many).hex().encode()),
        (GeometryField().clean, wkt(many)),
    ]:
        print(ended(function, value), flush=True)


@needs_gis
def test_nested_collections_crash_nothing():
    prove(
        NAME,
        code + uses,
        good="GEOSException\nexit 2\n" * 6 + "ValidationError\nexit 2",
        bad="signal\n" * 6 + "signal",
    )


LIMITS = """
print([told(lambda: made(depth).geom_type) for depth in (%d, %d) for made in (
    lambda depth: GEOSGeometry(wkt(depth)),
    lambda depth: GEOSGeometry(memoryview(wkb(depth))),
    lambda depth: GEOSGeometry(wkb(depth).hex()),
    lambda depth: pickle.loads(pickle.dumps(GEOSGeometry(wkt(depth)))),
)])
""" % (LIMIT, LIMIT + 1)


@needs_gis
def test_the_limit_itself_is_read():
    result = probe(code + LIMITS)
    refused = "GEOSException: a geometry of more than 198 nested collections"
    assert result.said == str(["GeometryCollection"] * 4 + [refused] * 4), result.error


@source
def no_geometries(GEOSGeometry, WKBReader, told):
    values = ["zz", "0", "POINT(1", b"\xff", 7, memoryview(b""), memoryview(b"\x01\x07")]
    print([told(read, one) for one in values for read in (GEOSGeometry, WKBReader().read)])


@needs_gis
def test_what_is_no_geometry_fails_as_before():
    said = {probe(code + no_geometries, disable=one).said for one in ("", NAME)}
    assert len(said) == 1
    assert said.pop().count("Error") > 5


def header(kind, count, order="<"):
    return (b"\x01" if order == "<" else b"\0") + struct.pack(order + "2I", kind, count)


POINT = b"\x01" + struct.pack("<I2d", 1, 1, 2)
POLYGON = header(3, 2) + 2 * (struct.pack("<I", 2) + b"\x01\x07\0\0\0\x01\0\0" * 4)
MULTI = header(6, 1) + POLYGON


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize(
    "kind, extra", [(7, b""), (1007, b""), (2007, b""), (3007, b""), (0xC0000007, b"")]
)
def test_every_header_of_a_collection_counts(order, kind, extra):
    wkb = header(kind, 1, order) * LIMIT
    assert not wkb_is_too_deep(wkb + POINT)
    assert wkb_is_too_deep(header(kind, 1, order) + wkb + POINT)
    flagged = header(kind | 0x20000000, 1, order)
    assert wkb_is_too_deep((flagged[:5] + b"\0\0\x10\xe6" + flagged[5:]) * (LIMIT + 1))


@pytest.mark.parametrize("part", [POINT, POLYGON, MULTI, header(2, 1) + POINT[5:]])
def test_parts_side_by_side_are_not_deep(part):
    assert not wkb_is_too_deep(header(7, 500) + (header(7, 1) + part) * 500)
    deep = header(7, 2) * (LIMIT + 1)
    assert wkb_is_too_deep(header(7, 500) + (header(7, 1) + part) * 499 + deep)
    assert wkb_is_too_deep((header(7, 2) + part) * (LIMIT + 1))


def test_a_collection_at_the_limit_may_end_in_a_multipolygon():
    assert not wkb_is_too_deep(header(7, 1) * LIMIT + MULTI)
    assert not wkt_is_too_deep(b"GEOMETRYCOLLECTION(" * LIMIT + b"MULTIPOLYGON(((1 1)))")


@pytest.mark.parametrize("cut", [1, 4, 5, 8, 9])
def test_a_form_that_ends_too_soon_is_left_to_geos(cut):
    wkb = header(7, 2**32 - 1) + (header(7, 1) + POLYGON) * 300
    assert not wkb_is_too_deep(wkb)
    assert not wkb_is_too_deep(wkb + header(3, 2**32 - 1)[:cut])
    assert not wkb_is_too_deep((header(7, 1) + b"\xff") * 300)


@pytest.mark.parametrize(
    "name", [b"GEOMETRYCOLLECTION(", b"geometrycollection  ZM  (", b"GeometryCollection Z M("]
)
def test_text_is_nested_by_its_parentheses(name):
    assert wkt_is_too_deep(name * (LIMIT + 1))
    assert not wkt_is_too_deep(name * LIMIT)
    assert not wkt_is_too_deep(name + (name + b"POINT(1 1)),") * 500)
    assert not wkt_is_too_deep((name + b"))") * 500)
