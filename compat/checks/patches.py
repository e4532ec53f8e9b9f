"""System checks: `manage.py check` says what the bridge could not repair, and what to do."""

import importlib
from typing import Any, List

from .._check_ids import say
from ..patches import every
from ..patching import BRIDGE
from ..patching.patch import APPLIED, DISABLED, REFUSED, disabled_names
from ..patching.versions import python_is_untried


def check_versions(app_configs: Any, **kwargs: Any) -> List[Any]:
    """compat.W004 a Python that is too new."""
    untried = python_is_untried()
    return [say("compat.W004", untried)] if untried else []


def check_patches(app_configs: Any, **kwargs: Any) -> List[Any]:
    """
    compat.W001 late activation, W002 refused, W003 unknown name, W006 applied but of no effect,
    I001 disabled.
    """
    found = []
    if importlib.import_module(BRIDGE).late:
        message = "compat was activated after Django had been imported."
        found.append(say("compat.W001", message))
    patches = every()
    for patch in patches:
        complaint = patch.complaint() if patch.complaint and not patch.disabled else ""
        state, reason = patch.state()
        if state == APPLIED and complaint:
            message = "%s has no effect yet: %s." % (patch.name, complaint)
            found.append(say("compat.W006", message))
        more = {"symptom": patch.symptom, "package": patch.package, "patch": patch.name}
        if state == REFUSED:
            message = "%s could not be repaired: %s" % (patch.name, reason)
            found.append(say("compat.W002", message, **more))
        elif state == DISABLED:
            message = "%s is disabled by COMPAT_DISABLE." % patch.name
            found.append(say("compat.I001", message, **more))
    for name in disabled_names():
        if not any(patch.is_named(name) for patch in patches):
            message = "COMPAT_DISABLE names %r, which is not a patch." % name
            found.append(say("compat.W003", message))
    return found
