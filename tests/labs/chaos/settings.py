"""The reference site's, with a beat that readers do not have to wait long for, and any engine."""

import os

from devops.settings import *  # noqa: F403

STREAMS_HEARTBEAT_SECONDS = 3
# Without a default: whoever is not told would be of another engine than the others.
STREAMS_NOTIFICATIONS = os.environ["CHAOS_NOTIFICATIONS"]
