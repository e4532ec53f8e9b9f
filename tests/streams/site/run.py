"""Runs one scenario in a process of its own: python -m tests.streams.site.run NAME [JSON]..."""

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
    from tests.streams import keeping, scenarios

    module = keeping if hasattr(keeping, sys.argv[1]) else scenarios
    result = getattr(module, sys.argv[1])(*map(json.loads, sys.argv[2:]))
    print(json.dumps(result))


if __name__ == "__main__":
    main()
