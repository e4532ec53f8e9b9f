"""System checks: `manage.py check` says what the bridge could not repair, and what to do."""

import importlib

from django.core.checks import Info, Warning

from ..patches import every
from ..patching import BRIDGE
from ..patching.patch import APPLIED, DISABLED, REFUSED, disabled_names
from ..patching.versions import installed_version, matches, python_is_untried


def check_versions(app_configs, **kwargs):
    """compat.W004 a Python that is too new, W005 asgi-redis beside channels 2."""
    found = []
    untried = python_is_untried()
    if untried:
        hint = "Use CPython 3.6 to 3.13, or look for errors at every step."
        found.append(Warning(untried, hint=hint, id="compat.W004"))
    asgi_redis, channels = installed_version("asgi_redis"), installed_version("channels")
    if asgi_redis and channels and matches(channels, ">=2.0"):
        found.append(
            Warning(
                "asgi-redis %s is installed, which only channels 1 can use." % asgi_redis,
                hint="Uninstall asgi-redis and let CHANNEL_LAYERS name "
                "channels_redis.core.RedisChannelLayer: channels here is %s." % channels,
                id="compat.W005",
            )
        )
    return found


def check_patches(app_configs, **kwargs):
    """
    compat.W001 late activation, W002 refused, W003 unknown name, W006 applied but of no effect,
    I001 disabled.
    """
    bridge = importlib.import_module(BRIDGE)
    found = []
    if bridge.late:
        found.append(
            Warning(
                "compat was activated after Django had been imported.",
                hint="Call compat.install() before the first Django import in manage.py, wsgi.py "
                "and asgi.py, or run `python -m %s activate` once." % BRIDGE,
                id="compat.W001",
            )
        )
    patches = every()
    for patch in patches:
        complaint = patch.complaint() if patch.complaint and not patch.disabled else ""
        state, reason = patch.state()
        if state == APPLIED and complaint:
            found.append(
                Warning(
                    "%s is of no effect yet: %s." % (patch.name, complaint),
                    hint="Run `manage.py collectstatic`, or see docs/guide/security.md.",
                    id="compat.W006",
                )
            )
        if state == REFUSED:
            found.append(
                Warning(
                    "%s could not be repaired: %s" % (patch.name, reason),
                    hint="Symptom: %s. Install the pinned %s, or set COMPAT_DISABLE=%s once you "
                    "have dealt with it." % (patch.symptom, patch.package, patch.name),
                    id="compat.W002",
                )
            )
        elif state == DISABLED:
            found.append(
                Info(
                    "%s is disabled by COMPAT_DISABLE." % patch.name,
                    hint="Symptom: %s." % patch.symptom,
                    id="compat.I001",
                )
            )
    for name in disabled_names():
        if not any(patch.is_named(name) for patch in patches):
            found.append(
                Warning(
                    "COMPAT_DISABLE names %r, which is no patch." % name,
                    hint="`manage.py compat` lists the names.",
                    id="compat.W003",
                )
            )
    return found
