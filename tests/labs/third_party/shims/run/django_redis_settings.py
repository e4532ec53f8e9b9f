"""The settings of django-redis' suite, for the Redis server that was started for it."""

import json
import os

from test_sqlite import *  # noqa: F403

CACHES = json.loads(
    json.dumps(CACHES).replace("127.0.0.1:6379", "127.0.0.1:" + os.environ["REDIS_PORT"])  # noqa: F405
)
