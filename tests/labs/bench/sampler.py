"""
A daphne that tells where its own time goes: python -m tests.labs.bench.sampler …, as daphne.

From SIGUSR1 on it looks every few milliseconds of user CPU time which function runs; at SIGUSR2 it
writes [[[[file, function], …], times], …], innermost first, to the file BENCH_SAMPLES. Unlike
cProfile that costs what is called often no more than the rest. Where the system keeps the time in
ticks, a tick is the shortest interval that there is.
"""

import collections
import json
import os
import signal

from . import site  # noqa: F401  the repairs come before daphne

INTERVAL, DEPTH = 0.001, 12


class Sampler:
    """Stacks of the main thread, and how often each was seen."""

    def __init__(self, path):
        self.path, self.seen = path, collections.Counter()

    def start(self, *_):
        self.seen.clear()
        signal.signal(signal.SIGVTALRM, self._look)
        signal.setitimer(signal.ITIMER_VIRTUAL, INTERVAL, INTERVAL)

    def stop(self, *_):
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        with open(self.path + ".new", "w") as file:
            json.dump(list(self.seen.items()), file)
        os.rename(self.path + ".new", self.path)

    def _look(self, _, frame):
        stack = []
        while frame is not None and len(stack) < DEPTH:
            stack.append((frame.f_code.co_filename, frame.f_code.co_name))
            frame = frame.f_back
        self.seen[tuple(stack)] += 1


def main():
    from daphne.cli import CommandLineInterface

    sampler = Sampler(os.environ["BENCH_SAMPLES"])
    signal.signal(signal.SIGUSR1, sampler.start)
    signal.signal(signal.SIGUSR2, sampler.stop)
    CommandLineInterface.entrypoint()


if __name__ == "__main__":
    main()
