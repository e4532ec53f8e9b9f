"""Which modules make a room, and which tests are asked about them."""

import os
import re

# room → (folders or files of modules, folders or files of tests)
ROOMS = {
    "streams": (["compat/streams"], ["tests/compat/streams"]),
    "channel_layer": (
        ["compat/channel_layer"],
        ["tests/compat/channel_layer", "tests/compat/streams"],
    ),
    "sockets": (["compat/sockets"], ["tests/compat/sockets", "tests/deploy/test_consumers.py"]),
    "patching": (
        ["compat/patching"],
        ["tests/compat/patching", "tests/compat/checks", "tests/compat/test_all_together.py"],
    ),
    "deploy": (["deploy"], ["tests/deploy"]),
    "deploy_conf": (["deploy_conf"], ["tests/deploy_conf"]),
}


def files(root, places, pattern):
    """Sorted paths, relative to `root`, of the files in some places whose names fit."""
    found = []
    for place in places:
        path = os.path.join(root, place)
        if os.path.isfile(path):
            found.append(place)
        for folder, _, names in os.walk(path):
            for name in names:
                if re.match(pattern, name) and "migrations" not in folder:
                    found.append(os.path.relpath(os.path.join(folder, name), root))
    return sorted(found)


def modules(root, places):
    """The modules of a room."""
    return files(root, places, r".*\.py\Z")


def tests(root, places):
    """The files with its tests."""
    return files(root, places, r"test_.*\.py\Z")
