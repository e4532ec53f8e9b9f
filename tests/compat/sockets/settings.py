"""The reference site's settings, with sockets of its own; the tests say what else is different."""

import json
import os

from devops.settings import *  # noqa: F403

ASGI_APPLICATION = "tests.compat.sockets.routing.application"
DATABASES["default"]["OPTIONS"]["timeout"] = 5  # noqa: F405
LOGGING["loggers"]["compat"]["level"] = "INFO"  # noqa: F405
globals().update(json.loads(os.environ.get("SOCKETS_SITE", "{}")))
