import sys

from tests.compat.patches.probe import prove

CODE = """
import unittest

class Case(unittest.TestCase):
    def runTest(self): pass

case = Case()
try:
    case.assertEquals(1, 2)
except AssertionError as error:
    print(error)
case.assert_(True)
case.assertRegexpMatches("abc", "b")
with case.assertRaisesRegexp(ValueError, "oops"):
    raise ValueError("oops")
case.assertNotAlmostEquals(1.0, 2.0)
try:
    case.failUnless(False)
except AssertionError as error:
    print(error)
"""


def test_old_names_of_assertions():
    needed = sys.version_info >= (3, 12)
    good = "1 != 2\nFalse is not true"
    prove("python.unittest_aliases", CODE, good, bad="no attribute 'assertEquals'", needed=needed)
