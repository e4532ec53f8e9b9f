"""Runs one target: python -m tests.labs.fuzz.run NAME CASES SECONDS SEED."""

import importlib
import os
import sys
import tempfile
import time
import traceback

os.environ.setdefault(
    "HYPOTHESIS_STORAGE_DIRECTORY", os.path.join(tempfile.gettempdir(), "hypothesis")
)

import compat  # noqa: E402

compat.install()

from hypothesis import HealthCheck, Phase, given, seed, settings  # noqa: E402

SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
AT_A_TIME = 1000  # cases from one seed


def main(name, cases, seconds, first_seed):
    """0 when every case held."""
    target = importlib.import_module("tests.labs.fuzz." + name)
    tried = [0]

    ends = [time.monotonic() + seconds if seconds else float("inf")]

    def check(case):
        if time.monotonic() > ends[0]:
            return
        tried[0] += 1
        try:
            target.check(case)
        except BaseException:
            ends[0] = float("inf")  # the smallest case that fails may take its time
            raise

    def run(count, number):
        options = dict(max_examples=count, deadline=None, database=None)
        options.update(suppress_health_check=SLOW, derandomize=number is None)
        options.update(phases=[Phase.explicit, Phase.generate, Phase.target, Phase.shrink])
        test = settings(**options)(given(target.CASES)(check))
        (test if number is None else seed(number)(test))()

    failed = False
    try:
        if seconds:
            while time.monotonic() < ends[0]:
                run(AT_A_TIME, first_seed)
                first_seed += 1
        else:
            run(cases, None)
    except Exception:
        traceback.print_exc()
        failed = True
    finally:
        getattr(target, "close", lambda: None)()
    print("fuzz %s: %d cases%s" % (name, tried[0], ", FAILED" if failed else ""), flush=True)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4])))
