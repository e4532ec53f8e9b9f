"""Settings of both sites; tests/labs/bench/sites.py sets the environment they read."""

import os

import dj_database_url

OURS = os.environ["BENCH_SITE"] == "ours"

SECRET_KEY = "bench"
ALLOWED_HOSTS = ["*"]
USE_TZ = True
INSTALLED_APPS = ["channels", "django.contrib.contenttypes"]
INSTALLED_APPS += ["django.contrib.auth", "django.contrib.sessions"]
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"
if OURS:
    # devops: the write-ahead log on SQLite, as the reference site has it.
    INSTALLED_APPS = ["compat", "compat.streams", "devops.apps.DevopsConfig"] + INSTALLED_APPS
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
# All come from one address, and as many as are wanted.
SOCKETS_PER_USER = SOCKETS_PER_ADDRESS = 0
ROOT_URLCONF = "tests.labs.bench.site.urls"
WSGI_APPLICATION = "tests.labs.bench.site.wsgi.application"
ASGI_APPLICATION = "tests.labs.bench.site.routing.application"

DATABASES = {"default": dj_database_url.parse(os.environ["BENCH_DATABASE_URL"])}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    DATABASES["default"].setdefault("OPTIONS", {})["timeout"] = 20

CHANNEL_LAYERS = {
    "default": {
        "BACKEND": os.environ.get("BENCH_LAYER") or "channels_redis.core.RedisChannelLayer",
        "CONFIG": {"hosts": [os.environ["BENCH_REDIS_URL"]]},
    }
}
