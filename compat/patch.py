"""What one repair is, when it applies, and what became of it."""
import fnmatch
import os
import sys
import threading

from .versions import installed_version, matches

APPLIED = "applied"
WAITING = "waiting"
NOT_NEEDED = "not needed"
REFUSED = "refused"
DISABLED = "disabled"


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
    """

    def __init__(self, module, package, versions, symptom, python="", requires=None):
        self.module = module
        self.name = module.partition(".patches.")[2] or module
        self.package = package
        self.versions = versions
        self.python = python
        self.requires = dict(requires or {})
        self.symptom = symptom
        self.repairs = []  # (name of the target module, function)
        self.results = {}  # target → (state, reason)
        self._replaced = []  # (owner, attribute, original or MISSING), newest last
        self._lock = threading.RLock()

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

    def replace(self, owner, attribute, value):
        """Set an attribute that must exist; the original is kept, returned, and put back if
        the rest of the repair fails."""
        original = vars(owner).get(attribute, MISSING)
        if original is MISSING:
            raise Refused("%s has no %s" % (getattr(owner, "__name__", owner), attribute))
        self._set(owner, attribute, value, original)
        return original

    def add(self, owner, attribute, value):
        """Set an attribute that must not exist yet; does nothing where it does."""
        if attribute not in vars(owner):
            self._set(owner, attribute, value, MISSING)

    def original(self, owner, attribute):
        """What `replace` found."""
        for where, name, value in self._replaced:
            if where is owner and name == attribute:
                return value
        raise KeyError(attribute)

    def _set(self, owner, attribute, value, original):
        setattr(owner, attribute, value)
        self._replaced.append((owner, attribute, original))

    # For install() -----------------------------------------------------------------------

    def arm(self):
        """Register with the import system; fires at once for what is imported already."""
        from wrapt.importer import register_post_import_hook

        if self.disabled or self.foreign_python():
            return
        for target, repair in self.repairs:
            register_post_import_hook(self._hook(target, repair), target)

    def _hook(self, target, repair):
        def hook(module):
            with self._lock:
                if target not in self.results:
                    self.results[target] = self._apply(module, repair)

        return hook

    def _apply(self, module, repair):
        """Run one repair; an exception must never fail the user's import."""
        excuse = self.inapplicable()
        if excuse:
            return NOT_NEEDED, excuse
        mark = len(self._replaced)
        try:
            repair(module)
        except NotNeeded as reason:
            return NOT_NEEDED, str(reason)
        except Exception as error:
            self._roll_back(mark)
            if isinstance(error, Refused):
                reason = "%s: %s" % (module.__name__, error)
            else:
                reason = "%s: %s: %s" % (module.__name__, type(error).__name__, error)
            warn("patch %s refused, %s", self.name, reason)
            return REFUSED, reason
        return APPLIED, ""

    def _roll_back(self, mark):
        for owner, attribute, original in reversed(self._replaced[mark:]):
            if original is MISSING:
                delattr(owner, attribute)
            else:
                setattr(owner, attribute, original)
        del self._replaced[mark:]

    # For report() ------------------------------------------------------------------------

    @property
    def disabled(self):
        """True when COMPAT_DISABLE names this patch."""
        return any(self.is_named(pattern) for pattern in disabled_names())

    def is_named(self, pattern):
        """True for the full name, the part after the last dot, or a shell pattern of either."""
        short = self.name.rpartition(".")[2]
        return fnmatch.fnmatchcase(self.name, pattern) or fnmatch.fnmatchcase(short, pattern)

    def foreign_python(self):
        """True when no module, imported or not, could need the patch on this Python."""
        gate = self.versions if self.package == "python" else self.python
        return bool(gate) and not matches(python_version(), gate)

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
        if self.disabled:
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
            "link": lines[-1].strip() if lines and "://" in lines[-1] else "",
        }


MISSING = object()


def disabled_names():
    """The patterns in COMPAT_DISABLE."""
    names = os.environ.get("COMPAT_DISABLE", "").split(",")
    return [name.strip() for name in names if name.strip()]


def python_version():
    return "%d.%d.%d" % sys.version_info[:3]


def version_of(package):
    return python_version() if package == "python" else installed_version(package)


def warn(message, *arguments):
    import logging  # only a process with something to say pays for it

    logging.getLogger(__package__).warning(message, *arguments)
