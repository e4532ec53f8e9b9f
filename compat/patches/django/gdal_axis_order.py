"""
Keep longitude before latitude with GDAL 3, which goes by the order of the authority otherwise.

Without this, transform() of a geometry in EPSG:4326 takes the one for the other, silently.
https://docs.djangoproject.com/en/dev/releases/3.1/
"""

import functools

from ...patching.patch import NotNeeded, Patch

patch = Patch(
    __name__,
    package="django",
    versions=">=1.11,<2.0",
    symptom="with GDAL 3, coordinates come out of transform() swapped",
)

TRADITIONAL = 0  # OAMS_TRADITIONAL_GIS_ORDER


@patch.when_imported("django.contrib.gis.gdal.srs")
def repair(srs):
    from ctypes import c_int, c_void_p  # slow to import, and most sites have no maps

    from django.contrib.gis.gdal.libgdal import lgdal

    set_order = getattr(lgdal, "OSRSetAxisMappingStrategy", None)
    if set_order is None:
        raise NotNeeded("this GDAL is older than 3")
    set_order.argtypes, set_order.restype = [c_void_p, c_int], None
    cls = srs.SpatialReference
    stock = vars(cls).get("__init__")
    patch.expect(stock and not hasattr(cls, "axis_order"), "it knows of the order of axes")

    @functools.wraps(stock)
    def __init__(self, *args, **kwargs):
        stock(self, *args, **kwargs)
        set_order(self.ptr, TRADITIONAL)

    patch.replace(cls, "__init__", __init__)
