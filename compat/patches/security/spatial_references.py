"""
Open no file and no URL for a SpatialReference (CVE-2026-114582).

GDAL takes text that it does not know otherwise for a path or a URL, and reads it; GDAL 3.9 can be
told not to, this works with every one. WKT, PROJJSON, PROJ strings, codes (EPSG:4326), URNs and
names stay.
https://www.djangoproject.com/weblog/2026/nov/03/security-releases/
"""

import functools

from ...patching.patch import Patch

patch = Patch(
    __name__,
    package="django",
    versions=">=1.11,<2.0",
    symptom="SpatialReference(text) and transform(text) open files and URLs",
    cves=("CVE-2026-114582",),
)


@patch.when_imported("django.contrib.gis.gdal.srs")
def repair(srs):
    from django.contrib.gis.gdal.error import GDALException
    from django.utils.encoding import force_text

    from ._spatial_references import is_local  # its patterns only where there are maps

    cls = srs.SpatialReference
    stock = vars(cls).get("import_user_input")
    patch.expect(stock, "text is imported differently")

    @functools.wraps(stock)
    def import_user_input(self, user_input):
        if not is_local(force_text(user_input, errors="replace")):
            raise GDALException("a spatial reference cannot be a path or a URL: %r" % (user_input,))
        return stock(self, user_input)

    patch.replace(cls, "import_user_input", import_user_input)
