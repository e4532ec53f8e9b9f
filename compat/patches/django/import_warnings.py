"""
Keep to itself what Django's modules use that a newer Python deprecates, while they are imported.

`cgi`, `crypt`, `locale.getdefaultlocale()` and, until 3.11, the finder of Django's six work as
ever; under `-W error` the warnings stop the import, or turn the encoding of file names into ASCII.
https://docs.python.org/3/whatsnew/3.11.html#deprecated
"""

from ...patching.import_hooks import when_imported
from ...patching.patch import Patch

patch = Patch(
    __name__,
    package="django",
    versions="<4.2",
    python=">=3.10",
    symptom="DeprecationWarning: 'cgi' is deprecated, and manage.py fails under -W error",
)

# (beginning of the message, the module that gets it: ours where it loads cgi for another)
DEPRECATED = [
    ("'cgi' is deprecated", r"django\.|channels\.http$|%s$" % when_imported.__module__),
    ("'crypt' is deprecated", r"importlib$|django\.contrib\.auth\.hashers$"),
    ("'locale.getdefaultlocale' is deprecated|Use setlocale", r"django\.utils\.encoding$"),
]
# Python names the class only: other copies of six have it, too.
SIX = r"_SixMetaPathImporter\.(find_spec|exec_module)\(\) not found"


@patch.when_imported("django")
def repair(django):
    import warnings

    for message, module in DEPRECATED:
        warnings.filterwarnings("ignore", message, DeprecationWarning, module)
    warnings.filterwarnings("ignore", SIX, ImportWarning, r"importlib\._bootstrap$")
