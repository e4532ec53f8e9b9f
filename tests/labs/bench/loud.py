"""
A loud command beside quiet ones: does the runner keep up, and what do the others notice?

    python -m tests.labs.bench.loud [seconds] [lines a second]

The loud one prints numbered lines at that rate (200,000), or as fast as it is read; two quiet ones
print the time every 50 ms. All go through what the runner uses, each in a thread, into streams in
SQLite. Printed are the loud one's lines a second, what of them is missing, the CPU of all that, and
how late a quiet one's line was committed, with the loud one beside it and without.
"""

import os
import sys
import tempfile
import threading
import time

LOUD = """
import sys, time
write, rate, begun, number = sys.stdout.buffer.write, %d, time.monotonic(), 0
while number < rate * %g:
    write(b"".join(b"%%08d ok   some ordinary output with words and /a/path\\n" %% n
                   for n in range(number, number + 2000)))
    number += 2000
    left = begun + number / rate - time.monotonic()
    if left > 0:
        time.sleep(left)
print("behind", time.monotonic() - begun - number / rate, flush=True)
"""
QUIET = """
import time
end = time.time() + %g
while time.time() < end:
    print("%%.6f" %% time.time(), flush=True)
    time.sleep(0.05)
"""


class Command:
    """A command of a service of its own, as a deployment of the runner's."""

    def __init__(self, number, code):
        from deploy.execution import Execution
        from deploy.models import Deployment, Service
        from deploy.output import Output

        service = Service(uid="bench%d" % number, command=[sys.executable, "-c", code], timeout=600)
        self.deployment = Deployment(pk=number, token="t", service=service)
        self.execution = Execution(self.deployment)
        self.output = Output(self.deployment)
        self.text, self.late = [], []

    def __call__(self):
        from deploy import entries

        self.execution.start()
        for pieces in iter(self.execution.outbox.take, None):
            self.output.write([entries.output(self.deployment, piece) for piece in pieces])
            now = time.time()
            self.text += pieces
            if self.late is not None:
                self.late += [now - float(line) for piece in pieces for line in piece.split()]


def measure(commands):
    """Seconds and CPU seconds until all have ended."""
    threads = [threading.Thread(target=command) for command in commands]
    begun, cpu = time.monotonic(), time.process_time()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.monotonic() - begun, time.process_time() - cpu


def lateness(commands):
    late = sorted(one for command in commands for one in command.late)
    return "p50 %.1f ms, p99 %.1f ms, longest %.1f ms" % tuple(
        late[min(len(late) - 1, len(late) * share // 1000)] * 1e3 for share in (500, 990, 1000)
    )


def main(seconds="5", rate="200000"):
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    seconds, rate = float(seconds), int(rate)
    quiet = [Command(number, QUIET % seconds) for number in (1, 2)]
    measure(quiet)
    print("quiet ones alone: " + lateness(quiet))
    quiet = [Command(number, QUIET % seconds) for number in (3, 4)]
    loud = Command(5, LOUD % (rate, seconds))
    loud.late = None
    took, cpu = measure([*quiet, loud])
    print("with a loud one:  " + lateness(quiet))
    *lines, last = "".join(loud.text).splitlines()
    there = [int(line[:8]) for line in lines]
    missing = int(rate * seconds) - len(set(there))
    print(
        "the loud one: %d lines in %.1f s, %d a second, %d missing, in order: %s, %s s"
        % (len(there), took, len(there) / took, missing, there == sorted(there), last)
    )
    print("CPU of the runner: %.2f s, %.1f µs a line" % (cpu, cpu / len(there) * 1e6))


if __name__ == "__main__":
    os.environ["DJANGO_SETTINGS_MODULE"] = "devops.settings"
    with tempfile.TemporaryDirectory() as var:
        os.environ["DEVOPS_VAR"] = var
        import compat

        compat.install()
        import django

        django.setup()
        main(*sys.argv[1:3])
