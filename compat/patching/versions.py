"""Which version is installed, and whether a clause like ">=2.0,<2.1.5" holds for it."""

import os
import sys

NEWEST = (3, 13)  # the last CPython on which every patch has been tried

# No regular expressions here: `re` is slow to import, and this runs in every process.
OPERATORS = {
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    ">=": lambda a, b: a >= b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    "<": lambda a, b: a < b,
}
# Import names whose distribution is called otherwise.
DISTRIBUTIONS = {"MySQLdb": "mysqlclient", "psycopg2": "psycopg2_binary"}
_matched = {}  # (version, clauses) → the answer: a hundred patches ask the same few questions


def python_is_untried():
    """One line about a Python newer than any that has been tried; "" for others."""
    if sys.version_info[:2] <= NEWEST:
        return ""
    return "Python %d.%d is newer than any the bridge was tested with; the newest is %d.%d." % (
        sys.version_info[:2] + NEWEST
    )


def release(version):
    """The numbers of a version, trailing zeros dropped: "2.1.0rc1" → (2, 1)."""
    numbers = []
    for part in version.split("."):
        digits = len(part) - len(part.lstrip("0123456789"))
        if not digits:
            break
        numbers.append(int(part[:digits]))
        if digits != len(part):
            break
    while numbers and not numbers[-1]:
        numbers.pop()
    return tuple(numbers)


def matches(version, versions):
    """True when `version` meets every comma-separated clause; ValueError for a malformed one."""
    question = version, versions
    if question not in _matched:
        _matched[question] = meets(version, versions)
    return _matched[question]


def meets(version, versions):
    """matches(), worked out."""
    for text in versions.split(","):
        clause = text.strip()
        operator = next((sign for sign in OPERATORS if clause.startswith(sign)), "")
        wanted = clause[len(operator) :].strip()
        if not operator or not wanted[:1].isdigit():
            raise ValueError("not a version clause: %r" % text)
        if not OPERATORS[operator](release(version), release(wanted)):
            return False
    return True


def installed_version(package):
    """The version of an importable package as a string, "" when it is not installed.

    The imported module is asked first: it is what runs, and reading metadata is slow.
    """
    module = sys.modules.get(package)
    version = getattr(module, "__version__", None)
    if not isinstance(version, str):
        version = django_version(module) if package == "django" and module else ""
    if not version:
        names = (package, DISTRIBUTIONS.get(package, package))
        version = next(filter(None, (metadata_version(name) for name in names)), "")
    return (version.split() or [""])[0]


def django_version(module):
    return ".".join(str(number) for number in module.VERSION[:3])


def metadata_version(package):
    """The version that a folder on sys.path says is installed, "" when none does."""
    wanted = normal(package)
    for folder in sys.path:
        version = _distributions(folder or ".").get(wanted)
        if version is not None:
            return version
    return ""


_read = {}  # {folder: (when it was changed, what was in it)}: a check asks for dozens


def _distributions(folder):
    """{name: version} of what is installed in a folder."""
    try:
        changed = os.stat(folder).st_mtime_ns
        if _read.get(folder, (None,))[0] != changed:
            _read[folder] = changed, dict(map(_distribution, os.listdir(folder)))
        return _read[folder][1]
    except OSError:
        return {}


def _distribution(name):
    """A project and its version, of the name of a folder of metadata; else two empty strings."""
    stem, _, kind = name.rpartition(".")
    if kind not in ("dist-info", "egg-info"):
        return "", ""
    project, _, version = stem.rpartition("-")
    if kind == "egg-info" and version.startswith("py"):
        project, _, version = project.rpartition("-")
    return normal(project), version


def normal(name):
    """A project's name as PEP 503 compares it, with underscores."""
    return "_".join(filter(None, name.lower().replace("-", "_").replace(".", "_").split("_")))
