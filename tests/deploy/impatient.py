"""The site's settings, with a database that does not wait for a lock and quick second looks."""

from devops.settings import *  # noqa: F403

DATABASES["default"]["OPTIONS"]["timeout"] = 0.2  # noqa: F405
SOCKETS_RECHECK_SECONDS = 0.3
LOGGING["root"]["level"] = "INFO"  # noqa: F405
