"""
Compare GEOS' version by its numbers: as text, 3.10 is older than 3.3.

HAS_GEOS is False without this, and MultiLineString.closed an error.
https://github.com/django/django/pull/15013
"""

import functools

from ...patching.patch import Patch
from ...patching.versions import release

patch = Patch(
    __name__,
    package="django",
    versions=">=1.11,<2.0",
    symptom="GEOS 3.10 and newer are taken for older than 3.3: HAS_GEOS is False",
)


class Version(str):
    """Text that compares as a version does with other text."""

    __hash__ = str.__hash__

    def __lt__(self, other):
        return release(self) < release(other)

    def __le__(self, other):
        return release(self) <= release(other)

    def __gt__(self, other):
        return release(self) > release(other)

    def __ge__(self, other):
        return release(self) >= release(other)


@patch.when_imported("django.contrib.gis.geos.libgeos")
def repair(libgeos):
    stock = vars(libgeos).get("geos_version_info")
    patch.expect(stock, "the version is told differently")

    @functools.wraps(stock)
    def geos_version_info():
        info = stock()
        info["version"] = Version(info["version"])
        return info

    patch.replace_everywhere(libgeos, "geos_version_info", geos_version_info)
