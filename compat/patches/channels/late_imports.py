"""
Import daphne's server, Twisted and the command runserver only where somebody uses them.

channels' app imports all of them into every process: daphne's server so that its reactor is there
before anybody asks for Twisted's, the command to put it in the place of staticfiles'. Both wait now
until Twisted or that command is imported, which a uWSGI worker never does: it starts in little more
than half of the time and has 20 MB less. Where Twisted was loaded before, as in daphne, only the
command waits. No event loop is made for a main thread that has none.
https://github.com/django/channels/blob/2.1.4/channels/apps.py
"""

import builtins
import sys

from ...patching.import_hooks import before_execution, when_imported
from ...patching.patch import NotNeeded, Patch

patch = Patch(
    __name__,
    package="channels",
    versions=">=2.1.4,<2.1.6",
    requires={"daphne": ">=2.2,<2.3"},
    symptom="each uWSGI worker imports Twisted and autobahn: 20 MB, and nearly half of its start",
)

SERVER = "daphne.server"
RUNSERVER = "django.contrib.staticfiles.management.commands.runserver"

put_off = False  # whether channels' app has done without daphne's server in this process


@patch.when_imported("channels")
def repair(channels):
    patch.expect("channels.apps" not in sys.modules, "channels.apps has been imported")
    if "twisted" in sys.modules:
        raise NotNeeded("Twisted is loaded already")
    before_execution("channels.apps", leave_out)


def leave_out(apps):
    """Let a module's `import daphne.server` name the package without loading the server."""
    global put_off
    if "twisted" in sys.modules:
        return None
    import daphne

    # What the statement binds: channels deletes the attribute again.
    nameless = type(sys)(daphne.__name__)
    nameless.server = None

    def import_(name, globals=None, locals=None, fromlist=(), level=0):
        if name == SERVER and not fromlist:
            return nameless
        return builtins.__import__(name, globals, locals, fromlist, level)

    def end():
        vars(apps)["__builtins__"] = vars(builtins)
        for name, value in list(vars(apps).items()):
            if value is nameless:
                setattr(apps, name, daphne)

    # The builtins of one module, so that no other's imports are touched.
    vars(apps)["__builtins__"] = dict(vars(builtins), __import__=import_)
    put_off = True
    return end


@patch.when_imported("twisted")
def repair_reactor(twisted):
    """Whoever imports Twisted finds daphne's reactor in it, as where channels had loaded it."""
    if not put_off:
        raise NotNeeded("daphne.server was not put off")
    from twisted.internet import asyncioreactor

    if "twisted.internet.reactor" not in sys.modules:
        asyncioreactor.install(loop_for_reactor())


@patch.when_imported("txaio")
def repair_txaio(txaio):
    """Whoever imports autobahn without a word on whose loop it is gets daphne's choice, Twisted."""
    if not put_off:
        raise NotNeeded("daphne.server was not put off")
    txaio.use_twisted()


def loop_for_reactor():
    """
    The main thread's own, as Twisted would take it; elsewhere, and where one is running that may
    soon be closed, a new one.
    """
    import asyncio
    import threading

    from .._current_loop import get_event_loop

    running = asyncio._get_running_loop() is not None
    if not running and threading.current_thread() is threading.main_thread():
        try:
            loop = get_event_loop()
        except RuntimeError:  # the thread was told that it has none
            pass
        else:
            if not loop.is_closed():
                return loop
    return asyncio.new_event_loop()


@patch.when_imported("channels.hacks")
def repair_hacks(hacks):
    """The command takes staticfiles' place when that is imported, which may be never."""
    stock = hacks.monkeypatch_django

    def monkeypatch_django():
        # What else of channels comes with the command: who says `import channels` may use it.
        import channels.management.commands
        import channels.routing
        import channels.staticfiles  # noqa: F401

        when_imported(RUNSERVER, lambda module: stock())

    patch.replace(hacks, "monkeypatch_django", monkeypatch_django)
