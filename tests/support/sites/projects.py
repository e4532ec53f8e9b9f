"""Projects of other people's, before the bridge: stock, settings in pieces, channels 1."""

import os
import textwrap

from tests.support import commands

# Asked for by a client: what a site's own view would do once the bridge is there.
VIEW = """
    import importlib
    from django.http import HttpResponse

    def say(request):
        streams = importlib.import_module(request.GET["bridge"] + ".streams")
        return HttpResponse(str(streams.publish("news", {"said": request.GET["text"]})))
    """
DATABASE = """
    DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "db.sqlite3"}}
    """
MANAGE = """
    #!/usr/bin/env python
    import os
    import sys

    if __name__ == "__main__":
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "{settings}")

        try:
            from django.core.management import execute_from_command_line
        except ImportError:
            raise

        # Apps of the project
        current_path = os.path.dirname(os.path.abspath(__file__))
        sys.path.append(os.path.join(current_path, "mysite"))

        execute_from_command_line(sys.argv)
    """
WSGI = """
    import os
    import sys

    from django.core.wsgi import get_wsgi_application

    app_path = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    sys.path.append(os.path.join(app_path, "mysite"))

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "{settings}")

    application = get_wsgi_application()
    """
# What these settings need of django-environ.
ENVIRON = """
    import os

    class Env(object):
        def __init__(self, **scheme):
            pass

        def __call__(self, name, default=None):
            return os.environ.get(name, default)
    """
SPLIT = {
    "manage.py": MANAGE.replace("{settings}", "config.settings.local"),
    "environ.py": ENVIRON,
    "config/__init__.py": "",
    "config/settings/__init__.py": "",
    "config/settings/base.py": """
    import environ

    env = environ.Env(DEBUG=(bool, False))

    DJANGO_APPS = (
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.sessions",
        "django.contrib.staticfiles",
    )
    LOCAL_APPS = ("users.apps.UsersConfig",)
    INSTALLED_APPS = DJANGO_APPS + LOCAL_APPS

    AUTH_USER_MODEL = "users.User"
    MIDDLEWARE_CLASSES = (
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.common.CommonMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
    )
    ROOT_URLCONF = "config.urls"
    WSGI_APPLICATION = "config.wsgi.application"
    STATIC_URL = "/static/"
    SECRET_KEY = env("DJANGO_SECRET_KEY", default="of a test" * 5)
    """
    + DATABASE,
    "config/settings/local.py": "from .base import *\nDEBUG = True\n",
    "config/settings/production.py": """
    from .base import *

    ALLOWED_HOSTS = ["127.0.0.1", "testserver"]
    INSTALLED_APPS += ("config",)
    """,
    "config/urls.py": """
    from django.conf.urls import url

    from config import views

    urlpatterns = [
        url(r"^say/$", views.say),
    ]
    """,
    "config/views.py": VIEW,
    "config/wsgi.py": WSGI.replace("{settings}", "config.settings.production"),
    "mysite/users/__init__.py": "",
    "mysite/users/apps.py": """
    from django.apps import AppConfig

    class UsersConfig(AppConfig):
        name = "users"
    """,
    "mysite/users/models.py": """
    from django.contrib.auth.models import AbstractUser
    from django.db import models

    class User(AbstractUser):
        full_name = models.CharField(max_length=100)
    """,
    "requirements/base.txt": "Django==1.11.20\ndjango-environ==0.4.5\n",
    "requirements/production.txt": "-r base.txt\ngunicorn==19.9.0\n",
}
FIRST = {
    "manage.py": MANAGE.replace("{settings}", "chat.settings"),
    "chat/__init__.py": "",
    "chat/settings.py": """
    import os

    SECRET_KEY = "of a test" * 5
    ALLOWED_HOSTS = ["127.0.0.1", "testserver"]
    INSTALLED_APPS = [
        'channels',
        'django.contrib.auth',
        'django.contrib.contenttypes',
        'django.contrib.sessions',
        'django.contrib.staticfiles'
    ]
    MIDDLEWARE = [
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
    ]
    ROOT_URLCONF = "chat.urls"
    STATIC_URL = "/static/"
    CHANNEL_LAYERS = {
        "default": {
            "BACKEND": "asgi_redis.RedisChannelLayer",
            "CONFIG": {
                "hosts": [os.environ.get('REDIS_URL', 'redis://localhost:6379')],
            },
            "ROUTING": "chat.routing.channel_routing",
        },
    }
    """
    + DATABASE,
    "chat/urls.py": """
    from django.conf.urls import include, url
    from chat.views import say

    urlpatterns = [url(r"^say/$", say)]
    """,
    "chat/views.py": VIEW,
    "chat/routing.py": """
    from channels.routing import route
    from chat.consumers import ws_connect, ws_message

    channel_routing = [
        route("websocket.connect", ws_connect),
        route("websocket.receive", ws_message),
    ]
    """,
    "chat/consumers.py": """
    from channels import Group

    def ws_connect(message):
        message.reply_channel.send({"accept": True})
        Group("chat").add(message.reply_channel)

    def ws_message(message):
        Group("chat").send({"text": message.content["text"]})
    """,
    "chat/asgi.py": """
    import os
    from channels.asgi import get_channel_layer

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chat.settings")

    channel_layer = get_channel_layer()
    """,
    "chat/wsgi.py": WSGI.replace("{settings}", "chat.settings"),
    "requirements.txt": "Django==1.11.20\nchannels==1.1.8\nasgi-redis==1.4.3\ndaphne==1.4.2\n",
}


def write(folder, files):
    """Texts without their margin, into a folder."""
    for name, text in files.items():
        path = os.path.join(folder, *name.split("/"))
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(textwrap.dedent(text).lstrip("\n"))


def stock(folder):
    """What startproject of Django 1.11 makes, and a view."""
    done = commands.run("-m", "django", "startproject", "mysite", ".", cwd=folder)
    assert done.returncode == 0, done.stderr
    write(folder, {"mysite/views.py": VIEW})
    with open(os.path.join(folder, "mysite", "urls.py"), "a") as file:
        file.write("\nfrom mysite.views import say\nurlpatterns.append(url(r'^say/$', say))\n")


def split(folder):
    """Settings in a package, manage.py's and the servers' apart; a user model of its own."""
    write(folder, SPLIT)


def first(folder):
    """A chat on channels 1."""
    write(folder, FIRST)


def components(folder):
    """Stock, with its settings taken apart for django-split-settings."""
    stock(folder)
    text = _taken(folder, "settings.py")
    start = text.index("MIDDLEWARE = [")
    end = text.index("]\n", start) + 2
    # What is included has __file__ of what includes it.
    common = (text[:start] + text[end:]).replace(
        "BASE_DIR = os.path.dirname(", "BASE_DIR = os.path.dirname(os.path.dirname(", 1
    )
    common = common.replace("(__file__)))", "(__file__))))", 1)
    write(
        os.path.join(folder, "mysite", "settings"),
        {
            "__init__.py": """
            from os import environ

            from split_settings.tools import include, optional

            ENV = environ.get("MYSITE_ENV") or "production"
            pieces = [
                "components/*.py",
                "environments/%s.py" % ENV,
                optional("environments/local.py"),
            ]
            include(*pieces)
            """,
            "components/common.py": common,
            "components/middleware.py": text[start:end],
            "environments/development.py": "INSTALLED_APPS += ['mysite']\n",
            "environments/production.py": ALLOWED + "MIDDLEWARE[:0] = [%r]\n" % GZIP,
        },
    )


def branches(folder):
    """Stock, with apps and middleware by a variable, and settings of the machine."""
    stock(folder)
    text = _taken(folder, "settings.py").replace("INSTALLED_APPS = [", "DJANGO_APPS = [")
    text = text.replace("DEBUG = True", "DEBUG = os.environ.get('MYSITE_DEBUG') == '1'")
    start = text.index("MIDDLEWARE = [")
    end = text.index("]\n", start) + 2
    more = """
    if DEBUG:
        INSTALLED_APPS = DJANGO_APPS + ["django.contrib.admindocs"]
        MIDDLEWARE = BASIC
    else:
        INSTALLED_APPS = DJANGO_APPS + ["mysite"]
        MIDDLEWARE = ["%s"] + BASIC
    if DEBUG:
        INSTALLED_APPS += ["django.contrib.sites"]

    try:
        from local_settings import *
    except ImportError:
        pass
    """
    middle = text[start:end].replace("MIDDLEWARE", "BASIC") + textwrap.dedent(more % GZIP)
    files = {"mysite/settings.py": text[:start] + middle + text[end:]}
    write(folder, dict(files, **{"local_settings.py": ALLOWED}))


GZIP = "django.middleware.gzip.GZipMiddleware"
ALLOWED = 'DEBUG = False\nALLOWED_HOSTS = ["127.0.0.1", "testserver"]\n'


def _taken(folder, name):
    """The text of a file of mysite's, which is no more there."""
    path = os.path.join(folder, "mysite", name)
    with open(path) as file:
        text = file.read()
    os.remove(path)
    return text
