"""
Settings of the reference site. Safe by default; the environment changes them.

variables.py lists what it may say; each is read from the environment, then from var/site.env.
"""

import os
import warnings
from datetime import timedelta

from . import variables
from .env import Env, prepare, secret_key

BASE_DIR = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

# Everything the site writes is below this folder.
DEVOPS_VAR = os.path.abspath(Env()(variables.VAR) or os.path.join(BASE_DIR, "var"))
prepare(DEVOPS_VAR)
env = Env(os.path.join(DEVOPS_VAR, "site.env"))

DEBUG = env(variables.DEBUG)
SECRET_KEY = env(variables.SECRET_KEY) or secret_key(os.path.join(DEVOPS_VAR, "secret_key"))
ALLOWED_HOSTS = env(variables.ALLOWED_HOSTS, "127.0.0.1,localhost,[::1]")

INSTALLED_APPS = [
    "devops.apps.DevopsConfig",
    "compat",
    "compat.streams",
    "deploy",
    "channels",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
]

MIDDLEWARE = [
    "compat.same_site.SameSiteMiddleware",
    "compat.csp.ContentSecurityPolicyMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "deploy.logins.LoginLimitMiddleware",
    "deploy.errors.ErrorsMiddleware",
]

ROOT_URLCONF = "devops.urls"
WSGI_APPLICATION = "devops.wsgi.application"
ASGI_APPLICATION = "devops.routing.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.debug",
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

DATABASES = {
    "default": env(variables.DATABASE_URL, "sqlite:///" + os.path.join(DEVOPS_VAR, "db.sqlite3"))
}
if DATABASES["default"]["ENGINE"] == variables.SQLITE:
    # Several processes write: wait for the lock (seconds). The write-ahead log is set in apps.py.
    DATABASES["default"].setdefault("OPTIONS", {})["timeout"] = 20

# `deploy_conf up` names its Redis in site.env; a Redis of your own is REDIS_URL.
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "compat.channel_layer.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {
            "hosts": [env(variables.REDIS_URL, "redis://127.0.0.1:6379/0")],
            # The first encrypts. Processes on other machines need the same: LAYER_KEYS.
            "symmetric_encryption_keys": env.keys(
                variables.LAYER_KEYS, os.path.join(DEVOPS_VAR, "layer_keys")
            ),
        },
    }
}

# Seal the secret values of services' environments; the runner and the pages need the same.
DEPLOY_KEYS = env.keys(variables.DEPLOY_KEYS, os.path.join(DEVOPS_VAR, "deploy_keys"))

PASSWORD_HASHERS = [
    "compat.hashers.PBKDF2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2SHA1PasswordHasher",
]

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation." + name}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
# Who guesses too often is stopped before a password is hashed.
AUTHENTICATION_BACKENDS = [
    "deploy.logins.LoginLimit",
    "django.contrib.auth.backends.ModelBackend",
]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/"

LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"
USE_I18N = True
USE_L10N = True
USE_TZ = True

STATIC_URL = "/static/"
STATIC_ROOT = os.path.join(DEVOPS_VAR, "static")

# nginx overwrites X-Forwarded-Proto, so it can be trusted; daphne and uWSGI listen on loopback.
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_BROWSER_XSS_FILTER = True
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_HTTPONLY = True
CSRF_COOKIE_HTTPONLY = True
BEHIND_TLS = env(variables.BEHIND_TLS)
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = BEHIND_TLS
SECURE_HSTS_SECONDS = 30 * 24 * 3600 if BEHIND_TLS else 0

# /healthz and /metrics.
COMPAT_METRICS = True
COMPAT_HEALTH_CHECKS = {"runner": "deploy.health.runner"}
COMPAT_HEALTH_DISK = {DEVOPS_VAR: 100 * 1024**2}

# The runner forgets the oldest output of a service that is over this.
# All threads of this site use their database with the same rights.
STREAMS_GROUP_COMMIT = True
STREAMS_KEEP = {"*": {"max_age": timedelta(days=365), "max_bytes": 1024**3}}

# Processes that supervisor keeps alive beside uWSGI, daphne, nginx and Redis.
DEPLOY_CONF_PROGRAMS = {"runner": ["{python}", "manage.py", "deploy_runner"]}
# What `reload` sends them: the runner finishes what it runs, and ends; supervisor starts it anew.
DEPLOY_CONF_RELOAD_SIGNALS = {"runner": "USR1"}
# A WebSocket that always answers (403 to a stranger): how `up` sees that daphne is reached.
DEPLOY_CONF_WEBSOCKET_PROBE = "/ws/deploy/tasks/"

# cryptography tells Python 3.6 and 3.7 at every start that they are old.
warnings.filterwarnings("ignore", message="Python 3.[67] is no longer supported")

# Servers say at start what was repaired; a command typed in a shell speaks of trouble only.
COMPAT_LEVEL = "INFO" if "SUPERVISOR_ENABLED" in os.environ else "WARNING"
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "plain": {"format": "%(asctime)s %(process)d %(levelname)s %(name)s: %(message)s"}
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "root": {"handlers": ["stderr"], "level": "INFO"},
    "loggers": {"compat": {"level": COMPAT_LEVEL}},
}
