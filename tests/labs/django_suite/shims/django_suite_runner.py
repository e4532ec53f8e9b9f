"""The suite's test runner: Django's, with one JSON line for each outcome of each test."""

import json
import os
import sys
import types
import unittest
from unittest.util import strclass

from django.contrib.auth.hashers import CryptPasswordHasher
from django.test.runner import DiscoverRunner

if sys.version_info >= (3, 11):

    def __str__(self):
        """Once more without the method's name after the class: the runner's tests compare."""
        return "%s (%s)" % (self._testMethodName, strclass(self.__class__))

    unittest.TestCase.__str__ = __str__

if sys.version_info >= (3, 13):
    # The hasher's test wants to import this, and asks with an empty salt, which no library
    # knows, whether it works; then it calls what the hasher has found for itself.
    library = CryptPasswordHasher()._load_library()
    sys.modules["crypt"] = types.ModuleType("crypt")
    sys.modules["crypt"].crypt = lambda word, salt: library.crypt(word, salt or "ab")


class Result(unittest.TextTestResult):
    """Writes to the file named by DJANGO_SUITE_RESULTS as it goes: a crash loses nothing."""

    def __init__(self, *args, **kwargs):
        super(Result, self).__init__(*args, **kwargs)
        self.record = open(os.environ["DJANGO_SUITE_RESULTS"], "a", buffering=1)

    def note(self, state, test, text=""):
        self.record.write(json.dumps([state, test.id(), text]) + "\n")

    def addSuccess(self, test):
        super(Result, self).addSuccess(test)
        self.note("ok", test)

    def addFailure(self, test, err):
        super(Result, self).addFailure(test, err)
        self.note("fail", test, self.failures[-1][1])

    def addError(self, test, err):
        super(Result, self).addError(test, err)
        self.note("error", test, self.errors[-1][1])

    def addSkip(self, test, reason):
        super(Result, self).addSkip(test, reason)
        self.note("skip", test, reason)

    def addExpectedFailure(self, test, err):
        super(Result, self).addExpectedFailure(test, err)
        self.note("ok", test)

    def addUnexpectedSuccess(self, test):
        super(Result, self).addUnexpectedSuccess(test)
        self.note("fail", test, "expected to fail, and did not")

    def addSubTest(self, test, subtest, err):
        super(Result, self).addSubTest(test, subtest, err)
        if err is not None:
            failed = issubclass(err[0], test.failureException)
            text = (self.failures if failed else self.errors)[-1][1]
            self.note("fail" if failed else "error", test, text)


class Runner(DiscoverRunner):
    def get_resultclass(self):
        return Result
