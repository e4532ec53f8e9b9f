"""
Offer `plistlib.readPlist()`, `writePlist()` and their kin again.
https://docs.python.org/3/whatsnew/3.9.html#removed
"""

from ...patching.patch import Patch

patch = Patch(
    __name__,
    package="python",
    versions=">=3.9",
    symptom="an older library fails: module 'plistlib' has no attribute 'readPlist'",
)


@patch.when_imported("plistlib")
def repair(plistlib):
    def readPlist(pathOrFile):
        """The value in a file, given by its path or open for reading bytes."""
        if isinstance(pathOrFile, str):
            with open(pathOrFile, "rb") as file:
                return plistlib.load(file)
        return plistlib.load(pathOrFile)

    def writePlist(value, pathOrFile):
        """Write a value to a file, given by its path or open for writing bytes."""
        if isinstance(pathOrFile, str):
            with open(pathOrFile, "wb") as file:
                return plistlib.dump(value, file)
        return plistlib.dump(value, pathOrFile)

    patch.add(plistlib, "readPlist", readPlist)
    patch.add(plistlib, "writePlist", writePlist)
    patch.add(plistlib, "readPlistFromBytes", plistlib.loads)
    patch.add(plistlib, "writePlistToBytes", plistlib.dumps)
