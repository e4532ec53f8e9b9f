"""The examples of CONTRIBUTING.md are applied to a copy of the checkout, and their tests run."""

import os
import re
import shutil
import subprocess
import sys

from tests.support import CHECKOUT


def examples():
    """(kind, path, text) of each block whose first line is the path of a file."""
    with open(os.path.join(CHECKOUT, "CONTRIBUTING.md"), encoding="utf-8") as file:
        blocks = re.findall(r"^```(\w+)\n# ([^\n]*)\n(.*?)^```", file.read(), re.M | re.S)
    return [(kind, path, text) for kind, path, text in blocks if "/" in path.split()[-1]]


def apply_diff(source, diff):
    """The text after a diff whose hunks are found by what they replace; `…` is between hunks."""
    place = 0
    for hunk in diff.split("…\n"):
        lines = [(line[:1], line[1:]) for line in hunk.splitlines(True)]
        old = "".join(text for sign, text in lines if sign in " -").rstrip("\n")
        new = "".join(text for sign, text in lines if sign in " +").rstrip("\n")
        if not old:  # only new lines: at the end
            return source.rstrip("\n") + "\n" + new + "\n"
        assert old in source[place:], f"not there to be changed:\n{old}"
        start = source.index(old, place)
        source = source[:start] + new + source[start + len(old) :]
        place = start + len(new)
    return source


def write(folder, kind, title, text):
    path = os.path.join(folder, *title.split()[-1].split("/"))
    os.makedirs(os.path.dirname(path), exist_ok=True)
    if kind == "diff" or title.startswith("at the end of"):
        with open(path, encoding="utf-8") as file:
            source = file.read()
        text = apply_diff(source, text) if kind == "diff" else source + text
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def left_out(_, names):
    return [name for name in names if name in ("var", "__pycache__") or name.startswith(".")]


def test_every_example_runs(tmp_path):
    folder = str(tmp_path / "checkout")
    shutil.copytree(CHECKOUT, folder, ignore=left_out)
    found = examples()
    for example in found:
        write(folder, *example)
    tests = [path for _, path, _ in found if path.startswith("tests/")]
    assert len(tests) == 5
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests],
        cwd=folder,
        env=dict(os.environ, PYTHONPATH=folder),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        universal_newlines=True,
    )
    assert done.returncode == 0, done.stdout
    assert re.search(r"^5 passed", done.stdout, re.M), done.stdout
