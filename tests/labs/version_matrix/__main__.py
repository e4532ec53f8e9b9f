"""
`python -m tests.labs.version_matrix`: what becomes of each patch where its library is not the
pinned one, and whether the patches' tests hold there: what upstream repaired is "not needed" and
stays well, the rest is repaired. docs/records/lanes.md has the table.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys

from tests.labs.django_suite.environment import CHECKOUT, Unready, call, python_version, say

# Lane → what is installed over requirements.txt. channels 2.4 cannot be imported with Django 1.11.
LANES = {
    # The oldest Django that this Python can compile.
    "oldest": ["Django==1.11.10" if sys.version_info < (3, 7) else "Django==1.11.17"],
    "first": ["channels==2.1.5", "channels-redis==2.3.2"],
    "next": ["channels==2.1.7", "channels-redis==2.3.3", "msgpack==0.6.2"],
    "middle": [
        "channels==2.2.0",
        "channels-redis==2.4.0",
        "msgpack==0.6.2",
        "asgiref==3.1.4",
        "daphne==2.3.0",
    ],
    "last": [
        "channels==2.3.1",
        "channels-redis==2.4.2",
        "msgpack==0.6.2",
        "asgiref==3.2.10",
        "daphne==2.5.0",
    ],
    "celery": ["celery==4.4.7", "kombu==4.6.11", "amqp==2.6.1", "vine==1.3.0"],
}
if sys.version_info < (3, 8):
    LANES["celery"].append("importlib-metadata==4.8.3")  # kombu's
# Lane → the folders of patches that are looked at in it.
LIBRARIES = dict.fromkeys(LANES, ["aioredis", "asgiref", "channels", "channels_redis", "daphne"])
LIBRARIES.update(oldest=["channels", "django", "security"], celery=["billiard", "celery"])
# The newest pip that takes celery's `pytz>dev`, and the newest for 3.6.
PIP = "pip==21.3.1" if sys.version_info < (3, 7) else "pip==24.0"
PINS = [("requirements.txt",), ("tests", "requirements.txt"), ("compat", "requirements.txt")]
TESTS = "tests/compat/patches"
# Prints [name, state, reason] of each patch once all of its targets have been imported.
STATES = """
import compat, importlib, json, os, sys
compat.install()
os.environ["DJANGO_SETTINGS_MODULE"] = "devops.settings"
import django
django.setup()
from compat import patches
for patch in patches.every():
    for target, _ in patch.repairs:
        if patch.name.partition(".")[0] in sys.argv[1:]:
            try:
                importlib.import_module(target)
            except ImportError:
                pass  # a module that this version does not have
keys = ["name", "state", "installed", "reason"]
records = [[record[key] for key in keys] for record in compat.report()]
print(json.dumps([r for r in records if r[0].partition(".")[0] in sys.argv[1:]]))
"""


def main(arguments=None):
    """Run the command line; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.labs.version_matrix", description=__doc__
    )
    parser.add_argument("lanes", nargs="*", metavar="lane", help="only these: " + ", ".join(LANES))
    parser.add_argument("--only", help="only these tests, as pytest's -k")
    parser.add_argument("--states", action="store_true", help="only the table, no tests")
    parser.add_argument(
        "--var",
        default=os.path.join(CHECKOUT, "var", "lanes"),
        help="where the environments are kept",
    )
    options = parser.parse_args(arguments)
    for name in options.lanes:
        if name not in LANES:
            parser.error("%s is not one of %s" % (name, ", ".join(LANES)))
    chosen = [name for name in LANES if name in (options.lanes or LANES)]
    try:
        pythons = {name: prepare(os.path.abspath(options.var), name) for name in chosen}
        refused = table({name: states(pythons[name], name) for name in chosen})
        failed = [] if options.states else [n for n in chosen if test(pythons[n], n, options.only)]
    except (Unready, OSError) as error:
        say("lanes: %s" % error)
        return 2
    except KeyboardInterrupt:
        return 130
    return 1 if refused or failed else 0


def prepare(folder, lane):
    """The interpreter of the lane's environment for this Python; made anew when its pins change."""
    home = os.path.join(folder, "%s-python%s" % (lane, python_version()))
    python, stamp = os.path.join(home, "bin", "python"), os.path.join(home, "made")
    pins = [os.path.join(CHECKOUT, *path) for path in PINS]
    made = "\n".join([sys.version] + [open(path).read() for path in pins] + LANES[lane])
    if not os.path.exists(stamp) or open(stamp).read() != made:
        say("installing lane %s, about a minute" % lane)
        shutil.rmtree(home, ignore_errors=True)
        call([os.path.realpath(sys.executable), "-m", "venv", home], "no virtual environment")
        pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        call(pip + [PIP], "pip")
        call(pip + ["-r", pins[0], "-r", pins[1]], "the pinned set")
        call(pip + ["--no-deps"] + LANES[lane], "lane " + lane)
        with open(stamp, "w") as file:
            file.write(made)
    call([python, "-m", "compat", "activate"], "the bridge", cwd=CHECKOUT)
    return python


def states(python, lane):
    """[[name, state, installed, reason]] of a lane's patches in its environment."""
    command = [python, "-W", "ignore", "-c", STATES] + LIBRARIES[lane]
    return json.loads(call(command, "the states", cwd=CHECKOUT).splitlines()[-1])


def table(by_lane):
    """Print a row for each patch and a column for each lane; true when any was refused."""
    lanes = [{row[0]: row[1:] for row in rows} for rows in by_lane.values()]
    names = sorted(set().union(*lanes))
    width = max(map(len, names))
    line = "| %-*s" + " | %-10s" * len(by_lane) + " |"
    print(line % ((width, "patch") + tuple(by_lane)))
    print("|" + "---|" * (1 + len(by_lane)))
    for name in names:
        print(line % ((width, name) + tuple(lane.get(name, ["–"])[0] for lane in lanes)))
    refused = [lane[name] for lane in lanes for name in lane if lane[name][0] == "refused"]
    for _, _, reason in refused:
        print("refused, " + reason)
    sys.stdout.flush()
    return bool(refused)


def test(python, lane, only):
    """Run the libraries' tests in a lane; true when any fails."""
    print("\n%s: %s" % (lane, " ".join(LANES[lane])), flush=True)
    command = [
        python,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-p",
        "tests.labs.version_matrix.plugin",
    ]
    command += ["-k", only] if only else []
    command += [os.path.join(TESTS, library) for library in LIBRARIES[lane]]
    process = subprocess.run(command, cwd=CHECKOUT, env=dict(os.environ, LANE=lane))
    return process.returncode


if __name__ == "__main__":
    sys.exit(main())
