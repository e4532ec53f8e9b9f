"""What can be read from the site itself: what its settings say, and where its bridge is."""

import importlib.util
import os
import sys
from typing import Any, Dict, Optional

from . import options
from .errors import BadValue
from .settings import PROBE, PROGRAMS, SIGNALS

# What only the bridge has, whatever its folder is called.
BRIDGE = ("__main__.py",) + tuple(
    os.path.join(room, "__init__.py") for room in ("patching", "patches")
)
SETTINGS = (
    "WSGI_APPLICATION",
    "STATIC_URL",
    "STATIC_ROOT",
    "MEDIA_URL",
    "MEDIA_ROOT",
    "ALLOWED_HOSTS",
    "LOGIN_URL",
    "INSTALLED_APPS",
)


def read_settings(module: str, directory: str) -> Dict[str, Any]:
    """
    What the site's settings say, as a dict of lower-case names; absent ones are None.

    Apps are not loaded, so no database or Redis is needed. Raises BadValue for settings that
    cannot be imported.
    """
    if directory not in sys.path:
        sys.path.insert(0, directory)
    os.environ["DJANGO_SETTINGS_MODULE"] = module
    try:
        name = bridge(directory)
        if name:  # else a site that needs no repairs
            importlib.import_module(name).install()
        from django.conf import settings

        found = {name.lower(): getattr(settings, name, None) for name in SETTINGS}
        found["programs"] = PROGRAMS.given(settings)
        found["signals"] = SIGNALS.given(settings)
        found["websocket_probe"] = PROBE.given(settings)
        return found
    except Exception as error:
        # Whatever somebody's settings raise: it is their message that helps.
        raise BadValue(
            "settings %s cannot be read: %s: %s"
            % (module, type(error).__name__, " ".join(str(error).split()))
        )


def static_remark(found: Dict[str, Any], url: Optional[str], root: Optional[str]) -> str:
    """What to do before pages find their static files; "" when they are there, or elsewhere."""
    if not url or not root:
        local = str(found.get("static_url") or "").startswith("/")
        if local and not found.get("static_root"):
            return (
                "no STATIC_ROOT in the settings, so static files are 404 (streams/streams.js, the "
                "admin's): set it, and run manage.py collectstatic"
            )
        return ""
    if not os.path.isdir(root):
        return "no static files in %s yet: run manage.py collectstatic" % root
    apps = [str(app) for app in found.get("installed_apps") or []]
    script = os.path.join("streams", "streams.js")
    if any(app.endswith(".streams") for app in apps):
        if not os.path.isfile(os.path.join(root, script)):
            return "%s is not in %s: run manage.py collectstatic" % (script, root)
    return ""


def bridge(directory: str) -> Optional[str]:
    """
    The bridge's import name: "django_bridge" of a wheel, "compat" of a copy, or what a site has
    made of it; None where there is none.

    A site may have a `compat` of its own, which is not even imported here.
    """
    beside = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    names = ["compat", "django_bridge"]
    for place in (directory, beside):
        found = (name for name in os.listdir(place) if _is_bridge(os.path.join(place, name)))
        names += sorted(filter(str.isidentifier, found))  # not compat.old
    return next(filter(_imports_bridge, names), None)


def _imports_bridge(name: str) -> bool:
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, ValueError):
        return False
    return any(_is_bridge(place) for place in (spec and spec.submodule_search_locations) or [])


def _is_bridge(folder: str) -> bool:
    return all(os.path.isfile(os.path.join(folder, name)) for name in BRIDGE)


def object_path(dotted: str) -> str:
    """Django's `package.module.object` as `package.module:object`."""
    return dotted if ":" in dotted else ":".join(dotted.rsplit(".", 1))


def find_module(settings: str, name: str, directory: str) -> Optional[str]:
    """`package.name` next to the settings module, or above it; None when there is none."""
    package = settings.split(".")[:-1]
    while package:
        dotted = ".".join(package + [name])
        if options.has_module(directory, dotted):
            return dotted
        package.pop()
    return None
