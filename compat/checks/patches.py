"""System checks: `manage.py check` says what the bridge could not repair, and what to do."""

import importlib
import os
import sys
from typing import Any, Dict, List

import django

from .._check_ids import say
from ..patches import every
from ..patching import BRIDGE
from ..patching.patch import APPLIED, DISABLED, REFUSED, disabled_names
from ..patching.versions import python_is_untried


def check_versions(app_configs: Any, **kwargs: Any) -> List[Any]:
    """compat.W004 a Python that is too new."""
    untried = python_is_untried()
    return [say("compat.W004", untried)] if untried else []


def check_names(app_configs: Any, **kwargs: Any) -> List[Any]:
    """compat.W026 a module of the site's that the bridge is in front of."""
    from django.conf import settings

    package = str(getattr(settings, "SETTINGS_MODULE", "") or "").partition(".")[0]
    place = getattr(sys.modules.get(package), "__file__", None) or ""
    folders = [os.getcwd(), os.path.dirname(os.path.dirname(os.path.abspath(place)))]
    found = shadowed(folders if place else folders[:1])
    return (
        [say("compat.W026", "import %s is the bridge, not %s." % (BRIDGE, found))] if found else []
    )


def shadowed(folders: List[str]) -> str:
    """The file in one of the folders that has the bridge's name; "" for none."""
    ours = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "__init__.py")
    for folder in folders:
        for end in (".py", os.sep + "__init__.py"):
            path = os.path.join(folder, BRIDGE) + end
            if not os.path.isfile(path) or os.path.samefile(path, ours):
                continue
            if not os.path.isfile(os.path.join(folder, BRIDGE, "patching", "patch.py")):
                return path  # it is no other copy of the bridge, as that of a release
    return ""


def check_patches(app_configs: Any, **kwargs: Any) -> List[Any]:
    """
    compat.W001 late activation, W002 refused, W003 unknown name, W006 applied but of no effect,
    I001 disabled.
    """
    found = []
    # A later Django needs no repair that could be too late.
    if importlib.import_module(BRIDGE).late and django.VERSION < (2, 0):
        message = "compat was activated after Django had been imported."
        found.append(say("compat.W001", message))
    patches = every()
    if importlib.import_module(BRIDGE + ".patches.channels.late_imports").put_off:
        importlib.import_module("daphne.server")  # which channels would have loaded
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


def counts(records: List[Dict[str, Any]]) -> str:
    """How many records of report() are in which state, as text."""
    states = [record["state"] for record in records]
    return ", ".join("%d %s" % (states.count(state), state) for state in sorted(set(states)))
