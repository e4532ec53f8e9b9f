"""What became of each test, what stock 3.7 makes of it, and the difference."""

import collections
import json
import os
import sys
import xml.etree.ElementTree as ElementTree

from compat.patching.versions import matches

from .environment import HERE

NOT_APPLICABLE = os.path.join(HERE, "not_applicable.txt")
WORST_FIRST = ("error", "fail", "skip", "ok")
STATES = {"error": "error", "failure": "fail", "skipped": "skip"}  # of JUnit's


def note(results, test, state, text):
    """The worst of a test's outcomes is its result: subtests and fixtures report on their own."""
    test = test.encode("unicode_escape").decode()  # parameters can have line ends in them
    known = results.get(test, ("ok", ""))[0]
    if WORST_FIRST.index(state) <= WORST_FIRST.index(known):
        results[test] = (state, text)


def read_junit(path):
    """{id: (state, text)} of a file of JUnit's format, as pytest writes it."""
    results = {}
    for case in ElementTree.parse(path).iter("testcase"):
        test = ".".join(filter(None, (case.get("classname"), case.get("name"))))
        found = [(STATES[child.tag], child) for child in case if child.tag in STATES]
        for state, child in found or [("ok", None)]:
            text = "" if child is None else child.text or child.get("message") or ""
            note(results, test, state, text)
    return results


def read_lines(path):
    """The same of one JSON list [state, id, text] a line."""
    results = {}
    with open(path) as file:
        for line in file:
            state, test, text = json.loads(line)
            note(results, test, state, text)
    return results


def count(results):
    """(run, failed, errors, skipped)"""
    states = collections.Counter(state for state, _ in results.values())
    return len(results), states["fail"], states["error"], states["skip"]


class Baseline(object):
    """
    counts: {package: number of tests}; states: {package: {id: state}} of those that do not pass.

    Lines of the file: `run package count`, and `state package id`.
    """

    def __init__(self, counts, states):
        self.counts, self.states = counts, states

    @classmethod
    def of(cls, runs):
        """The baseline that {package: results} makes."""
        states = {}
        for package, results in runs.items():
            bad = {test: state for test, (state, _) in results.items() if state != "ok"}
            states[package] = bad
        return cls({package: len(results) for package, results in runs.items()}, states)

    @classmethod
    def read(cls, path):
        counts, states = {}, collections.defaultdict(dict)
        with open(path) as file:
            for number, line in enumerate(file, 1):
                if line.startswith("#") or not line.strip():
                    continue
                word, package, rest = (line.rstrip("\n").split(" ", 2) + ["", ""])[:3]
                if word == "run" and rest.isdigit():
                    counts[package] = int(rest)
                elif word in WORST_FIRST and rest:
                    states[package][rest] = word
                else:
                    raise ValueError("%s, line %d: not `state package id`" % (path, number))
        return cls(counts, states)

    def write(self, path, header):
        lines = ["# " + line for line in header]
        for package, number in sorted(self.counts.items()):
            lines.append("run %s %d" % (package, number))
            bad = self.states.get(package, {})
            lines += ["%s %s %s" % (bad[test], package, test) for test in sorted(bad)]
        with open(path + ".new", "w") as file:
            file.write("\n".join(lines) + "\n")
        os.replace(path + ".new", path)


class Difference(object):
    """
    newly_failing, newly_skipped, newly_passing, not_applicable: sorted ids; missing: how many
    fewer tests. Only `newly_passing` and `not_applicable` are harmless.
    """

    def __init__(self, baseline, package, results, excused=()):
        self.newly_failing, self.newly_skipped, self.newly_passing = [], [], []
        self.not_applicable = []
        before = baseline.states.get(package, {})
        for test, (state, _) in sorted(results.items()):
            was = before.get(test, "ok")
            if state in ("fail", "error") and was in ("ok", "skip"):
                kind = self.newly_failing
            elif state == "skip" and was == "ok":
                kind = self.newly_skipped
            elif state == "ok" and was in ("fail", "error"):
                kind = self.newly_passing
            else:
                continue
            if (package, test) in excused and kind is not self.newly_passing:
                kind = self.not_applicable
            kind.append(test)
        self.missing = max(0, baseline.counts.get(package, 0) - len(results))

    @property
    def regressed(self):
        return bool(self.newly_failing or self.newly_skipped or self.missing)


def excused(path=NOT_APPLICABLE):
    """{(package, id): reason} for this Python; ValueError for a bad line."""
    python = "%d.%d.%d" % sys.version_info[:3]
    tests = {}
    with open(path) as file:
        for number, line in enumerate(file, 1):
            if line.startswith("#") or not line.strip():
                continue
            parts = [part.strip() for part in line.split(" | ")]
            package, _, test = parts[0].partition(" ")
            if len(parts) != 3 or not test:
                raise ValueError(
                    "%s, line %d: not `package id | Pythons | reason`" % (path, number)
                )
            if matches(python, parts[1]):
                tests[package, test] = parts[2]
    return tests
