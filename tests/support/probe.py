"""The same code in a process of its own, with a patch and without it."""

import ast
import inspect
import json
import os
import subprocess
import sys
import tempfile

from compat import patches
from tests.support import CHECKOUT, warm

# Set by tests.labs.version_matrix, where other versions are installed than the pinned ones.
LANE = os.environ.get("LANE")

PRELUDE = """
import atexit, json, os
import compat
compat.install()

@atexit.register
def _tell_states():
    names = os.environ["PROBE_PATCHES"].split()
    modules = [__import__("compat.patches." + name, fromlist=["patch"]) for name in names]
    with open(os.environ["PROBE_STATES"], "w") as file:
        json.dump({module.patch.name: module.patch.state()[0] for module in modules}, file)
"""

# A line of a probe: what is above it costs much, and runs once for all that begin with it.
SHARED = "\n# Shared up to here.\n"

# A probe that needs Django's settings starts with this.
DJANGO = """
import django
from django.conf import settings
settings.configure(
    SECRET_KEY="probe", USE_TZ=True, ALLOWED_HOSTS=["*"], ROOT_URLCONF="__main__",
    INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
)
django.setup()
"""


KEPT = "PATH", "HOME", "TMPDIR"  # of the environment: where the run has its temporary files, too


class Result(object):
    """said: what the probe printed, or the last line of its traceback; states: patch → state."""

    def __init__(self, process, states):
        self.returncode = process.returncode
        self.error = process.stderr
        self.said = process.stdout.strip()
        if process.returncode:
            self.said = (process.stderr.strip().splitlines() or [""])[-1]
        self.states = states


def source(*before, **values):
    """
    Decorator: the source of a function's body, to run at module level in a process of its own.

    before: source to run first. The function's arguments are names that this, or whoever puts the
    pieces together, has defined; `values` gives them a value here.
    """
    if len(before) == 1 and inspect.isfunction(before[0]):
        return body_of(before[0])

    def take(function):
        given = "".join("%s = %r\n" % item for item in sorted(values.items()))
        return "".join(before) + given + body_of(function)

    return take


def body_of(function):
    """The lines of a function's body, at module level."""
    lines, _ = inspect.getsourcelines(function)
    # As it stands: text of several lines in it keeps its beginnings of lines.
    nested = lines[0][:1].isspace()
    node = ast.parse(("if 1:\n" if nested else "") + "".join(lines)).body[0]
    body = (node.body[0] if nested else node).body
    # `global` is for lint: at module level all names are, and it may not follow their first use.
    first = next(one for one in body if not isinstance(one, ast.Global))
    starts = [first.lineno] + [one.lineno for one in getattr(first, "decorator_list", ())]
    return "\nif 1:\n" + "".join(lines[min(starts) - 1 - nested :]) + "\n"


def probe(code, disable="", env=None, patch="", cold=False, **values):
    """
    Run code after compat.install(), in a clean environment; returns a Result.

    cold: in a process that has imported nothing before; most are forked from a warm one.
    code: source, or a function whose body is run at module level; values: what its arguments are.
    patch: the name of one whose state is wanted (a report of all would read 200 files each time).
    """
    if inspect.isfunction(code):
        code = source(**values)(code)
    with tempfile.TemporaryDirectory(prefix="probe-") as folder:
        states = os.path.join(folder, "states.json")
        environ = {name: os.environ[name] for name in KEPT if name in os.environ}
        environ.update(
            PYTHONPATH=CHECKOUT,
            PYTHONWARNINGS="ignore",
            LC_ALL="C.UTF-8",
            COMPAT_DISABLE=disable,
            PROBE_STATES=states,
            PROBE_PATCHES=patch,
        )
        environ.update(env or {})
        words = [sys.executable, "-c", PRELUDE + code]
        # Patches of Python, and who looks for what is imported, want nothing to be there yet.
        if cold or LANE or patch.startswith("python.") or "sys.modules" in code:
            process = subprocess.run(
                words,
                env=environ,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                universal_newlines=True,
                timeout=300,
            )
        else:
            head = head_of(words[-1], env or {})
            process = warm.run(words, what_it_imports(code), environ, os.getcwd(), head=head)
        try:
            with open(states) as file:
                return Result(process, json.load(file))
        except FileNotFoundError:
            raise AssertionError("the probe did not end by itself:\n" + process.stderr)


def head_of(code, env):
    """What of a probe can be shared; nothing that reads a variable which is only this one's."""
    head, mark, _ = code.partition(SHARED)
    return head + mark if mark and not any(name in head for name in env) else ""


def what_it_imports(code):
    """What is loaded before; too much would hide a patch that waits for its library."""
    if any(word in code for word in ("channels", "daphne", "twisted", "asgiref", "aioredis")):
        return warm.STACK
    return warm.WEB if "django" in code else ()


def applies(name):
    """Whether a patch is for the versions installed; for the pinned ones every patch must be."""
    if not LANE:
        return True
    patch = next(patch for patch in patches.every() if patch.name == name)
    if patch.foreign_python() or patch.package == "twisted":
        return True  # not the lane's doing: the pins have several, and the tests know them
    return not patch.inapplicable()


def prove(name, code, good, bad, needed=True, env=None, hidden_by="", **values):
    """
    The probe says `good` with the patch and, where that is needed, `bad` without.

    Where `needed` is false the patch must say so, and the probe be good by itself.
    hidden_by: another patch that ends the symptom too, disabled on both sides.
    """
    needed = needed and applies(name)
    patched = probe(code, disable=hidden_by, env=env, patch=name, **values)
    assert patched.said == good, patched.error
    assert patched.states[name] == ("applied" if needed else "not needed")
    if needed:
        both = ",".join(filter(None, (name, hidden_by)))
        stock = probe(code, disable=both, env=env, patch=name, **values)
        assert stock.states[name] == "disabled"
        assert bad in (stock.error if stock.returncode else stock.said), stock.said + stock.error
