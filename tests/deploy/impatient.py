"""The site's settings, with a database that does not wait for a lock."""

from devops.settings import *  # noqa: F403

DATABASES["default"]["OPTIONS"]["timeout"] = 0.2  # noqa: F405
