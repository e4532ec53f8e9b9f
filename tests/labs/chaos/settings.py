"""The reference site's, with a beat that readers do not have to wait long for."""

from devops.settings import *  # noqa: F403

STREAMS_HEARTBEAT_SECONDS = 3
