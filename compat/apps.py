"""The Django app: system checks, the `compat` command, and one log line at start."""

import importlib
import logging

from django.apps import AppConfig, apps
from django.core import checks

from . import __version__, install, report

# A site that lists the app and never called install() is repaired too, though late.
install()


CHECKS = {
    "patches": ("check_patches", "check_versions", "check_names"),
    "channels": ("check_combinations", "check_application"),
    "settings": ("check_settings",),
}


class CompatConfig(AppConfig):
    name = __package__
    # Not a literal: a site that has another app "compat" installs the folder by another name.
    label = __package__.rpartition(".")[2]
    verbose_name = "Compatibility bridge"

    def ready(self):
        for module, names in CHECKS.items():
            for name in names:
                checks.register(later(module, name))
        checks.register(later("site", "check_site"), checks.Tags.security, deploy=True)
        if apps.is_installed("channels") and apps.is_installed("django.contrib.auth"):
            from django.contrib.auth.signals import user_logged_out

            user_logged_out.connect(on_logged_out, dispatch_uid=__name__)
        logger = logging.getLogger(__package__)
        if logger.isEnabledFor(logging.INFO):  # reading every patch has its price
            from .checks.patches import counts

            logger.info("compat %s: %s", __version__, counts(report()))


def later(module, name):
    """A check whose module is imported when it is asked: a server never does."""

    def check(app_configs, **kwargs):
        found = importlib.import_module("%s.checks.%s" % (__package__, module))
        return getattr(found, name)(app_configs, **kwargs)

    check.__name__ = check.__qualname__ = name
    return check


def on_logged_out(**kwargs):
    """Have the sockets of a session closed; nothing of it is imported before a logout."""
    from .sockets import logout

    logout.on_logged_out(**kwargs)
