"""
Offer `configparser.SafeConfigParser` and `readfp()` again.
https://docs.python.org/3/whatsnew/3.12.html#removed
"""

from ...patching.patch import Patch

patch = Patch(
    __name__,
    package="python",
    versions=">=3.12",
    symptom="an older library fails: 'configparser' has no attribute 'SafeConfigParser'",
)


@patch.when_imported("configparser")
def repair(configparser):
    def readfp(self, fp, filename=None):
        """Read from a file object."""
        self.read_file(fp, source=filename)

    patch.add(configparser, "SafeConfigParser", configparser.ConfigParser)
    patch.add(configparser.RawConfigParser, "readfp", readfp)
