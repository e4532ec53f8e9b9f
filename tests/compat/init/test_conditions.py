"""Settings in pieces: django-split-settings' include(), and what is said under a condition."""

import pytest

COMMON = """\
# The shop
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
]
ROOT_URLCONF = "shop.urls"
"""
WSGI = 'WSGI_APPLICATION = "shop.wsgi.application"\n'
SECRET = 'SECRET_KEY = "of the shop"\n'
APPS = ["compat", "compat.streams", "channels"]
FROM = "from split_settings.tools import include, optional\n"


@pytest.fixture
def pieces(project):
    """`pieces(text of settings.py, {component: text})` is a project whose settings are included."""

    def make(text, **components):
        project.remove("shop/settings.py")
        project.write("shop/settings/__init__.py", text)
        for name, piece in components.items():
            project.write("shop/settings/%s.py" % name.replace("__", "/"), piece)
        return project

    return make


def round_trip(project, *changed):
    """Init changes these settings, finds them in force, and takes them back; returns the values."""
    before = project.files()
    said = project.init(write=True)
    written = project.files()
    found = {name for name, data in written.items() if before.get(name) != data}
    assert {"shop/settings/%s.py" % name for name in changed} == {
        name for name in found if name.startswith("shop/settings/")
    }, said
    values = project.values()
    assert [app for app in values["INSTALLED_APPS"] if app in APPS] == APPS
    assert values["ASGI_APPLICATION"] == "shop.routing.application"
    assert values["CHANNEL_LAYERS"]["default"]["BACKEND"].startswith("compat.")
    assert "written" not in project.init(write=True)
    assert project.files() == written
    project.init(undo=True)
    assert project.files() == before
    return values


WAYS = {
    "glob": 'include("components/*.py", optional("local.py"))',
    "names": 'include("components/common.py", "components/more.py", scope=globals())',
    "a list": 'base = ["components/common.py", "components/more.py"]\ninclude(*base)',
    "a tuple with what is computed": (
        'import os\nENV = os.environ.get("SHOP_ENV", "production")\n'
        'base = ("components/*.py", "environments/{0}.py".format(ENV), optional("local.py"))\n'
        "include(*base)"
    ),
    "a format": 'ENV = "com"\ninclude("components/%smon.py" % ENV)',
    "an f-string": 'import os\ninclude("components/common.py", f"environments/{os.name}.py")',
    "a name": 'COMMON = "components/common.py"\ninclude(COMMON)',
    "one after the other": 'include("components/common.py")\ninclude("components/more.py")',
    "another name": (
        "from split_settings.tools import include as put\nput('components/common.py')"
    ),
}


@pytest.mark.parametrize("way", sorted(WAYS))
def test_the_component_that_has_the_apps_is_found(pieces, way):
    text = FROM + SECRET + WSGI + WAYS[way] + "\n"
    more = {"environments__production": "DEBUG = False\n", "environments__posix": "DEBUG = 0\n"}
    project = pieces(text, components__common=COMMON, components__more="X = 1\n", **more)
    if way == "a format":  # what it may include, not what it does
        said = project.init()
        assert "a/shop/settings/components" not in said and "INSTALLED_APPS = list(" in said
        return
    values = round_trip(project, "__init__", "components/common")
    assert values["SECRET_KEY"] == "of the shop"


def test_new_settings_stand_beside_what_is_there(pieces):
    project = pieces(
        FROM + WAYS["glob"],
        components__common=COMMON + SECRET + WSGI,
        components__other="import os\nLATER = os.environ\n",
        local="from shop.routing import nothing\n",
    )
    project.remove("shop/settings/local.py")
    round_trip(project, "components/common")


def test_an_include_in_an_included_file_and_its_neighbours(pieces):
    project = pieces(
        FROM + SECRET + 'include("parts/all.py")\n',
        # Names are shared, and paths are relative to it; a glob's order is the folder's.
        parts__all="include('apps/b*.py', 'apps/m*.py')\n",
        parts__apps__base=COMMON,
        parts__apps__more="INSTALLED_APPS += ['django.contrib.messages']\n",
    )
    values = round_trip(project, "parts/apps/base", "parts/apps/more")
    assert "django.contrib.messages" in values["INSTALLED_APPS"]


def test_what_a_component_says_is_not_said_again(pieces):
    backend = "compat.channel_layer.layers.RedisChannelLayer"
    project = pieces(
        FROM + SECRET + WSGI + WAYS["glob"],
        components__common=COMMON,
        components__live="CHANNEL_LAYERS = {'default': {'BACKEND': '%s'}}\n" % backend,
    )
    round_trip(project, "__init__", "components/common")
    project.init(write=True)
    assert "CHANNEL_LAYERS" not in project.text("shop/settings/__init__.py")


def test_an_optional_file_that_sets_the_apps_anew_is_told(pieces):
    project = pieces(
        FROM + SECRET + WAYS["glob"],
        components__common=COMMON,
        local="DEBUG = True\nINSTALLED_APPS = ['django.contrib.auth']\n",
    )
    said = project.init(write=True)
    assert "- shop/settings/local.py:2: INSTALLED_APPS is set again, under a condition" in said
    assert "at the end of what sets it:" in said


@pytest.mark.parametrize(
    "call", ["include('/etc/shop/*.py')", "include('../../../shop.py')", "include(where())"]
)
def test_what_cannot_be_read_is_told_at_the_end_of_what_includes_it(pieces, call):
    project = pieces(FROM + SECRET + WSGI + call + "\nLAST = 1\n")
    said = project.init(write=True)
    assert "- shop/settings/__init__.py: INSTALLED_APPS is not set in what can be read" in said
    assert "shop/settings/__init__.py (line 4) is not; at its end:" in said
    text = project.text("shop/settings/__init__.py")
    assert text.index(call) < text.index("ASGI_APPLICATION")
    assert text.index(call) < text.index("CHANNEL_LAYERS")


HEADS = {
    "imported later": 'SECRET_KEY = "s"\n%simport os\nHOME = os.curdir\n',
    "imported in a function": "%sdef home():\n    import os\n    return os.curdir\n",
    "another name": "import os as system\n%s",
    "from the future": '"""The shop."""\nfrom __future__ import unicode_literals\n\n%s',
    "the future and more": "from __future__ import unicode_literals\nimport sys\n%s",
    "a reader that is made later": "%sclass Env(str):\n    pass\nenv = Env()\n",
    "a module as a docstring": '"""The shop."""\n\n%sfrom os import curdir\n',
}


@pytest.mark.parametrize("head", sorted(HEADS))
def test_what_a_new_setting_needs_is_above_it(project, head):
    project.write("shop/settings.py", HEADS[head] % (COMMON + WSGI))
    before = project.files()
    project.init(write=True)
    values = project.values()
    assert values["CHANNEL_LAYERS"]["default"]["CONFIG"]["hosts"][0].startswith("redis://")
    assert "written" not in project.init(write=True)
    project.init(undo=True)
    assert project.files() == before


def test_an_application_under_a_condition_is_told(project):
    text = project.text("shop/settings.py")
    project.write("shop/settings.py", text + "if SECRET_KEY:\n    ASGI_APPLICATION = 'x.y'\n")
    said = project.init(write=True)
    assert "- shop/settings.py:12: it is set under a condition; daphne needs it always" in said
    assert 'ASGI_APPLICATION = "shop.routing.application"' in said.split("by hand:")[1]
    text += "if SECRET_KEY:\n    ASGI_APPLICATION = 'x.y'\nelse:\n    ASGI_APPLICATION = 'x.z'\n"
    project.init(undo=True)
    project.write("shop/settings.py", text)
    assert "daphne needs it" not in project.init()


def test_manage_and_the_servers_with_settings_that_differ(project):
    """The servers' are changed, and what both have of each."""
    base = project.text("shop/settings.py")
    project.write("shop/base.py", base)
    project.write("shop/settings.py", "from .base import *\nINSTALLED_APPS += ['a']\n")
    project.write("shop/live.py", "from .base import *\nif not SECRET_KEY:\n    DEBUG = True\n")
    project.write("shop/wsgi.py", project.text("shop/wsgi.py").replace(".settings", ".live"))
    before = project.files()
    said = project.init(write=True)
    assert "note: settings shop.live, as shop/wsgi.py says (manage.py: shop.settings)" in said
    assert project.read("shop/live.py") == before["shop/live.py"]
    for module in ("shop.live", "shop.settings"):
        values = project.values(module)
        assert [app for app in values["INSTALLED_APPS"] if app in APPS] == APPS
        assert values["ASGI_APPLICATION"] == "shop.routing.application"
    assert '"shop.live"' in project.text("shop/asgi.py")
    project.init(undo=True)
    assert project.files() == before
