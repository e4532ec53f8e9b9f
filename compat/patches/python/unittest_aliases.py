"""
Offer the old names of assertion methods, like assertEquals(), again.
https://docs.python.org/3/whatsnew/3.12.html#removed
"""

from ...patch import Patch

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
