"""A module as one other module sees it."""

import types

from compat.patching.stand_in import StandIn


def test_all_is_the_modules_own_but_for_the_names_given():
    module = types.ModuleType("real", "Its text.")
    module.kept, module.changed = 1, 2
    seen = StandIn(module, changed=3)
    assert isinstance(seen, types.ModuleType)
    assert (seen.__name__, seen.__doc__) == ("real", "Its text.")
    assert (seen.kept, seen.changed, module.changed) == (1, 3, 2)
    module.kept = 4  # read at the time of use
    assert seen.kept == 4 and not hasattr(seen, "missing")
