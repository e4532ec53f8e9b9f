"""A patch whose module is read when the first of its targets has been imported."""

import sys

from .import_hooks import when_imported
from .patch import is_disabled, is_foreign


class Deferred(object):
    """
    module: the patch module's full name, which holds the `patch`. gate: the clauses on Python's
    version that must hold. targets: what its repairs wait for.
    """

    def __init__(self, module, gate, targets):
        self.module = module
        self.gate = gate
        self.targets = targets
        self.left_out = self.armed = False

    def arm(self):
        """Register with the import system; fires at once for what is imported already."""
        name = self.module.partition(".patches.")[2] or self.module
        self.left_out = is_disabled(name)
        if self.left_out or is_foreign(self.gate):
            return
        self.armed = True
        for target in self.targets:
            when_imported(target, self._hook(target))

    def settle(self, patch):
        """Tell the patch, which has been read now, what was done for it."""
        if self.left_out:
            self.left_out = False  # once: whoever arms it later means it
            patch.left_out = True
        if self.armed and not patch.armed:
            patch.armed = True
            for target, repair in patch.repairs:
                if target not in self.targets:  # it has changed since its index was written
                    when_imported(target, patch.hook(target, repair))

    def _hook(self, target):
        def hook(module):
            __import__(self.module)
            patch = sys.modules[self.module].patch
            self.settle(patch)
            for name, repair in patch.repairs:
                if name == target:
                    patch.hook(target, repair)(module)

        return hook
