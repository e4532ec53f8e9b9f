"""A module as seen by one other module: the same, but for a few names."""

import types


class StandIn(types.ModuleType):
    """
    Everything of `module`, read at the time of use, except `names`.

    Put in the place of an imported module where what Python changed matters, it adapts
    that place and no other.
    """

    def __init__(self, module, **names):
        super(StandIn, self).__init__(module.__name__, module.__doc__)
        self._module = module
        vars(self).update(names)

    def __getattr__(self, name):
        return getattr(self._module, name)
