"""
One file for each kind of finding, found by being here; the module's name is its id.

`ORDER` puts causes before what follows from them; `WHY` and `CHANGE` are for people; `look(site)`
yields what it observed, as text, or as (text, what to change) where that depends on it.
"""

import importlib
import os
from types import ModuleType
from typing import List


def every() -> List[ModuleType]:
    """The modules, causes first."""
    here = os.path.dirname(os.path.abspath(__file__))
    names = sorted(name[:-3] for name in os.listdir(here) if name.endswith(".py"))
    modules = [importlib.import_module("." + name, __name__) for name in names if name[0] != "_"]
    return sorted(modules, key=lambda module: module.ORDER)


def id_of(module: ModuleType) -> str:
    """upgrade_not_forwarded: upgrade-not-forwarded, which is also its heading in the guide."""
    return module.__name__.rpartition(".")[2].replace("_", "-")
