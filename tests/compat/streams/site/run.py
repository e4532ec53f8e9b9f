"""A scenario in a process of its own: python -m tests.compat.streams.site.run NAME [JSON]..."""

import json
import sys
import warnings

import compat

compat.install()
warnings.simplefilter("ignore")

import django  # noqa: E402

django.setup()


def main():
    """Call the scenario; its return value is the last line of the output, as JSON."""
    from tests.compat.streams import appending, faults, following, interleaving, keeping, stepping

    name = sys.argv[1]
    rooms = (appending, faults, following, interleaving, keeping, stepping)
    scenario = next(getattr(room, name) for room in rooms if hasattr(room, name))
    result = scenario(*map(json.loads, sys.argv[2:]))
    print(json.dumps(result))


if __name__ == "__main__":
    main()
