"""What one repair is, when it applies, and what became of it."""

import os
import sys
from _thread import _local  # threading itself is slow to import, and this is in every process

from . import BRIDGE
from .import_hooks import holders, when_imported
from .versions import installed_version, matches

APPLIED = "applied"
WAITING = "waiting"
NOT_NEEDED = "not needed"
REFUSED = "refused"
DISABLED = "disabled"

_added = {}  # (id of an owner, attribute) → the patch that has added it


class Refused(Exception):
    """The target does not look as the patch expects; it is left as it is."""


class NotNeeded(Exception):
    """The target does not have the defect."""


class Patch(object):
    """
    One defect and its repair; a module of `compat.patches` holds exactly one, named `patch`.

    module: the patch module's `__name__`; the patch is named for it (`channels.request_finish`),
    and the last line of that module's docstring is the link.
    package: import name of the library that has the defect (`python` for CPython itself).
    versions, python: comma-separated clauses (">=2.0,<2.1.5") that must all hold; python is
    CPython's own version, "" means any.
    requires: {package: versions} for what else must be there.
    symptom: what a user sees, in a few words.
    cves: ids of the advisories it answers, ("CVE-2021-32052",).
    """

    def __init__(self, module, package, versions, symptom, python="", requires=None, cves=()):
        self.module = module
        self.name = module.partition(".patches.")[2] or module
        self.package = package
        self.versions = versions
        self.python = python
        self.requires = dict(requires or {})
        self.symptom = symptom
        self.cves = tuple(cves)
        self.repairs = []  # (name of the target module, function)
        # Where a site can undo or do without a repair: a function that looks at what is in use
        # and returns what is wrong with it as text, "" when nothing is.
        self.complaint = None
        self.results = {}  # target → (state, reason)
        self.armed = self.left_out = False
        # target → what its repair changed: (owner, attribute, original or MISSING, ours).
        self._changes = {}
        self._running = _local()

    def when_imported(self, target):
        """Decorator: run the function with module `target` once that has been imported."""

        def declare(repair):
            self.repairs.append((target, repair))
            return repair

        return declare

    # For repairs -------------------------------------------------------------------------

    def expect(self, condition, complaint):
        """Refuse, changing nothing, unless `condition` holds."""
        if not condition:
            raise Refused(complaint)

    def replace(self, owner, attribute, value, as_it_is=False):
        """
        Set an attribute that must exist; the original is kept, returned, and put back if the rest
        of the repair fails.

        A function gets the look of the original, arguments included: see signature.like(); not
        where it `as_it_is` takes more.
        """
        original = vars(owner).get(attribute, MISSING)
        if original is MISSING:
            raise Refused("%s has no %s" % (getattr(owner, "__name__", owner), attribute))
        self._set(owner, attribute, value if as_it_is else looking_like(original, value), original)
        return original

    def add(self, owner, attribute, value):
        """
        Set an attribute that must not exist yet; does nothing where a library has it.

        A method in the place of an inherited one gets the look of that. What another patch has
        added is in the way: one of the two would be off without a word.
        """
        other = _added.get((id(owner), attribute), self.name)
        if attribute not in vars(owner):
            inherited = inherited_by(owner, attribute)
            self._set(owner, attribute, looking_like(inherited, value), MISSING)
            _added[id(owner), attribute] = self.name
        elif other != self.name:
            raise Refused("%s has %s already, from %s" % (owner.__name__, attribute, other))

    def replace_everywhere(self, module, name, value):
        """
        `replace` in a module, and in every loaded module that took the same object by value.

        Later importers take ours. Only globals are seen: where something else may keep the
        original (a registry, a class), the repair must look, and refuse if it is too late.
        """
        original = self.replace(module, name, value)
        value = vars(module)[name]
        # What it took from elsewhere itself, others may have had before.
        elsewhere = callable(original) and getattr(original, "__module__", "") != module.__name__
        for other in list(sys.modules.values()) if elsewhere else holders(module):
            if other is module or not isinstance(other, type(sys)):
                continue
            # By id, which asks nothing of what lies there; a thousand modules are looked through.
            if id(original) not in map(id, list(vars(other).values())):
                continue
            for alias, found in list(vars(other).items()):
                if found is original:
                    self._set(other, alias, value, original)
        return original

    def original(self, owner, attribute):
        """What `replace` found."""
        for changes in self._changes.values():
            for where, name, original, _ in changes:
                if where is owner and name == attribute:
                    return original
        raise KeyError(attribute)

    def _set(self, owner, attribute, value, original):
        setattr(owner, attribute, value)
        changes = getattr(self._running, "changes", None)
        if changes is None:
            changes = self._changes.setdefault("", [])
        changes.append((owner, attribute, original, value))

    # For install() -----------------------------------------------------------------------

    def arm(self):
        """Register with the import system, once; fires at once for what is imported already."""
        if self.armed or self.left_out:
            return
        self.left_out = self.disabled
        if self.left_out or self.foreign_python():
            return
        self.armed = True
        for target, repair in self.repairs:
            when_imported(target, self.hook(target, repair))

    def hook(self, target, repair):
        """What is to be called with the target after each execution of it."""

        # No lock: a repair may import, and import locks must not wait for ours.
        def hook(module):
            # The module was executed again (reload): undo what is left of the last time.
            self._undo(self._changes.pop(target, ()))
            outer = getattr(self._running, "changes", None)
            changes = self._running.changes = []
            try:
                self.results[target] = self._apply(module, repair)
                self._changes[target] = changes
            finally:
                self._running.changes = outer

        return hook

    def _apply(self, module, repair):
        """Run one repair; an exception must never fail the user's import."""
        try:
            excuse = self.inapplicable()
            if excuse:
                return NOT_NEEDED, excuse
            repair(module)
            return APPLIED, ""
        except Exception as error:
            self._undo(self._running.changes)
            if isinstance(error, NotNeeded):
                return NOT_NEEDED, str(error)
            if isinstance(error, Refused):
                reason = "%s: %s" % (module.__name__, error)
            else:
                reason = "%s: %s: %s" % (module.__name__, type(error).__name__, error)
            warn("patch %s refused, %s", self.name, reason)
            return REFUSED, reason

    @staticmethod
    def _undo(changes):
        """Put the originals back where ours still is."""
        changes = list(changes)
        for owner, attribute, original, value in reversed(changes):
            _added.pop((id(owner), attribute), None)
            if vars(owner).get(attribute, MISSING) is not value:
                continue
            if original is MISSING:
                delattr(owner, attribute)
            else:
                setattr(owner, attribute, original)

    # For report() ------------------------------------------------------------------------

    @property
    def disabled(self):
        """True when COMPAT_DISABLE names this patch."""
        return is_disabled(self.name)

    def is_named(self, pattern):
        """True for the full name, the part after the last dot, or a shell pattern of either."""
        return is_named(self.name, pattern)

    @property
    def gate(self):
        """The clauses on Python's version that must hold, "" for none."""
        return self.versions if self.package == "python" else self.python

    def foreign_python(self):
        """True when no module, imported or not, could need the patch on this Python."""
        return is_foreign(self.gate)

    def inapplicable(self):
        """Why this process does not need the patch; "" when its gates are open."""
        if self.foreign_python():
            return "Python is %s" % python_version()
        wanted = [(self.package, self.versions)] + sorted(self.requires.items())
        for package, versions in wanted:
            installed = version_of(package)
            if not installed:
                return "%s is not installed" % package
            if versions and not matches(installed, versions):
                return "%s is %s" % (package, installed)
        return ""

    def state(self):
        """(state, reason): the worst that happened to any of its targets."""
        if self.left_out or (self.disabled and not self.results):
            return DISABLED, "COMPAT_DISABLE"
        results = list(self.results.values())
        for state in (REFUSED, APPLIED):
            reasons = [reason for found, reason in results if found == state]
            if reasons:
                return state, "; ".join(filter(None, reasons))
        excuse = self.inapplicable()
        if excuse:
            return NOT_NEEDED, excuse
        if results and len(results) == len(self.repairs):
            return NOT_NEEDED, "; ".join(reason for _, reason in results)
        return WAITING, "until %s is imported" % ", ".join(
            target for target, _ in self.repairs if target not in self.results
        )

    def record(self):
        """The patch's row of `compat.report()`."""
        state, reason = self.state()
        lines = (sys.modules[self.module].__doc__ or "").strip().splitlines()
        versions = self.versions or "any"
        if self.python:
            versions += "; Python " + self.python
        return {
            "name": self.name,
            "library": self.package,
            "versions": versions,
            "installed": version_of(self.package),
            "state": state,
            "reason": reason,
            "symptom": self.symptom,
            "cves": list(self.cves),
            "link": lines[-1].strip() if lines and "://" in lines[-1] else "",
        }


def code_of(function):
    """The code that a function came with, below what other patches have put around it, or None."""
    while hasattr(function, "__wrapped__"):
        function = function.__wrapped__
    return getattr(function, "__code__", None)


MISSING = object()
HAVE_A_LOOK = (type(code_of), classmethod, staticmethod, property)


def looking_like(original, value):
    """signature.like(), which most processes never need."""
    if type(original) not in HAVE_A_LOOK or type(value) is not type(original):
        return value
    from .signature import like

    return like(original, value)


def inherited_by(owner, attribute):
    """What a class has from its bases under a name, not bound to anything; else MISSING."""
    for cls in owner.__mro__[1:] if isinstance(owner, type) else ():
        if attribute in vars(cls):
            return vars(cls)[attribute]
    return MISSING


def disabled_names():
    """The patterns in COMPAT_DISABLE."""
    text = os.environ.get("COMPAT_DISABLE", "")
    return [name.strip() for name in text.split(",") if name.strip()] if text else []


def is_named(name, pattern):
    """Whether a patch of that name is meant by a pattern: see Patch.is_named()."""
    names = (name, name.rpartition(".")[2])
    if pattern in names:
        return True
    from fnmatch import fnmatchcase  # seldom, and slow to import

    return any(fnmatchcase(one, pattern) for one in names)


def is_disabled(name):
    """True when COMPAT_DISABLE names the patch of that name."""
    return any(is_named(name, pattern) for pattern in disabled_names())


def is_foreign(gate):
    """True when this Python does not meet the clauses; False where there are none."""
    return bool(gate) and not matches(python_version(), gate)


def python_version():
    return "%d.%d.%d" % sys.version_info[:3]


def version_of(package):
    return python_version() if package == "python" else installed_version(package)


def warn(message, *arguments):
    import logging  # only a process with something to say pays for it

    logging.getLogger(BRIDGE).warning(message, *arguments)
