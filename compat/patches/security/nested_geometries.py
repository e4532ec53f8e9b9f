"""
Refuse geometries with more than 198 nested collections (CVE-2026-15830).

GEOS's readers call themselves for each level; a form of 200 kB ends the process.
https://www.djangoproject.com/weblog/2026/aug/04/security-releases/
"""

import binascii
import functools

from ...patching.patch import Patch

patch = Patch(
    __name__,
    package="django",
    versions=">=1.11,<2.0",
    symptom="a geometry of nested collections crashes the process",
    cves=("CVE-2026-15830",),
)


@patch.when_imported("django.contrib.gis.geos.prototypes.io")
def repair(io):
    # All text and all binary forms come through these: GEOSGeometry, pickles, rows, WKTReader.
    wkt, wkb = vars(io._WKTReader).get("read"), vars(io._WKBReader).get("read")
    patch.expect(wkt and wkb, "geometries are read differently")
    from django.contrib.gis.geos.error import GEOSException

    # Its patterns are compiled only where there are maps.
    from ._geometry_depth import LIMIT, wkb_is_too_deep, wkt_is_too_deep

    def refuse():
        raise GEOSException("a geometry of more than %d nested collections" % LIMIT)

    @functools.wraps(wkt)
    def read_wkt(self, text):
        raw = text.encode("utf-8", "replace") if isinstance(text, str) else text
        if isinstance(raw, bytes) and wkt_is_too_deep(raw):
            refuse()
        return wkt(self, text)

    @functools.wraps(wkb)
    def read_wkb(self, value):
        if isinstance(value, memoryview):
            raw = bytes(value)
        elif isinstance(value, (bytes, str)):  # hexadecimal
            try:
                raw = binascii.unhexlify(value[: len(value) // 2 * 2])
            except ValueError:
                raw = b""  # GEOS does not read it, either
        else:
            raw = b""
        if wkb_is_too_deep(raw):
            refuse()
        return wkb(self, value)

    patch.replace(io._WKTReader, "read", read_wkt)
    patch.replace(io._WKBReader, "read", read_wkb)
