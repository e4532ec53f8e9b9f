"""A scenario in a process of its own: python -m tests.compat.streams.site.run NAME [JSON]..."""

import importlib
import json
import sys
import warnings

import compat

compat.install()
warnings.simplefilter("ignore")

import django  # noqa: E402

django.setup()


ROOMS = (
    "appending",
    "attending",
    "connections",
    "faults",
    "following",
    "grouping",
    "histories",
    "interleaving",
    "keeping",
    "stepping",
)


def main():
    """Call the scenario; its return value is the last line of the output, as JSON."""
    name = sys.argv[1]
    rooms = [importlib.import_module("tests.compat.streams." + room) for room in ROOMS]
    scenario = next(getattr(room, name) for room in rooms if hasattr(room, name))
    result = scenario(*map(json.loads, sys.argv[2:]))
    print(json.dumps(result))


if __name__ == "__main__":
    main()
