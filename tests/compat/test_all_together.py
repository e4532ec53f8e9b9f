"""All patches in one process: none is in another's way."""

import json
import os
import subprocess
import sys

from tests.support import CHECKOUT

# Each module of GeoDjango looks for the same libraries, with a compiler and a linker.
ONCE = """
import ctypes.util, functools
ctypes.util.find_library = functools.lru_cache(maxsize=None)(ctypes.util.find_library)
"""

CODE = (
    ONCE
    + """
import compat, importlib, json, os, random, sys
compat.install()
import django
django.setup()
from compat import patches
targets = sorted({target for patch in patches.every() if not patch.foreign_python()
                  for target, _ in patch.repairs})

def refused(order):
    random.Random(order).shuffle(targets)
    for target in targets:
        try:
            importlib.import_module(target)
        except Exception:
            pass  # of a library that is not installed
    return [[r["name"], r["reason"]] for r in compat.report() if r["state"] == "refused"]

for order in sys.argv[1:]:  # what is the same for all is done once
    sys.stdout.flush()
    pid = os.fork()
    if not pid:
        print(json.dumps([order, len(targets), refused(int(order))]), flush=True)
        os._exit(0)
    os.waitpid(pid, 0)
"""
)
ORDERS = ["1", "2", "3"]


def test_none_is_refused_whatever_is_imported_first():
    environ = dict(os.environ, DJANGO_SETTINGS_MODULE="devops.settings", PYTHONWARNINGS="ignore")
    environ.pop("COMPAT_DISABLE", None)
    done = subprocess.run(
        [sys.executable, "-c", CODE, *ORDERS],
        cwd=CHECKOUT,
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert done.returncode == 0, done.stderr.decode()
    lines = [line for line in done.stdout.decode().splitlines() if line.startswith('["')]
    told = [json.loads(line) for line in lines]
    assert [order for order, _, _ in told] == ORDERS, done.stderr.decode()
    assert [found for _, _, found in told] == [[]] * 3 and told[0][1] > 80


EVERYWHERE = (
    ONCE
    + """
import compat, importlib, json, pkgutil, sys
compat.install()
from compat.patching import patch
replaced = []
def replace_everywhere(self, module, name, value):
    original = stock(self, module, name, value)
    replaced.append((self, original, vars(module)[name]))
    return original
stock, patch.Patch.replace_everywhere = patch.Patch.replace_everywhere, replace_everywhere
import django
django.setup()
for library in sys.argv[1:]:
    package = importlib.import_module(library)
    for module in pkgutil.walk_packages(package.__path__, library + ".", onerror=lambda name: None):
        if not module.name.endswith("__main__"):
            try:
                importlib.import_module(module.name)
            except Exception:
                pass  # wants a library that is not installed
loaded = [m for m in list(sys.modules.values()) if isinstance(m, type(sys))]
kept = [[owner.name, module.__name__, name]
        for owner, original, value in replaced for module in loaded
        for name, found in vars(module).items() if found is original]
taken = [name for owner, original, value in replaced for module in loaded
         for name, found in vars(module).items() if found is value]
print(json.dumps([kept, len(replaced), len(taken)]))
"""
)


def test_nobody_keeps_what_was_replaced_everywhere():
    environ = dict(os.environ, DJANGO_SETTINGS_MODULE="devops.settings", PYTHONWARNINGS="ignore")
    environ.pop("COMPAT_DISABLE", None)
    done = subprocess.run(
        [sys.executable, "-S", "-c", EVERYWHERE, "django", "aioredis"],
        cwd=CHECKOUT,
        env=dict(environ, PYTHONPATH=os.pathsep.join(filter(None, sys.path))),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert done.returncode == 0, done.stderr.decode()
    kept, replaced, taken = json.loads(done.stdout.decode().splitlines()[-1])
    assert kept == []
    assert replaced > 20 and taken > replaced + 10  # names of the replaced among them
