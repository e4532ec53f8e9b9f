"""
Offer `getchildren()` and `getiterator()` of XML elements and trees again.
https://docs.python.org/3/whatsnew/3.9.html#removed
"""

from ...patching.patch import Patch
from ._c_class import add_method

patch = Patch(
    __name__,
    package="python",
    versions=">=3.9",
    symptom="an older library fails: 'Element' object has no attribute 'getchildren'",
)


@patch.when_imported("xml.etree.ElementTree")
def repair(etree):
    def getchildren(self):
        """The subelements, as a list."""
        return list(self)

    def getiterator(self, tag=None):
        """All elements below and this one, in document order, as a list."""
        return list(self.iter(tag))

    add_method(patch, etree.Element, getchildren)
    add_method(patch, etree.Element, getiterator)
    patch.add(etree.ElementTree, "getiterator", getiterator)
