"""The Django app: system checks, the `compat` command, and one log line at start."""

import logging

from django.apps import AppConfig, apps
from django.core import checks

from . import __version__, install, report
from .checks.channels import check_application, check_combinations
from .checks.patches import check_names, check_patches, check_versions, counts
from .checks.settings import check_settings
from .checks.site import check_site

# A site that lists the app and never called install() is repaired too, though late.
install()


class CompatConfig(AppConfig):
    name = __package__
    # Not a literal: a site that has another app "compat" installs the folder by another name.
    label = __package__.rpartition(".")[2]
    verbose_name = "Compatibility bridge"

    def ready(self):
        checks.register(check_patches)
        checks.register(check_versions)
        checks.register(check_names)
        checks.register(check_combinations)
        checks.register(check_application)
        checks.register(check_settings)
        checks.register(check_site, checks.Tags.security, deploy=True)
        if apps.is_installed("channels") and apps.is_installed("django.contrib.auth"):
            from django.contrib.auth.signals import user_logged_out

            user_logged_out.connect(on_logged_out, dispatch_uid=__name__)
        logger = logging.getLogger(__package__)
        if logger.isEnabledFor(logging.INFO):  # reading every patch has its price
            logger.info("compat %s: %s", __version__, counts(report()))


def on_logged_out(**kwargs):
    """Have the sockets of a session closed; nothing of it is imported before a logout."""
    from .sockets import logout

    logout.on_logged_out(**kwargs)
