"""The tests without a mutant: that they pass, and how long each file takes."""

import hashlib
import json
import os
import xml.etree.ElementTree as ET

from .trial import FAILED, left_out

IRRELEVANT = ("docs/", "tests/labs/")  # to what the rooms' tests say


class BaselineFailed(Exception):
    """The tests fail without any mutant."""


class Pass:
    """One run of the tests: its options, {test file: seconds}, and its slowest test."""

    def __init__(self, options, seconds, slowest):
        self.options, self.seconds, self.slowest = options, seconds, slowest

    def longest(self):
        """How long one test may take with a mutant."""
        return 3 * self.slowest + 10

    def bound(self):
        """How long all may take."""
        return 3 * sum(self.seconds.values()) + 30


def passes(trial, folder, tests, quick, trusting=False, cheap=False):
    """
    The runs that a mutant has to survive: with the options `quick`, if there are any, then all,
    unless it is to be `cheap`.

    A test file that passed is not run again until it, or anything that is no test, has changed;
    `trusting`: until it has changed itself.
    """
    path = os.path.join(folder, "baseline.json")
    known = {}
    if os.path.exists(path):
        with open(path, encoding="utf-8") as file:
            known = json.load(file)
    state = states(trial.folder, tests)
    found = []
    for options in ([list(quick)] if quick else []) + ([] if cheap and quick else [[]]):
        kept = known.setdefault(" ".join(options), {})
        changed = [test for test in tests if is_changed(kept.get(test), state[test], trusting)]
        if changed:
            for test, timing in measure(trial, changed, options).items():
                kept[test] = dict(timing, state=state[test])
            with open(path, "w", encoding="utf-8") as file:
                json.dump(known, file)
        seconds = {test: kept[test]["seconds"] for test in tests}
        found.append(Pass(options, seconds, max(kept[test]["slowest"] for test in tests)))
    return found


def is_changed(known, state, trusting):
    """Whether a test file is another than the one that was measured."""
    return known is None or (known["state"][trusting:] != state[trusting:])


def measure(trial, tests, options):
    """{test file: {"seconds", "slowest"}} of a run without a mutant."""
    report = os.path.join(trial.folder, "mutation-baseline.xml")
    code, _, output = trial.run(tests, 3600, "--junitxml=" + report, *options)
    if code not in (0, 5):
        # A busy machine may have been too slow for one; nobody is for twice the same.
        failed = FAILED.findall(output)
        again = trial.run(failed, 3600, "-x", *options) if failed else (code, False, output)
        if again[0] not in (0, 5):
            raise BaselineFailed(output)
    timings = {test: {"seconds": 0.0, "slowest": 0.0} for test in tests}
    for case in ET.parse(report).iter("testcase"):  # noqa: S314
        spent = float(case.get("time", 0))
        for test in tests:
            dotted = os.path.splitext(test)[0].replace(os.sep, ".")
            if (case.get("classname", "") + ".").startswith(dotted + "."):
                timings[test]["seconds"] += spent
                timings[test]["slowest"] = max(timings[test]["slowest"], spent)
    os.unlink(report)
    return timings


def states(folder, tests):
    """{test file: [digest of all that is no test, digest of the file]}."""
    common, own = hashlib.sha1(), {}  # noqa: S324
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(set(folders) - set(left_out(place, folders)))
        for name in sorted(set(names) - set(left_out(place, names))):
            path = os.path.join(place, name)
            with open(path, "rb") as file:
                data = file.read()
            relative = os.path.relpath(path, folder)
            if relative in tests:
                own[relative] = data
            elif not name.startswith("test_") and not relative.startswith(IRRELEVANT):
                common.update(relative.encode() + b"\0" + data + b"\0")
    one = common.hexdigest()
    return {test: [one, hashlib.sha1(own[test]).hexdigest()] for test in tests}  # noqa: S324
