"""Which version is installed, and whether a clause like ">=2.0,<2.1.5" holds for it."""
import os
import re
import sys

OPERATORS = {
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    ">=": lambda a, b: a >= b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    "<": lambda a, b: a < b,
}
CLAUSE = re.compile(r"\s*(==|!=|>=|<=|>|<)\s*(\d[\w.]*)\s*$")
METADATA = re.compile(r"(.+?)-([^-]+)(?:-py[\d.]+)?\.(?:dist|egg)-info$")
# Import names whose distribution is called otherwise.
DISTRIBUTIONS = {"MySQLdb": "mysqlclient", "psycopg2": "psycopg2_binary"}


def release(version):
    """The numbers of a version, trailing zeros dropped: "2.1.0rc1" → (2, 1)."""
    numbers = []
    for part in version.split("."):
        digits = re.match(r"\d+", part)
        if not digits:
            break
        numbers.append(int(digits.group()))
        if digits.end() != len(part):
            break
    while numbers and not numbers[-1]:
        numbers.pop()
    return tuple(numbers)


def matches(version, versions):
    """True when `version` meets every comma-separated clause; ValueError for a malformed one."""
    for text in versions.split(","):
        clause = CLAUSE.match(text)
        if not clause:
            raise ValueError("not a version clause: %r" % text)
        if not OPERATORS[clause.group(1)](release(version), release(clause.group(2))):
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
    return version.split()[0] if version else ""


def django_version(module):
    return ".".join(str(number) for number in module.VERSION[:3])


def metadata_version(package):
    """The version that a folder on sys.path says is installed, "" when none does."""
    wanted = normal(package)
    for folder in sys.path:
        try:
            names = os.listdir(folder or ".")
        except OSError:
            continue
        for name in names:
            found = METADATA.match(name)
            if found and normal(found.group(1)) == wanted:
                return found.group(2)
    return ""


def normal(name):
    return re.sub(r"[-_.]+", "_", name).lower()
