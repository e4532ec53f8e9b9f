"""Which modules make a room, and which tests are asked about them."""

import os
import re

# Whatever has settings: the pages made from them, and what is said of wrong ones.
SETTINGS = ["tests/compat/test_docs.py", "tests/compat/checks/test_settings.py"]
# room → (folders or files of modules, folders or files of tests)
ROOMS = {
    "streams": (["compat/streams"], ["tests/compat/streams"] + SETTINGS),
    "channel_layer": (
        ["compat/channel_layer"],
        ["tests/compat/channel_layer", "tests/compat/sockets/test_rounds.py"],
    ),
    "sockets": (
        ["compat/sockets"],
        ["tests/compat/sockets", "tests/deploy/test_consumers.py"] + SETTINGS,
    ),
    "patching": (
        ["compat/patching"],
        ["tests/compat/patching", "tests/compat/checks", "tests/compat/test_all_together.py"],
    ),
    "deploy": (["deploy"], ["tests/deploy"] + SETTINGS),
    "deploy_conf": (["deploy_conf"], ["tests/deploy_conf"] + SETTINGS),
    "doctor": (["compat/doctor"], ["tests/compat/doctor"]),
    "templates": (["deploy_conf/templates"], ["tests/deploy_conf"]),
}
# With these, only the tests that start no process are run: they are asked first.
QUICK = ["--no-processes"]


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
    """The modules of a room, or templates of configuration files."""
    pattern = r".*\.(conf|ini|sh|py)\Z" if places == ROOMS["templates"][0] else r".*\.py\Z"
    return files(root, places, pattern)


def tests(root, places):
    """The files with its tests."""
    return files(root, places, r"test_.*\.py\Z")


def by_likelihood(root, module, seconds, kills):
    """
    Test files, those first that notice most mutants of a module for their seconds.

    seconds: {test file: how long it takes}; kills: {test file: how many it noticed already}.
    """
    stem = os.path.splitext(os.path.basename(module))[0]
    if stem == "__init__":
        stem = os.path.basename(os.path.dirname(module))

    def worth(test):
        chance = kills.get(test, 0) + 0.1
        if stem in os.path.basename(test):
            chance += 3
        elif names(os.path.join(root, test), stem):
            chance += 1
        return chance / (seconds[test] + 0.5)

    return sorted(seconds, key=worth, reverse=True)


def names(path, stem):
    """Whether a test names a module."""
    with open(path, encoding="utf-8") as file:
        return re.search(r"\b%s\b" % re.escape(stem), file.read()) is not None
