"""A site with streams and nothing else; the tests tell it where its servers are."""

import json
import os

SECRET_KEY = "streams-tests"
ALLOWED_HOSTS = ["*"]
USE_TZ = True
INSTALLED_APPS = ["compat", "compat.streams", "channels", "django.contrib.contenttypes"]
DATABASES = {"default": json.loads(os.environ["STREAMS_SITE_DATABASE"])}
if DATABASES["default"]["ENGINE"].endswith(".mysql"):
    import pymysql

    pymysql.install_as_MySQLdb()
_direct = os.environ.get("STREAMS_SITE_DIRECT")
if _direct:
    DATABASES["direct"] = json.loads(_direct)
    STREAMS_NOTIFICATIONS_DATABASE = "direct"
ROOT_URLCONF = "tests.compat.streams.site.urls"
ASGI_APPLICATION = "tests.compat.streams.site.routing.application"

_layer = os.environ.get("STREAMS_SITE_LAYER", "")
if _layer == "memory":
    CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
elif _layer:
    CHANNEL_LAYERS = {
        "default": {
            "BACKEND": os.environ.get("STREAMS_SITE_BACKEND")
            or "compat.channel_layer.pubsub.RedisPubSubChannelLayer",
            "CONFIG": {"hosts": json.loads(_layer)},
        }
    }
STREAMS_NOTIFICATIONS = os.environ.get("STREAMS_SITE_NOTIFICATIONS", "layer")
STREAMS_GROUP_COMMIT = True
STREAMS_POLL_SECONDS = float(os.environ.get("STREAMS_SITE_POLL", "2"))
STREAMS_GATHER_SECONDS = float(os.environ.get("STREAMS_SITE_GATHER", "0.005"))
STREAMS_SLOW_SECONDS = float(os.environ.get("STREAMS_SITE_SLOW", "30"))
STREAMS_HEARTBEAT_SECONDS = json.loads(os.environ.get("STREAMS_SITE_BEAT", "15"))
STREAMS_PER_SOCKET = json.loads(os.environ.get("STREAMS_SITE_SOCKET", "100"))
STREAMS_LONG_POLL_SECONDS = float(os.environ.get("STREAMS_SITE_LONG_POLL", "20"))
STREAMS_PRESENCE_SECONDS = float(os.environ.get("STREAMS_SITE_PRESENCE", "2"))
COMPAT_METRICS = bool(os.environ.get("STREAMS_SITE_METRICS"))
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "%(levelname)s %(name)s: %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "root": {"handlers": ["stderr"], "level": "INFO"},
}
