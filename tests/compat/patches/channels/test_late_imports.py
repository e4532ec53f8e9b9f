"""What channels' app loads of daphne, when, and that nobody who needs it finds less than before."""

import sys

import pytest

from compat.patching.versions import installed_version, matches
from tests.support.probe import probe, source

NAME = "channels.late_imports"
SETTINGS = """
import sys
import django
from django.conf import settings
settings.configure(
    SECRET_KEY="probe", ALLOWED_HOSTS=["*"], ROOT_URLCONF="__main__",
    ASGI_APPLICATION="__main__.application", STATIC_URL="/static/",
    INSTALLED_APPS=["channels", "django.contrib.staticfiles"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
)
urlpatterns = []
"""
SITE = SETTINGS + "django.setup()\n"
NEEDED = matches(installed_version("channels"), ">=2.1.4,<2.1.6")

pytestmark = pytest.mark.skipif(not NEEDED, reason="this channels imports daphne otherwise")


def run(function, before=SITE, disable="", quiet=True, **values):
    result = probe(source(before, **values)(function), disable, cold=True, patch=NAME)
    assert result.returncode == 0 and not (quiet and result.error), result.error
    return result


def outcomes(function, before=SITE, **values):
    """What it says without the patch and with it."""
    without = run(function, before, disable=NAME, **values)
    with_it = run(function, before, **values)
    assert without.states[NAME] == "disabled"
    return without.said, with_it.said


def loaded():
    from django.core.wsgi import get_wsgi_application
    from django.test import RequestFactory

    answer = get_wsgi_application()(RequestFactory().get("/").environ, lambda *_: None)
    names = "daphne.server", "twisted.internet.reactor", "autobahn", "channels.routing"
    print(answer.status_code, [name for name in names if name in sys.modules])


def test_a_wsgi_process_loads_neither_daphnes_server_nor_twisted():
    assert run(loaded).said == "404 ['channels.routing']"


def test_it_loads_all_without_the_patch():
    assert run(loaded, disable=NAME).said == (
        "404 ['daphne.server', 'twisted.internet.reactor', 'autobahn', 'channels.routing']"
    )


def test_the_modules_look_as_channels_leaves_them():
    def look():
        import builtins

        import channels
        import channels.apps
        import daphne

        print(
            channels.apps.daphne is daphne,
            sorted(vars(channels.apps)),
            channels.apps.__builtins__ in (builtins, vars(builtins)),
            sorted(name for name in vars(channels) if not name.startswith("_")),
        )

    without, with_it = outcomes(look)
    assert with_it == without and with_it.startswith("True ")


REACTOR = "; from twisted.internet import reactor"
WHO_IMPORTS = {
    "autobahn": "import autobahn.websocket.protocol, txaio; assert txaio.using_twisted" + REACTOR,
    "txaio": "import txaio; assert txaio.using_twisted" + REACTOR,
    "reactor": "pass" + REACTOR,
    "web": "import twisted.web.client" + REACTOR,
    "daphne": "import daphne.server; from daphne.server import reactor",
    "command": "import channels.management.commands.runserver" + REACTOR,
}


@pytest.mark.parametrize("who", sorted(WHO_IMPORTS))
def test_whoever_imports_twisted_finds_daphnes_reactor(who):
    def look(statement):
        import asyncio
        import warnings

        warnings.simplefilter("ignore", DeprecationWarning)
        names = {}
        exec(statement, names)
        reactor = names["reactor"]
        print(type(reactor).__name__, reactor._asyncioEventloop is asyncio.get_event_loop())

    expected = "AsyncioSelectorReactor True"
    assert outcomes(look, statement=WHO_IMPORTS[who]) == (expected, expected)


@pytest.mark.parametrize("has_one", [True, False])
def test_a_thread_may_be_the_first(has_one):
    """Which gets no loop, nor gives its own; nor does the main thread lose its own."""

    def look(has_one):
        import asyncio
        import threading

        mine = asyncio.new_event_loop()
        asyncio.set_event_loop(mine)

        def work():
            own = asyncio.new_event_loop() if has_one else None
            asyncio.set_event_loop(own)
            from daphne.server import Server
            from twisted.internet import reactor

            try:
                assert asyncio.get_event_loop() is own is not reactor._asyncioEventloop
            except RuntimeError:
                assert own is None
            server = Server(lambda scope: None, endpoints=["tcp:0:interface=127.0.0.1"])
            print(type(reactor).__name__, reactor._asyncioEventloop is mine, server is None)

        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        print(asyncio.get_event_loop() is mine)

    said = run(look, has_one=has_one).said
    assert said == "AsyncioSelectorReactor False False\nTrue"


def test_a_loop_that_runs_is_not_the_reactors():
    """As that of async_to_sync(), which is closed at the end of the call."""

    def look():
        import asyncio

        async def work():
            from twisted.internet import reactor

            return reactor

        loop = asyncio.new_event_loop()
        reactor = loop.run_until_complete(work())
        loop.close()
        print(type(reactor).__name__, reactor._asyncioEventloop.is_closed())

    assert outcomes(look) == ("AsyncioSelectorReactor False",) * 2


@pytest.mark.parametrize("close", [True, False])
def test_the_main_threads_loop_may_be_gone(close):
    """Closed, or taken from the thread, as asyncio.run() does: the reactor needs another."""

    def look(close):
        import asyncio

        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop if close else None)
        loop.close()
        from twisted.internet import reactor

        print(type(reactor).__name__, reactor._asyncioEventloop.is_closed())

    assert outcomes(look, close=close) == ("AsyncioSelectorReactor False",) * 2


def test_where_twisted_was_there_before_all_is_as_it_was():
    """Also the warning of a reactor that is not daphne's."""

    def look():
        import warnings

        import django

        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            django.setup()
        print(
            [str(one.message)[:40] for one in caught if one.category is UserWarning],
            type(sys.modules["twisted.internet.reactor"]).__name__,
            "daphne.server" in sys.modules,
        )

    before = SETTINGS + "from twisted.internet import pollreactor; pollreactor.install()\n"
    without, with_it = outcomes(look, before)
    assert without == with_it
    assert "Something has already installed" in with_it and "AsyncioSelectorReactor True" in with_it


def test_runserver_is_channels():
    def look():
        from django.core.management import get_commands, load_command_class

        command = load_command_class(get_commands()["runserver"], "runserver")
        names = [cls.__module__ for cls in type(command).__mro__]
        print(names[:3], "daphne.server" in sys.modules)

    for apps in (
        '"channels", "django.contrib.staticfiles"',
        '"django.contrib.staticfiles", "channels"',
    ):
        before = SITE.replace('"channels", "django.contrib.staticfiles"', apps)
        without, with_it = outcomes(look, before)
        assert without == with_it
        assert "channels.management.commands.runserver" in with_it and with_it.endswith("True")


def test_a_command_of_the_sites_own_inherits_from_channels():
    """It has staticfiles' by value before channels' app is ready, or after it."""

    def look(early):
        import django

        STATIC = "django.contrib.staticfiles.management.commands.runserver"
        if early:
            __import__(STATIC)
        django.setup()
        __import__(STATIC)
        cls = type("Command", (sys.modules[STATIC].Command,), {})
        print([base.__module__ for base in cls.__mro__][1:3], hasattr(cls, "server_cls"))

    for early in (True, False):
        without, with_it = outcomes(look, SETTINGS, early=early)
        assert without == with_it
        assert "channels.management.commands.runserver" in with_it


def test_checks_see_the_repairs_of_daphne():
    def look():
        import django

        from compat.patching.import_hooks import when_imported

        when_imported("daphne.server", lambda server: delattr(server.Server, "run"))
        django.setup()
        from django.core.checks import run_checks

        found = [found.msg for found in run_checks() if found.id == "compat.W002"]
        print(sorted(msg.partition(":")[0] for msg in found if "no attribute 'run'" in msg))

    apps = SETTINGS.replace('"channels", ', '"channels", "compat", ')
    result = run(look, apps, quiet=False)
    assert "daphne.graceful_stop could not be repaired" in result.said
    assert run(look, apps, disable=NAME, quiet=False).said == result.said


def test_checks_load_no_daphne_where_it_was_not_put_off():
    """A later channels does without daphne, which need not be there."""

    def look():
        sys.modules["channels.apps"] = sys.modules["daphne"] = None
        from compat.checks.patches import check_patches

        check_patches(None)
        print(sorted(name for name in sys.modules if name.startswith(("daphne", "twisted"))))

    assert run(look, SETTINGS, quiet=False).said == "['daphne']"


def test_in_daphne_only_the_command_waits():
    def look():
        print(
            sorted(name for name in sys.modules if name == "daphne.server" or "runserver" in name)
        )

    daphne = "import daphne.cli\n" + SITE
    result = run(look, daphne)
    assert result.said == "['daphne.server']" and result.states[NAME] == "applied"
    assert "channels.management.commands.runserver" in run(look, daphne, disable=NAME).said
