"""What can be read from the site itself: its settings module, and facts in its settings."""

import importlib.util
import os
import re
import sys

from . import options
from .errors import BadValue
from .settings import PROBE, PROGRAMS, SIGNALS

MANAGE = re.compile(r"""DJANGO_SETTINGS_MODULE["']\s*,\s*["']([\w.]+)["']""")
# What only the bridge has, whatever its folder is called.
BRIDGE = ("__main__.py",) + tuple(
    os.path.join(room, "__init__.py") for room in ("patching", "patches")
)
FACTS = ("WSGI_APPLICATION", "STATIC_URL", "STATIC_ROOT", "MEDIA_URL", "MEDIA_ROOT")


def settings_module(given, directory):
    """The dotted name from the option, DJANGO_SETTINGS_MODULE or manage.py; None if none."""
    if given:
        return options.module("--settings", given)
    if os.environ.get("DJANGO_SETTINGS_MODULE"):
        return options.module("DJANGO_SETTINGS_MODULE", os.environ["DJANGO_SETTINGS_MODULE"])
    try:
        with open(os.path.join(directory, "manage.py"), encoding="utf-8") as script:
            match = MANAGE.search(script.read())
    except (OSError, UnicodeDecodeError):
        match = None
    return match.group(1) if match else None


def read_settings(module, directory):
    """
    The facts in the site's settings as a dict of lower-case names; absent ones are None.

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

        facts = {name.lower(): getattr(settings, name, None) for name in FACTS}
        facts["programs"] = PROGRAMS.given(settings)
        facts["signals"] = SIGNALS.given(settings)
        facts["websocket_probe"] = PROBE.given(settings)
        return facts
    except Exception as error:
        # Whatever somebody's settings raise: it is their message that helps.
        raise BadValue(
            "settings %s cannot be read: %s: %s"
            % (module, type(error).__name__, " ".join(str(error).split()))
        )


def bridge(directory):
    """
    The bridge's import name: "compat", unless the site has renamed it; None where there is none.

    A site may have a `compat` of its own, which is not even imported here.
    """
    beside = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    names = ["compat"]
    for place in (directory, beside):
        found = (name for name in os.listdir(place) if _is_bridge(os.path.join(place, name)))
        names += sorted(filter(str.isidentifier, found))  # not compat.old
    return next(filter(_imports_bridge, names), None)


def _imports_bridge(name):
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, ValueError):
        return False
    return any(_is_bridge(place) for place in (spec and spec.submodule_search_locations) or [])


def _is_bridge(folder):
    return all(os.path.isfile(os.path.join(folder, name)) for name in BRIDGE)


def object_path(dotted):
    """Django's `package.module.object` as `package.module:object`."""
    return dotted if ":" in dotted else ":".join(dotted.rsplit(".", 1))


def find_module(settings, name, directory):
    """`package.name` next to the settings module, or above it; None when there is none."""
    package = settings.split(".")[:-1]
    while package:
        dotted = ".".join(package + [name])
        if options.has_module(directory, dotted):
            return dotted
        package.pop()
    return None
