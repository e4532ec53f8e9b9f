"""
List the files of the file-based cache through what Python still documents.
https://docs.python.org/3/whatsnew/3.13.html#glob
"""

from ...patching.patch import Patch
from ...patching.stand_in import StandIn

patch = Patch(
    __name__,
    package="django",
    versions="<5.2",
    python=">=3.13",
    symptom="DeprecationWarning: glob.glob1 is deprecated, an error under -W error",
)


@patch.when_imported("django.core.cache.backends.filebased")
def repair(filebased):
    glob = filebased.glob

    def glob1(folder, pattern):
        return glob.glob(pattern, root_dir=folder)

    patch.replace(filebased, "glob", StandIn(glob, glob1=glob1))
