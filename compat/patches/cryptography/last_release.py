"""
Say nothing of a Python that the next release will not run on: the newest for it is installed, and
every command, cron's among them, said so on standard error, and daphne in its log at each start. A
filter of the site's own comes first.
https://cryptography.io/en/latest/changelog/
"""

import warnings

from ...patching.patch import Patch

patch = Patch(
    __name__,
    package="cryptography",
    versions=">=40,<48",
    python="<3.9",
    symptom="each command and each daphne prints a warning of cryptography's on an older Python",
)


@patch.when_imported("cryptography.utils")
def repair(utils):
    warnings.filterwarnings(
        "ignore",
        message=r"Python 3\.\d is no longer supported by the Python core team",
        category=utils.CryptographyDeprecationWarning,
        append=True,
    )
