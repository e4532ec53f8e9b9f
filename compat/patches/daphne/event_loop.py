"""
Run daphne on uvloop's event loop where COMPAT_EVENT_LOOP asks for it.

Twisted asks asyncio for the main thread's loop when daphne installs its reactor: by then it is
there. It is the one loop that is another; whoever makes one for himself (async_to_sync(), a
channel layer in a thread) gets asyncio's. Only the daphne command has it: whatever else imports
daphne.server, as uWSGI's workers and manage.py do, runs no reactor. Without uvloop daphne says
so in one line, and serves with the loop that it always had.
https://uvloop.readthedocs.io/
"""

import functools
import sys

from ..._kinds import OneOf
from ..._settings import Variable
from ...patching.patch import NotNeeded, Patch

patch = Patch(
    __name__,
    package="daphne",
    versions=">=2.0,<=4.2.3",
    symptom="asyncio's event loop takes a part of daphne's CPU that uvloop's does not",
)

UVLOOP = "uvloop"
MISSING = "uvloop is not installed in %s: pip install 'django-devops-bridge[speed]'" % sys.prefix


def is_there(value):
    """For the system check."""
    if value == UVLOOP:
        try:
            import uvloop  # noqa: F401
        except ImportError:
            raise ValueError(MISSING)


event_loop = Variable(
    "COMPAT_EVENT_LOOP",
    OneOf(["asyncio", UVLOOP]),
    "asyncio",
    "The event loop of the daphne command. Where uvloop is asked for and not installed, daphne "
    "says so and takes asyncio's.",
    "Environment of daphne",
    try_out=is_there,
)


@patch.when_imported("twisted.internet.asyncioreactor")
def repair(asyncioreactor):
    import asyncio

    if event_loop() != UVLOOP:
        raise NotNeeded("COMPAT_EVENT_LOOP does not ask for uvloop")
    if "daphne.cli" not in sys.modules:
        raise NotNeeded("COMPAT_EVENT_LOOP is for the daphne command, which this is not")
    patch.expect("twisted.internet.reactor" not in sys.modules, "there is a reactor already")
    try:
        import uvloop
    except ImportError as error:
        patch.expect(error.name != UVLOOP, MISSING)
        raise
    asyncio.set_event_loop(uvloop.new_event_loop())


@patch.when_imported("daphne.server")
def repair_server(server):
    loop = getattr(server.reactor, "_asyncioEventloop", None)
    name = type(loop).__module__.partition(".")[0]
    if name != UVLOOP:
        raise NotNeeded("its event loop is %s's" % name)
    stock = server.Server.run

    @functools.wraps(stock)
    def run(self):
        server.logger.info("Event loop: uvloop %s", sys.modules[UVLOOP].__version__)
        return stock(self)

    patch.replace(server.Server, "run", run)
