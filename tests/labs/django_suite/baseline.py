"""
What the suite does on stock 3.7, in a file small enough to read, and how a run differs from it.

Lines of the file: `app count` for each app, and `state id` for each test that does not pass; a
class that is skipped as a whole is one line, `skip class.*`.
"""

import collections
import os
import re
import sys

from compat.patching.versions import matches

from .environment import HERE

NOT_APPLICABLE = os.path.join(HERE, "not_applicable.txt")


def app_of(test):
    """The app of a test's id; that of a fixture is `setUpClass (app.tests.Class)`."""
    return test.rpartition("(")[2].partition(".")[0]


def class_of(test):
    return test.rpartition(".")[0]


class Baseline(object):
    """sizes: {app: number of tests}; states: {id or class.*: state}."""

    def __init__(self, sizes, states):
        self.sizes, self.states = sizes, states

    @classmethod
    def of(cls, results):
        """The baseline that a run's results make."""
        sizes = collections.Counter(app_of(test) for test in results)
        members = collections.defaultdict(set)
        for test, (state, _) in results.items():
            members[class_of(test)].add(state)
        states = {}
        for test, (state, _) in results.items():
            if members[class_of(test)] == {"skip"} and "(" not in test:
                states[class_of(test) + ".*"] = "skip"
            elif state != "ok":
                states[test] = state
        return cls(sizes, states)

    @classmethod
    def read(cls, path):
        sizes, states = {}, {}
        with open(path) as file:
            for line in file:
                word, _, rest = line.strip().partition(" ")
                if word in ("skip", "fail", "error"):
                    states[rest] = word
                elif rest.isdigit():
                    sizes[word] = int(rest)
        return cls(sizes, states)

    def write(self, path, header):
        lines = ["# " + line for line in header]
        lines += ["%s %d" % item for item in sorted(self.sizes.items())]
        lines += ["%s %s" % (state, test) for test, state in sorted(self.states.items())]
        with open(path, "w") as file:
            file.write("\n".join(lines) + "\n")

    def state(self, test):
        return self.states.get(test) or self.states.get(class_of(test) + ".*", "ok")


class Difference(object):
    """
    newly_failing, newly_skipped, newly_passing, not_applicable: sorted ids; missing: {app: how
    many fewer tests}. Only `newly_passing` and `not_applicable` are harmless.
    """

    def __init__(self, baseline, results, labels, excused):
        self.newly_failing, self.newly_skipped, self.newly_passing = [], [], []
        self.not_applicable = []
        for test, (state, _) in sorted(results.items()):
            before = baseline.state(test)
            if state in ("fail", "error") and before in ("ok", "skip"):
                kind = self.newly_failing
            elif state == "skip" and before == "ok":
                kind = self.newly_skipped
            elif state == "ok" and before in ("fail", "error"):
                kind = self.newly_passing
            else:
                continue
            if test in excused and kind is not self.newly_passing:
                kind = self.not_applicable
            kind.append(test)
        sizes = collections.Counter(app_of(test) for test in results)
        missing = {app: baseline.sizes.get(app, 0) - sizes[app] for app in labels if "." not in app}
        self.missing = {app: count for app, count in missing.items() if count > 0}

    @property
    def regressed(self):
        return bool(self.newly_failing or self.newly_skipped or self.missing)


def excused(path=NOT_APPLICABLE):
    """{id: reason} of the tests that cannot pass on this Python; ValueError for a bad line."""
    python = "%d.%d.%d" % sys.version_info[:3]
    tests = {}
    with open(path) as file:
        for number, line in enumerate(file, 1):
            line = line.strip()
            if not line or line.startswith("#"):
                continue
            parts = [part.strip() for part in line.split(" | ")]
            if len(parts) != 3 or not re.match(r"[\w.() ]+$", parts[0]):
                raise ValueError("%s, line %d: not `id | Pythons | reason`" % (path, number))
            if matches(python, parts[1]):
                tests[parts[0]] = parts[2]
    return tests
