"""Patches that are declared for a test."""

import itertools
import sys
import types

from compat.patching.patch import Patch

numbers = itertools.count()


def declare(package, versions="", name="patches.tests", **options):
    """A patch declared by a module of its own, as `compat/patches` has them."""
    module = types.ModuleType("bridge.patches.%s.number%d" % (name, next(numbers)))
    module.__doc__ = "Make it right.\nhttps://example.com/issue"
    sys.modules[module.__name__] = module
    return Patch(module.__name__, package, versions, symptom="it is wrong", **options)


def repairing(package, versions="", **options):
    """A patch that makes `answer()` say "repaired", armed."""
    patch = declare(package, versions, **options)

    @patch.when_imported(package)
    def repair(module):
        patch.replace(module, "answer", lambda: "repaired")

    patch.arm()
    return patch
