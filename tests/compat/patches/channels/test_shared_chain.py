"""As for 2.1.4, with later releases of channels: tests.labs.version_matrix has them."""

from compat.patching.versions import installed_version
from tests.support.daphne import daphne
from tests.support.probe import DJANGO, probe

from .clients import get_whole

NAME = "channels.shared_chain"
NEEDED = installed_version("channels") != "2.1.4"  # whose whole loader request_finish replaces


def scopes_seen(phases, **environ):
    """What a subclass notes of each request's scope, after its parent was used."""
    with daphne(phases, "phases:either", STYLE="new", **environ) as address:
        queries = ("id=1", "tagged=2", "id=3", "tagged=4")
        return [get_whole(address, "/plain/?" + query)[1]["X-Scope"] for query in queries]


def test_a_subclass_sees_its_own_scope(phases):
    assert scopes_seen(phases) == [None, "tagged=2", None, "tagged=4"]


def test_it_does_not_run_without_the_patch(phases):
    seen = scopes_seen(phases, COMPAT_DISABLE=NAME)
    assert seen == ([None] * 4 if NEEDED else [None, "tagged=2", None, "tagged=4"])


def test_the_record():
    found = probe(DJANGO + "import channels.http", patch=NAME).states[NAME]
    assert found == ("applied" if NEEDED else "not needed")
