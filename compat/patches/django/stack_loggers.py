"""
Keep the loggers of the stack alive when LOGGING leaves `disable_existing_loggers` at its default.

daphne exists before the settings are read, so `LOGGING` without that key switched its loggers off:
what a consumer raised left no trace anywhere. To silence one, name it in LOGGING.
https://docs.python.org/3/library/logging.config.html#logging-config-dictschema
"""

import functools

from ...patching.patch import Patch

patch = Patch(
    __name__,
    package="django",
    versions=">=1.11,<2.0",
    symptom="errors of consumers are in no log: LOGGING has switched daphne's loggers off",
)
STACK = ("aioredis", "asgiref", "channels", "channels_redis", "daphne")


@patch.when_imported("django.utils.log")
def repair(log):
    stock = log.configure_logging
    ours = STACK + (__name__.partition(".patches.")[0],)
    loggers = log.logging.root.manager.loggerDict

    @functools.wraps(stock)
    def configure_logging(*args, **kwargs):
        enabled = [
            logger
            for name, logger in list(loggers.items())
            if name.startswith(tuple(root + "." for root in ours)) or name in ours
            if not getattr(logger, "disabled", True)  # a placeholder has no such thing
        ]
        stock(*args, **kwargs)
        for logger in enabled:
            logger.disabled = False

    patch.replace_everywhere(log, "configure_logging", configure_logging)
