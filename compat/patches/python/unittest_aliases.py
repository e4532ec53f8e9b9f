"""
Offer the old names of assertion methods, like assertEquals(), again, and makeSuite().
https://docs.python.org/3/whatsnew/3.12.html#removed
"""

from ...patching.patch import Patch

patch = Patch(
    __name__,
    package="python",
    versions=">=3.12",
    symptom="the site's tests fail: 'TestCase' object has no attribute 'assertEquals'",
)

ALIASES = {
    "failUnlessEqual": "assertEqual",
    "assertEquals": "assertEqual",
    "failIfEqual": "assertNotEqual",
    "assertNotEquals": "assertNotEqual",
    "failUnless": "assertTrue",
    "assert_": "assertTrue",
    "failIf": "assertFalse",
    "failUnlessRaises": "assertRaises",
    "failUnlessAlmostEqual": "assertAlmostEqual",
    "assertAlmostEquals": "assertAlmostEqual",
    "failIfAlmostEqual": "assertNotAlmostEqual",
    "assertNotAlmostEquals": "assertNotAlmostEqual",
    "assertRegexpMatches": "assertRegex",
    "assertNotRegexpMatches": "assertNotRegex",
    "assertRaisesRegexp": "assertRaisesRegex",
}


@patch.when_imported("unittest.case")
def repair(case):
    for old, name in ALIASES.items():
        patch.add(case.TestCase, old, getattr(case.TestCase, name))


@patch.when_imported("unittest")
def repair_loading(unittest):
    def names(testCaseClass, prefix="test", sortUsing=None):
        """The names of a class's test methods."""
        return loader(prefix, sortUsing).getTestCaseNames(testCaseClass)

    def suite(testCaseClass, prefix="test", sortUsing=None, suiteClass=unittest.TestSuite):
        """A suite of the tests of a class."""
        return loader(prefix, sortUsing, suiteClass).loadTestsFromTestCase(testCaseClass)

    def module_suite(module, prefix="test", sortUsing=None, suiteClass=unittest.TestSuite):
        """A suite of the tests of a module."""
        return loader(prefix, sortUsing, suiteClass).loadTestsFromModule(module)

    def loader(prefix, sort_using, suite_class=unittest.TestSuite):
        made = unittest.TestLoader()
        made.testMethodPrefix = prefix
        made.suiteClass = suite_class
        if sort_using is not None:
            made.sortTestMethodsUsing = sort_using
        return made

    ours = {"getTestCaseNames": names, "makeSuite": suite, "findTestCases": module_suite}
    for name, function in ours.items():
        if not hasattr(unittest, name):
            patch.add(unittest, name, function)
            patch.add(unittest.loader, name, function)
    patch.add(unittest, "_TextTestResult", unittest.TextTestResult)
