import sys

from compat.patching.versions import installed_version, matches
from tests.support.probe import prove, source

STRICT = {"PYTHONWARNINGS": "error:There is no current event loop:DeprecationWarning"}


@source
def code():
    import asyncio

    import daphne.server
    from twisted.internet import reactor

    print(type(reactor).__name__, reactor._asyncioEventloop is asyncio.get_event_loop())
    server = daphne.server.Server(None, endpoints=["tcp:port=0:interface=127.0.0.1"])
    reactor.callLater(0.1, reactor.stop)
    server.run()
    print("ended")


def test_daphne_starts_its_reactor_without_a_warning():
    prove(
        "daphne.current_loop",
        code,
        # Since 2.4.1 Twisted has a loop of its own.
        good="AsyncioSelectorReactor %s\nended" % matches(installed_version("daphne"), "<2.4.1"),
        bad="There is no current event loop",
        needed=sys.version_info >= (3, 12),
        env=STRICT,
    )
