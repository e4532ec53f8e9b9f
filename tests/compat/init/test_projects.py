"""Projects as people have them: split settings, environ, channels 1 and 2, other layouts."""

import os
import re

import pytest

from compat.init import source
from compat.init.edits import requirements
from compat.init.errors import InitError

WSGI = """\
import os
import sys

from django.core.wsgi import get_wsgi_application

app_path = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.append(os.path.join(app_path, "shop"))
if os.environ.get("DJANGO_SETTINGS_MODULE") == "config.settings.production":
    from raven.contrib.django.raven_compat.middleware.wsgi import Sentry

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.production")

# What uWSGI serves.
application = get_wsgi_application()
"""
BASE = """\
import environ

ROOT_DIR = environ.Path(__file__) - 3
env = environ.Env(DEBUG=(bool, False))
DJANGO_APPS = (
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
)
LOCAL_APPS = ("users.apps.UsersConfig",)
INSTALLED_APPS = DJANGO_APPS + LOCAL_APPS
AUTH_USER_MODEL = "users.User"
MIDDLEWARE_CLASSES = ["django.contrib.sessions.middleware.SessionMiddleware"]
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
"""


@pytest.fixture
def wheel(monkeypatch):
    """The bridge is one that pip knows, as in a site's environment."""
    monkeypatch.setattr(requirements, "wanted", lambda site: (requirements.LINE, ""))


@pytest.fixture
def split(project):
    project.remove("shop/settings.py", "shop/wsgi.py", "shop/urls.py", "requirements.txt")
    manage = project.text("manage.py").replace("shop.settings", "config.settings.local")
    project.write("manage.py", manage)
    project.write("config/__init__.py", "")
    project.write("config/settings/__init__.py", "")
    project.write("config/settings/base.py", BASE)
    for name in ("local", "production"):
        text = "from .base import *\nINSTALLED_APPS += ('%s_only',)\n" % name
        project.write("config/settings/%s.py" % name, text)
    project.write("config/urls.py", "from django.conf.urls import url\nurlpatterns = []\n")
    project.write("config/wsgi.py", WSGI)
    project.write("requirements/base.txt", "Django==1.11.20\nasgi_redis==1.4.3\n")
    project.write("requirements/production.txt", "-r base.txt\n")
    return project


def test_split_settings(split):
    before = split.files()
    said = split.init(write=True)
    assert "note: settings config.settings.production, as config/wsgi.py says (manage.py: " in said
    changed = {name for name, data in split.files().items() if before.get(name) != data}
    assert changed == {
        ".bridge-init.json",
        "manage.py",
        "config/asgi.py",
        "config/routing.py",
        "config/settings/base.py",
        "config/urls.py",
        "config/wsgi.py",
    }
    base = split.text("config/settings/base.py")
    assert 'INSTALLED_APPS += (\n    "compat",\n    "compat.streams",\n    "channels",\n)\n' in base
    assert '[env("REDIS_URL", default="redis://127.0.0.1:6379/0")]' in base
    assert 'ASGI_APPLICATION = "config.routing.application"' in base
    split.init(undo=True)
    assert split.files() == before


def test_asgi_prepares_what_wsgi_prepares(split):
    said = split.init(write=True)
    asgi = split.text("config/asgi.py")
    assert "sys.path.append(os.path.join(app_path" in asgi and "app_path = os.path" in asgi
    assert "raven" not in asgi and "- config/wsgi.py:8: the new asgi.py leaves out" in said
    lines = ["sys.path.append", "config.settings.production", "compat.install()", "django.setup()"]
    places = [asgi.index(line) for line in lines]
    assert places == sorted(places)


def test_servers_and_manage_with_apps_of_their_own(split):
    """Neither says what the other does: both get it."""
    for name in ("local", "production"):
        text = "from .base import *\nINSTALLED_APPS = ['django.contrib.auth', '%s']\n" % name
        split.write("config/settings/%s.py" % name, text)
    split.init(write=True)
    for name in ("local", "production"):
        assert "'channels'" in split.text("config/settings/%s.py" % name)
    base = split.text("config/settings/base.py")
    assert "compat" not in base.replace("raven_compat", "").split("CHANNEL_LAYERS")[0]
    assert base.count("ASGI_APPLICATION") == 1


def test_names_that_are_imported_one_by_one(split):
    text = "from .base import INSTALLED_APPS, ROOT_URLCONF, WSGI_APPLICATION\n"
    split.write("config/settings/production.py", text)
    split.init(write=True)
    assert '"compat.streams"' in split.text("config/settings/base.py")
    production = split.text("config/settings/production.py")
    assert "CHANNEL_LAYERS" in production and "ASGI_APPLICATION" in production
    assert "import os\n" in production and "INSTALLED_APPS +=" not in production


def test_servers_that_differ_are_an_error(split):
    split.write("config/asgi.py", WSGI.replace("settings.production", "settings.staging"))
    with pytest.raises(InitError, match=r"config/wsgi\.py .* differ: say which with --settings"):
        split.init()
    said = split.init(settings="config.settings.production")
    assert "+import compat" in said


def test_settings_that_nobody_names(project):
    project.remove("manage.py", "shop/wsgi.py")
    with pytest.raises(InitError, match="there is no manage.py in"):
        project.init()
    project.write("manage.py", "import os\n")
    with pytest.raises(InitError, match="names the settings: say --settings"):
        project.init()
    with pytest.raises(InitError, match="settings shop.missing: there is no such file"):
        project.init(settings="shop.missing")


def test_a_package_of_settings(project):
    project.write("shop/settings/base.py", project.text("shop/settings.py"))
    project.remove("shop/settings.py")
    project.write(
        "shop/settings/__init__.py",
        "from .base import *\ntry:\n    from .local import *\nexcept ImportError:\n    pass\n",
    )
    project.write("shop/settings/local.py", "CHANNEL_LAYERS = {}\n")
    said = project.init(write=True)
    assert "shop/settings/local.py:1: it is set under a condition" in said
    assert '"compat.streams"' in project.text("shop/settings/base.py")


CHANNELS_1 = """
ASGI = "x"
CHANNEL_LAYERS = {
    'default': {
        'BACKEND': 'asgi_redis.RedisChannelLayer',
        'CONFIG': {'hosts': [('localhost', 6379)], 'prefix': 'shop:'},
        'ROUTING': 'shop.routing.channel_routing',
    },
}
"""
ROUTING_1 = """\
from channels.routing import include, route

channel_routing = [
    route("websocket.connect", "shop.consumers.connected"),
    include("chat.routing.channel_routing", path=r"^/chat/"),
]
"""


@pytest.fixture
def first(project):
    project.write("shop/settings.py", project.text("shop/settings.py") + CHANNELS_1)
    project.write("shop/routing.py", ROUTING_1)
    project.write(
        "shop/asgi.py",
        "import os\nimport channels.asgi\n"
        'os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")\n'
        "channel_layer = channels.asgi.get_channel_layer()\n",
    )
    pins = "Django==1.11.20\nchannels==1.1.8\nasgi-redis==1.4.3  # the layer\ndaphne==1.4.2\n"
    project.write("requirements.txt", pins)
    return project


def test_channels_1(first, wheel):
    before = first.files()
    said = first.init(write=True)
    values = first.values()
    assert values["ASGI_APPLICATION"] == "shop.websockets.application"
    assert values["CHANNEL_LAYERS"]["default"] == {
        "BACKEND": "compat.channel_layer.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": [("localhost", 6379)], "prefix": "shop:"},
    }
    assert first.read("shop/routing.py") == before["shop/routing.py"]
    assert '4: route("websocket.connect", "shop.consumers.connected")' in said
    assert '5: include("chat.routing.channel_routing", path=r"^/chat/")' in said
    assert "get_default_application" in first.text("shop/asgi.py")
    assert "channels.asgi" not in first.text("shop/asgi.py")
    assert first.text("requirements.txt").startswith(
        "Django==1.11.29\nchannels==2.1.4\ndaphne==2.2.5\n"
    )
    first.init(undo=True)
    assert first.files() == before


def test_requirements_that_were_changed_elsewhere_get_their_lines_back(first, wheel):
    """A line that init took out comes back where it was."""
    first.init(write=True)
    first.write("requirements.txt", "# of the shop\n" + first.text("requirements.txt"))
    first.init(undo=True)
    assert first.text("requirements.txt") == (
        "# of the shop\nDjango==1.11.20\nchannels==1.1.8\nasgi-redis==1.4.3  # the layer\n"
        "daphne==1.4.2\n"
    )


def test_a_layer_that_cannot_be_kept_is_told(first):
    text = first.text("shop/settings.py").replace("'prefix': 'shop:'", "'stats_prefix': 's:'")
    first.write("shop/settings.py", text)
    said = first.init()
    assert "channels 2 has no asgi_redis.RedisChannelLayer; in its place:" in said
    text = text.replace("asgi_redis.RedisChannelLayer", "channels.layers.InMemoryChannelLayer")
    first.write("shop/settings.py", text)
    assert "InMemoryChannelLayer reaches one process; uWSGI beside daphne is two" in first.init()


def test_an_asgi_of_channels_1_that_does_more_is_told(first):
    first.write("shop/asgi.py", first.text("shop/asgi.py") + "start_monitoring()\n")
    before = first.read("shop/asgi.py")
    said = first.init(write=True)
    assert "- shop/asgi.py: it is for channels 1, and does more; in its place:" in said
    assert first.read("shop/asgi.py") == before


ROUTING_2 = """\
from channels.auth import AuthMiddlewareStack
from channels.routing import ProtocolTypeRouter, URLRouter

application = ProtocolTypeRouter({"websocket": AuthMiddlewareStack(URLRouter([]))})
"""


def test_channels_2(project):
    settings = project.text("shop/settings.py") + 'ASGI_APPLICATION = "shop.routing.application"\n'
    project.write(
        "shop/settings.py", settings.replace('    "django.contrib.auth",', '    "channels",')
    )
    project.write("shop/routing.py", ROUTING_2)
    project.write(
        "shop/asgi.py",
        "import os\nfrom channels.routing import get_default_application\n"
        'os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")\n'
        "application = get_default_application()\n",
    )
    before = project.files()
    said = project.init(write=True)
    assert "- shop/routing.py: guard() checks the Origin" in said
    asgi = project.text("shop/asgi.py")
    places = [asgi.index(text) for text in ("compat.install()", "django.setup()", "application =")]
    assert places == sorted(places)
    assert project.read("shop/routing.py") == before["shop/routing.py"]
    assert project.text("shop/settings.py").count('"channels"') == 1
    project.init(undo=True)
    assert project.files() == before


def test_routes_that_are_there_but_not_named(project):
    project.write("shop/routing.py", ROUTING_2)
    project.init(write=True)
    assert project.values()["ASGI_APPLICATION"] == "shop.routing.application"
    assert project.text("shop/routing.py") == ROUTING_2


def test_a_routing_that_is_something_else(project):
    project.write("shop/routing.py", "class DatabaseRouter:\n    pass\n")
    project.init(write=True)
    assert project.values()["ASGI_APPLICATION"] == "shop.websockets.application"
    project.init(undo=True)
    project.write("shop/websockets.py", "import something\n")
    assert "- shop/routing.py: it is something else" in project.init()


def test_a_site_without_users_is_told(project):
    text = project.text("shop/settings.py").replace('    "django.contrib.auth",\n', "")
    project.write("shop/settings.py", text)
    said = project.init(write=True)
    assert "- shop/routing.py: without django.contrib.auth in INSTALLED_APPS" in said
    assert not os.path.exists(project.path("shop/routing.py"))


@pytest.mark.parametrize(
    "apps",
    [
        "['django.contrib.%s' % a for a in 'auth contenttypes'.split()]",
        "['django.contrib.' + a for a in ('auth', 'contenttypes')]",
        "['django.contrib.{}'.format(a) for a in ('auth', 'contenttypes')]",
    ],
)
def test_users_whose_app_is_put_together_are_no_absent_ones(project, apps):
    before, _, after = project.text("shop/settings.py").partition("INSTALLED_APPS = [")
    after = after.partition("]\n")[2]
    project.write("shop/settings.py", "%sINSTALLED_APPS = %s\n%s" % (before, apps, after))
    said = project.init(write=True)
    assert "without django.contrib.auth" not in said
    assert project.values()["ASGI_APPLICATION"] == "shop.routing.application"


def test_a_site_in_one_folder(project):
    """The layout of Django 1.3."""
    for name in ("settings", "wsgi", "urls"):
        text = project.text("shop/%s.py" % name).replace("shop.", "")
        project.write(name + ".py", text)
        project.remove("shop/%s.py" % name)
    project.write("manage.py", project.text("manage.py").replace("shop.", ""))
    project.init(write=True)
    assert project.values("settings")["ASGI_APPLICATION"] == "routing.application"
    assert os.path.exists(project.path("asgi.py")) and os.path.exists(project.path("routing.py"))


@pytest.mark.parametrize(
    "head,reader",
    [
        ("import environ\nenv = environ.Env()\n", "env"),
        ("from environs import Env\nenv = Env()\n", "env"),
        ("from decouple import config\n", "config"),
        ("from decouple import config as said\n", "said"),
        ("import os\n", "os.environ.get"),
        ("from os import environ\n", "os.environ.get"),
    ],
)
def test_how_a_site_reads_its_environment(project, head, reader):
    text = project.text("shop/settings.py").replace("import os\n", head)
    project.write("shop/settings.py", text)
    project.init(write=True)
    text = project.text("shop/settings.py")
    assert '[%s("REDIS_URL", ' % reader in text
    assert ("import os\n" in text) == (reader == "os.environ.get")


def test_urls_that_are_a_function_of_something_are_told(project):
    for text in ("from shop.other import urlpatterns\n", "if True:\n    urlpatterns = []\n"):
        project.write("shop/urls.py", text)
        said = project.init()
        assert "- shop/urls.py: for /healthz and /metrics, after what sets urlpatterns:" in said


def test_virtual_environments_that_wsgi_opens(project):
    """The bridge can be imported only afterwards."""
    text = project.text("shop/wsgi.py").replace(
        "import os\n", "import os\nexec(open('/srv/venv/bin/activate_this.py').read())\n"
    )
    project.write("shop/wsgi.py", text)
    project.init(write=True)
    for name in ("shop/wsgi.py", "shop/asgi.py"):
        text = project.text(name)
        places = [text.index(word) for word in ("activate_this", "import compat", "from ")]
        assert places == sorted(places), text


def test_the_other_name_is_told(project):
    text = project.text("manage.py").replace("import sys\n", "import sys\nimport django_bridge\n")
    text = text.replace("if __name__", "django_bridge.install()\nif __name__")
    project.write("manage.py", text)
    settings = project.text("shop/settings.py").replace(
        "INSTALLED_APPS = [", 'INSTALLED_APPS = [\n    "django_bridge", "django_bridge.streams",'
    )
    project.write("shop/settings.py", settings)
    said = project.init()
    assert "- manage.py: it says django_bridge.install(), but the bridge is named compat" in said
    assert "it has django_bridge, and here the name is:" in said
    assert "a/manage.py" not in said


@pytest.mark.parametrize(
    "text,what",
    [
        ("Django==1.11.20 --hash=sha256:00\n", "made by a program"),
        ("# This file is autogenerated by pip-compile\nDjango==1.11.20\n", "made by a program"),
        ("requests\n", "Django is in none or several"),
    ],
)
def test_requirements_that_are_not_touched(project, wheel, text, what):
    project.write("requirements.txt", text)
    said = project.init()
    assert what in said and requirements.LINE in said and "a/requirements.txt" not in said


def test_requirements_of_a_wheel(project, wheel):
    pins = "django == 1.11.20  # old\nChannels==1.1.8\nTwisted==18.9.0\nrequests>=2\n"
    project.write("requirements.txt", pins)
    said = project.init(write=True)
    assert project.text("requirements.txt") == (
        "django ==1.11.29  # old\nChannels==2.1.4\nTwisted==18.9.0\nrequests>=2\n"
        + requirements.LINE
        + "\n"
    )
    assert "    --find-links wheels" in said
    assert "requirements.txt:3: [pins] chooses one for each Python; without its version" in said
    assert "nothing to change" in project.init(write=True)


@pytest.mark.parametrize(
    "row", ["Django>=2.0,<2.1", "Django[argon2] ~= 2.0", "django (<1.11) # old"]
)
def test_a_range_without_room_for_the_stack_is_told(project, wheel, row):
    project.write("requirements.txt", "requests>=2\n%s\n" % row)
    said = project.init(write=True)
    wanted = "%s==1.11.29" % row[:6]
    assert "requirements.txt:2: %s leaves no room for the stack's" % row in said
    assert wanted in said and row in project.text("requirements.txt")
    # ... and is among what a list is told that a program makes.
    project.write("requirements.txt", row + "\nsix==1.11.0 --hash=sha256:00\n")
    assert "not: " + row in project.init()


@pytest.mark.parametrize("row", ["Django>=1.11,<2.0", "Django~=1.11.5", "Django", "Django!=1.11.1"])
def test_a_range_with_room_is_left_alone(project, wheel, row):
    project.write("requirements.txt", row + "\n")
    assert "leaves no room" not in project.init(write=True)
    assert row in project.text("requirements.txt")


def test_without_parso(project, monkeypatch):
    import builtins

    real = builtins.__import__

    def missing(name, *arguments, **words):
        if name == "parso":
            raise ImportError(name)
        return real(name, *arguments, **words)

    monkeypatch.setattr(builtins, "__import__", missing)
    message = "parso, which is not installed: pip install %s" % re.escape(source.PARSO)
    with pytest.raises(InitError, match=message):
        project.init()
