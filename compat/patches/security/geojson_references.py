"""
Refuse a GeoJSON geometry whose "crs" is a link or a path (CVE-2026-111362).

GDAL opens it wherever a geometry is made of text: in form fields, in lookups, in GEOSGeometry. The
names of RFC 7946's predecessor (EPSG:4326, urn:ogc:def:crs:OGC:1.3:CRS84) stay. DataSource and
LayerMapping, which read files anyway, are as before.
https://www.djangoproject.com/weblog/2026/nov/03/security-releases/
"""

import functools
import json

from ...patching.patch import Patch

patch = Patch(
    __name__,
    package="django",
    versions=">=1.11,<2.0",
    symptom='GeoJSON with a "crs" that links to a file or a URL makes GDAL open it',
    cves=("CVE-2026-111362",),
)


class Pairs(list):
    """A JSON object with all its members, also those of the same name."""


def members(value, *names):
    """The values of an object's members; GDAL ignores case, and whatever follows a NUL."""
    return [one for name, one in value if name.partition("\0")[0].lower() in names]


def check(text):
    """ValueError for text that is no JSON object, or one with a reference that may be opened."""
    try:
        value = json.loads(text, object_pairs_hook=Pairs)
    except RecursionError:
        raise ValueError("GeoJSON that is nested too deep")
    geometries = [value]
    while geometries:
        geometry = geometries.pop()
        if isinstance(geometry, Pairs):
            for crs in members(geometry, "crs"):
                if crs is not None and not is_harmless(crs):
                    raise ValueError("GeoJSON with a crs that is no name of one")
            geometries += members(geometry, "geometry")
            for several in members(geometry, "geometries", "features"):
                geometries += several if type(several) is list else []


def is_harmless(crs):
    """Whether GDAL opens nothing for it: of known types only, and with names only."""
    from ._spatial_references import is_local  # its patterns only where there are maps

    if not isinstance(crs, Pairs):
        return False
    if not all(
        isinstance(kind, str) and kind.lower() in ("name", "epsg", "ogc")
        for kind in members(crs, "type")
    ):
        return False
    for properties in members(crs, "properties"):
        if not isinstance(properties, Pairs):
            return False
        for name in members(properties, "name", "urn"):
            if not isinstance(name, str) or "\0" in name or not is_local(name):
                return False
    return True


@patch.when_imported("django.contrib.gis.gdal.geometries")
def repair(geometries):
    cls = geometries.OGRGeometry
    stock = vars(cls).get("__init__")
    json_regex = vars(geometries).get("json_regex")
    patch.expect(stock and json_regex, "GeoJSON is read differently")

    @functools.wraps(stock)
    def __init__(self, geom_input, srs=None):
        if isinstance(geom_input, str) and json_regex.match(geom_input):
            check(geom_input)
        stock(self, geom_input, srs)

    patch.replace(cls, "__init__", __init__)
