"""How often a real daphne looks for garbage while it starts, and through how much afterwards."""

import gc
import json

import pytest

from tests.support.daphne import daphne
from tests.support.probe import probe, source
from tests.support.raw import get

NAME = "daphne.startup_garbage"


@source
def site():
    import compat

    compat.install()
    import gc
    import json
    import os

    def count():
        return sum(one["collections"] for one in gc.get_stats())

    before = count()
    exec(os.environ.get("SETTING", ""))
    import django.test  # as much as a site

    assert django.test

    class application:
        def __init__(self, scope):
            pass

        async def __call__(self, receive, send):
            searches = count() - before
            gc.collect()
            said = [searches, len(gc.get_objects()), gc.get_threshold(), gc.isenabled()]
            await send({"type": "http.response.start", "status": 200})
            await send({"type": "http.response.body", "body": json.dumps(said).encode()})


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    (folder / "garbage.py").write_text(site)
    return folder


def start(folder, **environ):
    """Searches since the site was imported; objects of one, thresholds, and whether it is on."""
    with daphne(folder, "garbage:application", cold=True, **environ) as address:
        return json.loads(get(address, "/")[1].decode())


THRESHOLDS = list(gc.get_threshold())


def test_daphne_looks_for_none_while_it_starts_and_little_is_left_to_look_through(folder):
    searches, objects, thresholds, enabled = start(folder)
    assert searches < 10
    if hasattr(gc, "freeze"):
        assert objects < 5000
    assert thresholds == THRESHOLDS and enabled


def test_without_the_patch_all_that_was_imported_is_looked_through(folder):
    searches, objects, thresholds, enabled = start(folder, COMPAT_DISABLE=NAME)
    assert searches > 15
    assert objects > 20000
    assert thresholds == THRESHOLDS and enabled


@pytest.mark.parametrize(
    "setting", ["gc.set_threshold(50, 5, 5)", "gc.set_threshold(0)", "gc.disable()"]
)
def test_what_the_site_has_set_stays(folder, setting):
    def look(setting):
        import gc

        exec(setting)
        print([list(gc.get_threshold()), gc.isenabled()])

    _, _, thresholds, enabled = start(folder, SETTING=setting)
    assert [thresholds, enabled] == eval(probe(look, setting=setting, cold=True).said)


def test_who_makes_much_garbage_while_it_starts_gets_rid_of_it(folder):
    """A million lists that hold themselves are not all there at once."""
    setting = "for _ in range(1000000): a = []; a.append(a)\n"
    setting += "status = open('/proc/self/status').read()\n"
    setting += "assert int(status.partition('VmHWM:')[2].split()[0]) < 110000"  # KiB
    start(folder, SETTING=setting)


def test_an_import_alone_holds_nothing():
    """Of daphne's command, by somebody who does not run it; nor one that fails."""

    def look():
        import gc

        first = gc.get_threshold()
        frozen = getattr(gc, "get_freeze_count", int)  # 3.12 begins with some
        before = frozen()
        import daphne.cli

        print(first == gc.get_threshold())
        try:
            daphne.cli.CommandLineInterface().run(["no.such:application"])
        except ImportError:
            print(first == gc.get_threshold())
        print(frozen() - before)

    assert probe(look, cold=True).said == "True\nTrue\n0"


@pytest.mark.parametrize("wanted", [0, 700])
def test_it_is_held_where_the_site_wants_any(wanted):
    """While daphne.cli imports the rest of daphne."""

    def look(wanted):
        import gc

        gc.set_threshold(wanted)
        from compat.patching.import_hooks import when_imported

        when_imported("daphne.server", lambda server: print(gc.get_threshold()[0]))
        import daphne.cli

        print(gc.get_threshold()[0], daphne.cli.__name__)

    from compat.patches.daphne.startup_garbage import HELD

    held = HELD if wanted else 0
    assert probe(look, wanted=wanted, cold=True).said == "%d\n%d daphne.cli" % (held, wanted)


def test_a_server_of_somebody_else_freezes_nothing():
    """As that of runserver, or of a test."""

    def look():
        import gc

        frozen = getattr(gc, "get_freeze_count", int)
        before = frozen()
        from daphne.server import Server, reactor

        reactor.run = lambda **options: None
        endpoints = ["tcp:0:interface=127.0.0.1"]
        Server(lambda scope: None, endpoints=endpoints, signal_handlers=False).run()
        print(frozen() - before)

    assert probe(look, cold=True).said == "0"
