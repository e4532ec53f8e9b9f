"""
`python -m tests.labs.mutation ROOM`: put small faults into a room's modules, one at a time, and see
whether its tests notice. It works in a copy below var/mutation/ and goes on where it was stopped.
"""

import argparse
import os
import queue
import random
import sys
import threading

from . import baseline, results, rooms
from .baseline import BaselineFailed
from .mutants import mutants_of
from .trial import Interrupted, Trial, now

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))


def main(
    arguments=None, root=ROOT, known=rooms.ROOMS, equivalent=results.EQUIVALENT, quick=rooms.QUICK
):
    """Run the command line; returns the exit code."""
    options = parser(known).parse_args(arguments)
    if sys.version_info < (3, 9):
        sys.stderr.write("mutation needs Python 3.9 or newer\n")
        return 2
    try:
        reasons = results.equivalent(equivalent)
    except ValueError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    places, test_places = known[options.room]
    mutants = []
    for path in rooms.modules(root, places):
        with open(os.path.join(root, path), encoding="utf-8", newline="") as file:
            mutants += mutants_of(path, file.read())
    if options.module:
        mutants = [one for one in mutants if options.module in one.path]
    chosen = mutants
    if options.sample and options.sample < len(mutants):
        picked = set(random.Random(options.seed).sample(range(len(mutants)), options.sample))  # noqa: S311
        chosen = [one for number, one in enumerate(mutants) if number in picked]
    if options.list:
        for one in chosen:
            note = f"  equivalent: {reasons[one.id]}" if one.id in reasons else ""
            print(f"{one.id} {one.path}:{one.line} {one.what}{note}")
        return 0
    base = os.path.join(root, "var", "mutation")
    kept = results.Results(os.path.join(base, options.room + ".jsonl"))
    if options.again:
        again = {id for id, one in kept.found.items() if options.again in ("all", one["status"])}
        kept.found = {id: one for id, one in kept.found.items() if id not in again}
    to_do = [one for one in chosen if one.id not in reasons and one.id not in kept.found]
    code = 0
    if to_do:
        tests = rooms.tests(root, test_places)
        folder = os.path.join(base, options.room)
        campaign = Campaign(root, folder, tests, kept, mutants, to_do, quick)
        code = campaign.run(options.jobs, options.trusting, options.cheap)
    summary(chosen, kept, reasons)
    return code or verdict(chosen, kept, reasons, options.least)


def parser(known):
    one = argparse.ArgumentParser(
        prog="python -m tests.labs.mutation",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    one.add_argument("room", choices=sorted(known))
    one.add_argument("--module", help="only modules with this in their path")
    one.add_argument("--sample", type=positive, metavar="N", help="only so many, chosen at random")
    one.add_argument("--seed", type=int, default=0, help="another choice (default 0)")
    one.add_argument("--jobs", type=positive, default=1, help="so many copies at once (default 1)")
    one.add_argument("--list", action="store_true", help="say what there is, and run nothing")
    one.add_argument(
        "--again",
        choices=["survived", "timeout", "killed", "all"],
        help="forget what is known of these: after a new test, `--again survived`",
    )
    one.add_argument(
        "--cheap",
        action="store_true",
        help="ask only the tests that start no process; what they do not notice is a suspect, for "
        "a later run without this",
    )
    one.add_argument(
        "--trusting",
        action="store_true",
        help="tests that passed once, and are the same, need not be run before the mutants though "
        "other files have changed",
    )
    one.add_argument(
        "--least",
        type=float,
        default=0,
        metavar="PERCENT",
        help="exit with 1 if fewer of the non-equivalent mutants are killed",
    )
    return one


def positive(text):
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return number


class Campaign:
    """Asks the tests about mutants, in as many copies at once as there are jobs."""

    def __init__(self, root, folder, tests, kept, mutants, to_do, quick=()):
        self.root, self.folder, self.tests, self.quick = root, folder, tests, list(quick)
        self.kept, self.mutants, self.to_do = kept, mutants, to_do
        self.waiting = queue.Queue()
        for one in to_do:
            self.waiting.put(one)
        # Only the main thread writes and prints: an interrupt may end it in the middle of a join(),
        # which then takes a thread for ended that is not.
        self.answers = queue.Queue()
        self.trials, self.threads = [], []
        self.stopping = threading.Event()

    def run(self, jobs, trusting=False, cheap=False):
        """0 at the end, 2 if the tests fail by themselves, 130 when interrupted."""
        try:
            # At once, so that all are of the same moment.
            for number in range(min(jobs, len(self.to_do))):
                self._trial(number)
            print(f"{len(self.to_do)} mutants; the tests without any…", flush=True)
            began = now()
            self.passes = baseline.passes(
                self.trials[0], self.folder, self.tests, self.quick, trusting, cheap
            )
            print(f"{now() - began:.0f} s", flush=True)
            for trial in self.trials:
                self.threads.append(threading.Thread(target=self._work, args=(trial,)))
                self.threads[-1].start()
            self._collect(cheap)
            return 0
        except BaselineFailed as error:
            sys.stderr.write(f"{error}\nthe tests fail without any mutant\n")
            return 2
        except KeyboardInterrupt:
            print("\ninterrupted; the same command goes on from here", flush=True)
            return 130
        finally:
            self.stopping.set()
            for trial in self.trials:
                trial.stop()
            for thread in self.threads:
                thread.join()

    def _trial(self, number):
        self.trials.append(Trial(self.root, os.path.join(self.folder, str(number))))

    def _collect(self, cheap):
        """Keep and print the answers until there is one for each mutant."""
        for number in range(1, len(self.to_do) + 1):
            answer = self.answers.get()
            if isinstance(answer, Exception):
                raise answer
            mutant, status, test, seconds = answer
            if cheap and status == "survived":
                status = "suspect"
                print(mutant.diff())
            else:
                self.kept.add(mutant, status, test, seconds)
            print(
                f"{number}/{len(self.to_do)} {status:8} {mutant.path}:{mutant.line} "
                f"{mutant.what} ({seconds:.0f} s)",
                flush=True,
            )

    def _work(self, trial):
        try:
            while not self.stopping.is_set():
                try:
                    mutant = self.waiting.get_nowait()
                except queue.Empty:
                    return
                began = now()
                status, test = self._ask(trial, mutant)
                self.answers.put((mutant, status, test, now() - began))
        except Interrupted:
            pass
        except Exception as error:
            self.answers.put(error)

    def _ask(self, trial, mutant):
        """What the first pass that notices the mutant says; "survived" when none does."""
        kills = self.kept.killers(self.mutants).get(mutant.path, {})
        for one in self.passes:
            tests = rooms.by_likelihood(self.root, mutant.path, one.seconds, kills)
            status, test = trial.ask(mutant, tests, one)
            if status != "survived":
                break
        return status, test


def counts(chosen, kept, reasons):
    """(killed, survivors, equivalent, not tried yet) of the chosen mutants."""
    same = [one for one in chosen if one.id in reasons]
    rest = [one for one in chosen if one.id not in reasons]
    tried = [one for one in rest if one.id in kept.found]
    alive = [one for one in tried if kept.found[one.id]["status"] == "survived"]
    return len(tried) - len(alive), alive, same, len(rest) - len(tried)


def summary(chosen, kept, reasons):
    """Print the survivors with their diffs, and the score."""
    killed, alive, same, left = counts(chosen, kept, reasons)
    for one in alive:
        print(f"\nsurvived: {one.id} {one.path}:{one.line} {one.what}\n{one.diff()}")
    tried = killed + len(alive)
    score = f"{100 * killed / tried:.0f} %" if tried else "no score"
    print(
        f"\n{score}: {killed} of {tried} killed, {len(alive)} survived, "
        f"{len(same)} equivalent, {left} not tried"
    )


def verdict(chosen, kept, reasons, least):
    killed, alive, _, _ = counts(chosen, kept, reasons)
    tried = killed + len(alive)
    return 1 if tried and 100 * killed / tried < least else 0


if __name__ == "__main__":
    sys.exit(main())
