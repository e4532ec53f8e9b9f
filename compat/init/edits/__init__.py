"""
One file for each kind of edit, found by being here.

`ORDER` says which comes before which; `look(site)` asks the files of a site for changes, and tells
the site what people have to do themselves.
"""

import importlib
import os
from types import ModuleType
from typing import List


def every() -> List[ModuleType]:
    """The modules, in their order."""
    here = os.path.dirname(os.path.abspath(__file__))
    names = sorted(name[:-3] for name in os.listdir(here) if name.endswith(".py"))
    modules = [importlib.import_module("." + name, __name__) for name in names if name[0] != "_"]
    return sorted(modules, key=lambda module: module.ORDER)
