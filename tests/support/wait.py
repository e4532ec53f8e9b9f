"""Waiting for what nobody announces."""

import time

# Long, since it costs nothing when all is well, and a machine may be busy.
SECONDS = 60.0


def wait_until(ready, seconds=SECONDS, what="the condition", pause=0.02):
    """Return the first true result of `ready()`; fails after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        result = ready()
        if result:
            return result
        if time.monotonic() > deadline:
            raise AssertionError("%s did not hold within %g s" % (what, seconds))
        time.sleep(pause)


def wait_for_line(process, path, text, seconds=90):
    """The first whole line of the log with `text`; who exits or is late fails with the log."""
    deadline = time.monotonic() + seconds
    while True:
        with open(path, errors="replace") as log:
            printed = log.read()
        for line in printed.splitlines(True):
            if text in line and line.endswith("\n"):
                return line
        if process.poll() is not None or time.monotonic() > deadline:
            raise AssertionError("no %r from %s:\n%s" % (text, process.args, printed))
        time.sleep(0.02)  # a file tells nobody when it grows
