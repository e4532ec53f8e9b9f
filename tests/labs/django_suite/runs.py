"""Run the suite in pieces, as many at a time as there are processors to spare."""

import json
import os
import shutil
import subprocess
import tempfile
import time

from .environment import HERE, Unready, say

SHIMS = os.path.join(HERE, "shims")
PIECES = 8  # more than run at a time, so that none is left running alone for long
SILENCE = 300  # seconds without an outcome after which a piece is ended
REPORT_EVERY = 30
# Folders of the suite that runtests.py leaves out as well; GIS needs a spatial database.
NO_APPS = ("data", "import_error_package", "test_discovery_sample", "test_discovery_sample2")
NO_APPS += ("gis_tests",)
# The tests of migrations may leave a table that refers to one that is gone, a defect of Django
# with SQLite 3.26 or newer: it is those of backends that fail, if they come later.
AFTER = {"backends": "migrations"}
WORST_FIRST = ("error", "fail", "skip", "ok")


def apps(source):
    """The names of the suite's apps, which are its labels."""
    tests = os.path.join(source, "tests")
    return sorted(
        name
        for name in os.listdir(tests)
        if name not in NO_APPS and os.path.exists(os.path.join(tests, name, "__init__.py"))
    )


def divide(labels, sizes):
    """The labels in pieces of about the same number of tests; `sizes` has that of each app."""
    later = {label: first for label, first in AFTER.items() if {label, first} <= set(labels)}
    alone = sorted(set(labels) - set(later), key=lambda label: (-sizes.get(label, 1), label))
    pieces = [[0, []] for _ in range(min(PIECES, len(alone)))]
    for label in alone:
        piece = min(pieces, key=lambda piece: piece[0])
        piece[0] += sizes.get(label, 1)
        piece[1].append(label)
    pieces = [sorted(labels) for _, labels in pieces]
    for label, first in later.items():
        next(piece for piece in pieces if first in piece).append(label)
    return pieces


class Piece(object):
    """One runtests.py process; its record and its log are files in `folder`."""

    def __init__(self, number, labels, python, source, folder, databases):
        self.number, self.labels = number, labels
        self.record = os.path.join(folder, "%d.jsonl" % number)
        self.log = os.path.join(folder, "%d.log" % number)
        self.home = tempfile.mkdtemp(prefix="django-suite-")
        env = {
            "PATH": os.environ["PATH"],
            "HOME": self.home,
            "TMPDIR": self.home,
            "LC_ALL": "C.UTF-8",
            "LANG": "C.UTF-8",
            "PYTHONPATH": SHIMS,
            "DJANGO_SUITE_RESULTS": self.record,
            "DJANGO_SUITE_DATABASES": json.dumps(databases),
        }
        command = unprivileged() + [python, "runtests.py", "--settings=django_suite_settings"]
        command += ["--noinput", "--parallel=1"] + labels
        open(self.record, "w").close()
        self.read = 0
        self.heard = time.monotonic()
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=env,
                cwd=os.path.join(source, "tests"),
                start_new_session=True,
            )

    def outcomes(self):
        """What has been recorded since the last call: [state, id, text]."""
        with open(self.record) as record:
            record.seek(self.read)
            text = record.read()
        lines = text[: text.rfind("\n") + 1]
        self.read += len(lines)  # the record is ASCII
        if lines:
            self.heard = time.monotonic()
        return [json.loads(line) for line in lines.splitlines()]

    def over(self):
        """Whether the process has ended; one that is silent for long is made to."""
        if self.process.poll() is not None:
            return True
        if time.monotonic() - self.heard > SILENCE:
            say("piece %d is silent for %d s, ended; see %s" % (self.number, SILENCE, self.log))
            self.end()
        return False

    def end(self):
        if self.process.poll() is None:
            os.killpg(self.process.pid, 9)
            self.process.wait()

    def close(self):
        self.end()
        subprocess.call(["chmod", "-R", "u+rwX", self.home])  # tests leave unreadable folders
        shutil.rmtree(self.home, ignore_errors=True)


def unprivileged():
    """The command before a command: some tests need a user whom permissions bind.

    root keeps its name, because the interpreter may be where no other user may look, but none
    of its rights.
    """
    if os.getuid():
        return []
    if not shutil.which("setpriv"):
        raise Unready("run by root, the suite needs setpriv of util-linux")
    return ["setpriv", "--bounding-set=-all", "--inh-caps=-all", "--no-new-privs"]


def run(labels, sizes, python, source, folder, databases, processes):
    """Run the labels; returns {id of a test: (state, text)} and the names of logs of crashes.

    databases: called with the number of a piece, returns Django's DATABASES for it.
    """
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    waiting = list(enumerate(divide(labels, sizes), 1))
    total = sum(sizes.get(label.partition(".")[0], 0) for label in labels)
    running, results, crashed = [], {}, []
    started = reported = time.monotonic()
    try:
        while waiting or running:
            while waiting and len(running) < processes:
                number, part = waiting.pop(0)
                running.append(Piece(number, part, python, source, folder, databases(number)))
            time.sleep(0.2)
            for piece in list(running):
                over = piece.over()
                for state, test, text in piece.outcomes():
                    known = results.get(test, ("ok", ""))
                    if WORST_FIRST.index(state) <= WORST_FIRST.index(known[0]):
                        results[test] = (state, text)
                if over:
                    # 0: all passed, 1: some failed; but also: an exception before any test.
                    if piece.process.returncode not in (0, 1) or not piece.read:
                        crashed.append(piece.log)
                    piece.close()
                    running.remove(piece)
            if time.monotonic() - reported > REPORT_EVERY:
                reported = time.monotonic()
                progress(results, total, reported - started)
    finally:
        for piece in running:
            piece.close()
    return results, crashed


def progress(results, total, seconds):
    bad = sum(state in ("fail", "error") for state, _ in results.values())
    say(
        "%d:%02d  %d of about %d tests, %d failed"
        % (seconds // 60, seconds % 60, len(results), max(total, len(results)), bad)
    )
