import sys

from tests.support.probe import prove, source


@source
def code():
    import unittest

    class Case(unittest.TestCase):
        def runTest(self):
            pass

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


def test_old_names_of_assertions():
    needed = sys.version_info >= (3, 12)

    good = "1 != 2\nFalse is not true"

    prove("python.unittest_aliases", code, good, bad="no attribute 'assertEquals'", needed=needed)


@source
def loading():
    import unittest
    import unittest.loader

    class Case(unittest.TestCase):
        def test_b(self):
            pass

        def test_a(self):
            pass

        def check_c(self):
            pass

    module = type(unittest)("module")
    module.Case = Case
    print([test.id().split(".")[-1] for test in unittest.makeSuite(Case)])
    print([test.id().split(".")[-1] for test in unittest.makeSuite(Case, "check")])
    print(unittest.getTestCaseNames(Case, "test", lambda a, b: (a < b) - (a > b)))
    print(unittest.findTestCases(module).countTestCases())
    print(unittest.loader.makeSuite is unittest.makeSuite)
    print(unittest._TextTestResult.__name__)


def test_old_ways_to_load_tests():
    good = "['test_a', 'test_b']\n['check_c']\n['test_b', 'test_a']\n2\nTrue\nTextTestResult"

    bad = "has no attribute"
    prove("python.unittest_aliases", loading, good, bad, needed=sys.version_info >= (3, 12))
