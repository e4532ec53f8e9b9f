"""
Keep what daphne imports out of the search for garbage, while it starts and afterwards.

CPython looks through every object again and again while a site is imported, a sixth of daphne's
start; and later each full search, in which no socket is served, goes through all of that once
more. The daphne command looks every 200,000 objects until it serves; what there is by then is
frozen, where CPython can do so (3.7). A site that sets the collector's thresholds keeps its own.
https://docs.python.org/3/library/gc.html#gc.freeze
"""

import functools
import gc

from ...patching.import_hooks import before_execution
from ...patching.patch import Patch

patch = Patch(
    __name__,
    package="daphne",
    versions=">=2.0,<=4.2.3",
    symptom="a search for garbage that stops every socket goes through all that was imported",
)

# Objects until the next search, of the new ones only: more than most sites have, few enough for who
# makes much garbage while it starts. No number that anybody else would set.
HELD = 200017
_thresholds = None  # of the collector, while it is held


def hold():
    """Look for garbage hardly ever until release()."""
    global _thresholds
    found = gc.get_threshold()
    if found[0]:  # else the site wants none at all
        _thresholds = found
        gc.set_threshold(HELD, *found[1:])


def release():
    """As it was before hold(), unless somebody else has set it meanwhile."""
    global _thresholds
    held, _thresholds = _thresholds, None
    if held and gc.get_threshold()[0] == HELD:
        gc.set_threshold(*held)
    return held


@patch.when_imported("daphne")
def repair_imports(daphne):
    before_execution("daphne.cli", lambda cli: hold() or release)


@patch.when_imported("daphne.cli")
def repair_command(cli):
    stock = cli.CommandLineInterface.run

    @functools.wraps(stock)
    def run(self, args):
        hold()
        try:
            return stock(self, args)
        finally:
            release()

    patch.replace(cli.CommandLineInterface, "run", run)


@patch.when_imported("daphne.server")
def repair_server(server):
    stock = server.Server.run

    @functools.wraps(stock)
    def run(self):
        # Only for the command, which has held it; in others there is more than daphne.
        if release() and hasattr(gc, "freeze"):
            gc.freeze()
        return stock(self)

    patch.replace(server.Server, "run", run)
