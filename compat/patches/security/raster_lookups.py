"""
Open and create no rasters for the values of spatial lookups (CVE-2026-15307).

A dict, or its JSON, made GDAL create a raster with the driver and at the path that it names; other
strings were opened as files. The admin's filters in the query string reach that. A GDALRaster may
be looked up as before, values may be assigned to fields as before, and the setting
COMPAT_ALLOW_RASTER_LOOKUPS = True leaves things as they were, for a site whose lookups have values
of its own only.
https://www.djangoproject.com/weblog/2026/aug/04/security-releases/
"""

import functools

from ...patching.patch import Patch
from ...patching.switches import Switch

patch = Patch(
    __name__,
    package="django",
    versions=">=1.11,<2.0",
    symptom="a value of a spatial lookup can create and open files",
    cves=("CVE-2026-15307",),
)

allowed = Switch(
    "COMPAT_ALLOW_RASTER_LOOKUPS",
    text="True: values of spatial lookups may be dicts, JSON and paths of rasters. Only where none "
    "of them comes from a request; the admin takes them from the query string.",
    reopens=patch.cves,
)


@patch.when_imported("django.contrib.gis.db.models.fields")
def repair(fields):
    cls = fields.BaseSpatialField
    stock = vars(cls).get("get_raster_prep_value")
    patch.expect(stock and "get_prep_value" in vars(cls), "values are prepared differently")
    GDALRaster = fields.gdal.GDALRaster

    @functools.wraps(stock)
    def get_raster_prep_value(self, value, is_candidate):
        if allowed():
            return stock(self, value, is_candidate)
        if isinstance(value, GDALRaster):
            return value
        if isinstance(value, dict):
            raise ValueError(
                "a spatial lookup takes no dict: make it a GDALRaster, if nobody else can choose "
                "what is in it"
            )
        return None  # what is no geometry is then refused

    patch.replace(cls, "get_raster_prep_value", get_raster_prep_value)
