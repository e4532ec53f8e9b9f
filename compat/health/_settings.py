"""What a site may set for /healthz and /metrics."""

import os
from typing import Any, Mapping

from .._kinds import Dict, Networks, Number
from .._settings import Setting

SECTION = "Health and metrics"
BYTES = Number("bytes")


def check_path(given: Any) -> Any:
    """A function, or the dotted path of one."""
    if callable(given) or isinstance(given, str) and "." in given.strip("."):
        return given
    raise ValueError()


def import_each(checks: Mapping[str, Any]) -> None:
    """Import what is given by path; raises what that raises."""
    from django.utils.module_loading import import_string

    for given in checks.values():
        if isinstance(given, str):
            import_string(given)


def look_at_each(folders: Mapping[str, int]) -> None:
    """OSError for a folder that is not there."""
    for folder in folders:
        os.statvfs(folder)


DISK = Setting(
    "COMPAT_HEALTH_DISK",
    Dict('a dict of folders and bytes, such as {"/var/lib/mysite": 100 * 1024 ** 2}', BYTES.accept),
    {},
    "Folders, and how many bytes must be free on the disk of each; else /healthz answers 503.",
    SECTION,
    try_out=look_at_each,
)
CHECKS = Setting(
    "COMPAT_HEALTH_CHECKS",
    Dict(
        'a dict of names and dotted paths, such as {"runner": "mysite.health.runner"}', check_path
    ),
    {},
    "Checks of your own for /healthz: functions that return None, or in a few words what is wrong.",
    SECTION,
    try_out=import_each,
)
NETWORKS = Setting(
    "COMPAT_METRICS_NETWORKS",
    Networks(),
    ("127.0.0.0/8", "::1"),
    "Addresses that may read /metrics, and the details of /healthz. Superusers always may.",
    SECTION,
)
