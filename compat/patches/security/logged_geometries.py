"""
Escape control characters of a geometry in the log of the GIS widgets (CVE-2026-111211).

A value that is no geometry is logged as it was sent, with line feeds and commands to a terminal.
https://www.djangoproject.com/weblog/2026/nov/03/security-releases/
"""

from ...patching.patch import Patch
from ._log_escape import escape

patch = Patch(
    __name__,
    package="django",
    versions=">=1.11,<2.0",
    symptom="a form's invalid geometry forges lines in the log",
    cves=("CVE-2026-111211",),
)


@patch.when_imported("django.contrib.gis.forms.widgets")
@patch.when_imported("django.contrib.gis.admin.widgets")
def repair(widgets):
    logger = vars(widgets).get("logger")
    patch.expect(hasattr(logger, "addFilter"), "its logger has no filters")
    logger.addFilter(escape)
