"""
Refuse the index of a raster's band that is no integer (CVE-2026-1207).

It goes into the SQL of a lookup on PostGIS as it is.
https://www.djangoproject.com/weblog/2026/feb/03/security-releases/
"""

import functools

from ...patching.patch import Patch

patch = Patch(
    __name__,
    package="django",
    versions=">=1.11,<2.0",
    symptom="the band in a raster lookup on PostGIS can be any SQL",
    cves=("CVE-2026-1207",),
)


@patch.when_imported("django.contrib.gis.db.backends.postgis.operations")
def repair(operations):
    operator = operations.PostGISOperator
    stock = vars(operator).get("check_raster")
    patch.expect(stock and hasattr(operations, "GDALRaster"), "bands are put in differently")

    @functools.wraps(stock)
    def check_raster(self, lookup, template_params):
        rhs = lookup.rhs[0] if isinstance(lookup.rhs, (tuple, list)) else lookup.rhs
        bands = []
        if lookup.lhs.field.geom_type == "RASTER":
            bands.append(lookup.band_lhs)
        if isinstance(rhs, operations.GDALRaster):
            bands.append(lookup.band_rhs)
        for band in bands:
            if band is not None and not isinstance(band, int):
                raise TypeError("the index of a band must be an integer, not %r" % (band,))
        return stock(self, lookup, template_params)

    patch.replace(operator, "check_raster", check_raster)
