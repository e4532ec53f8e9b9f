"""All patches in one process: none is in another's way."""

import json
import os
import subprocess
import sys

import pytest

from tests.conftest import CHECKOUT

CODE = """
import compat, importlib, json, random, sys
compat.install()
import django
django.setup()
from compat import patches
targets = sorted({target for patch in patches.every() if not patch.foreign_python()
                  for target, _ in patch.repairs})
random.Random(int(sys.argv[1])).shuffle(targets)
for target in targets:
    try:
        importlib.import_module(target)
    except Exception:
        pass  # of a library that is not installed
print(json.dumps([[r["name"], r["reason"]] for r in compat.report() if r["state"] == "refused"]))
"""


@pytest.mark.parametrize("order", [1, 2, 3])
def test_none_is_refused_whatever_is_imported_first(order):
    environ = dict(os.environ, DJANGO_SETTINGS_MODULE="devops.settings", PYTHONWARNINGS="ignore")
    environ.pop("COMPAT_DISABLE", None)
    done = subprocess.run(
        [sys.executable, "-c", CODE, str(order)],
        cwd=CHECKOUT,
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert done.returncode == 0, done.stderr.decode()
    assert json.loads(done.stdout.decode().splitlines()[-1]) == []
