"""System check: settings with values that cannot be used."""

import importlib
from typing import Any, List

from .. import _settings
from .._check_ids import say
from ..patches import every as every_patch
from ..patching import BRIDGE

# The modules with records, beside patches and other apps.
MODULES = (
    "channel_layer._settings",
    "csp",
    "hashers",
    "health._settings",
    "metrics",
    "patching.variables",
    "same_site",
    "sockets._settings",
    "streams._settings",
)


def every() -> List[Any]:
    """Every record there is, sorted by section and name."""
    for name in MODULES:
        importlib.import_module("%s.%s" % (BRIDGE, name))
    every_patch()
    found = _settings.RECORDS.values()
    return sorted(found, key=lambda record: (record.section, record.name))


def check_settings(app_configs: Any, **kwargs: Any) -> List[Any]:
    """compat.E001 a wrong value."""
    found = []
    for record in every():
        problem = record.problem() if record.check_id == _settings.CHECK else ""
        if problem:
            found.append(say(_settings.CHECK, problem + ".", text=record.text))
    return found
