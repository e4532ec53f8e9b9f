"""The index of what patches wait for: only what is needed is read, and the files have the say."""

import json
import os
import shutil
import subprocess
import sys

import pytest

from compat import __main__ as command
from compat.patches import _index
from tests.support import CHECKOUT

# Modules of Python's that patches of the folder "python" wait for; no Django is needed for these.
ASK = """
import json, sys
import compat
compat.install()
read = [n.rpartition(".")[2] for n in sys.modules if n.startswith("compat.patches.python.")]
import fractions, html.parser, plistlib, unittest, uuid
fractions.gcd = getattr(fractions, "gcd", None)
print(json.dumps([read, {r["name"]: r["state"] for r in compat.report()}]))
"""
WRITE = "from compat.patches import _index, every; _index.write(every())"


class Copy:
    """A copy of the bridge, without an index."""

    def __init__(self, folder):
        self.folder = str(folder)
        self.patches = os.path.join(self.folder, "compat", "patches")
        self.index = os.path.join(self.patches, _index.FILE)
        skip = shutil.ignore_patterns("__pycache__", _index.FILE, "static", "locale")
        shutil.copytree(
            os.path.join(CHECKOUT, "compat"), os.path.join(self.folder, "compat"), ignore=skip
        )
        self.plain = self.ask()

    def run(self, code, **environ):
        return subprocess.check_output(
            [sys.executable, "-S", "-c", code], cwd=self.folder, env=dict(os.environ, **environ)
        )

    def ask(self, **environ):
        """(patches of Python that were read at the start, name → state of every patch)."""
        environ = dict({"COMPAT_DISABLE": "", "PYTHONPATH": self.folder}, **environ)
        read, states = json.loads(self.run(ASK, **environ).decode())
        return set(read), states

    def path(self, name):
        return os.path.join(self.patches, "python", name + ".py")


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    copy = Copy(tmp_path_factory.mktemp("copy"))
    copy.run(WRITE, PYTHONPATH=copy.folder)
    return copy


def test_without_an_index_every_file_is_read(copy):
    names = {name[:-3] for name in os.listdir(os.path.join(copy.patches, "python"))}
    assert {name for name in names if name[0].isalpha() and name[-1].isalpha()} <= copy.plain[0]


def test_with_it_only_what_is_needed_and_nothing_else_is_different(copy):
    read, states = copy.ask()
    assert len(read) < len(copy.plain[0]) / 2 and "plistlib_names" not in read
    # Its target is there in every process.
    assert ("removed_modules" in read) == (sys.version_info >= (3, 7))
    assert states == copy.plain[1]
    assert states["python.plistlib_names"] == (
        "applied" if sys.version_info >= (3, 9) else "not needed"
    )


def test_what_is_disabled_is_left_out_of_both(copy):
    states = copy.ask(COMPAT_DISABLE="plistlib_names,python.frac*")[1]
    assert states["python.plistlib_names"] == states["python.fractions_gcd"] == "disabled"
    changed = {name for name, state in states.items() if state != copy.plain[1][name]}
    assert changed == {"python.plistlib_names", "python.fractions_gcd"}


@pytest.mark.parametrize(
    "change, is_read",
    [
        (lambda text: text.replace("plistlib.readPlist", "plistlib.readplist", 1), True),
        (lambda text: text + "# longer\n", True),
        (lambda text: text, False),  # only its time is another, as after a checkout
    ],
    ids=["same size", "other size", "touched"],
)
def test_a_file_that_was_changed_is_read_at_once(copy, change, is_read):
    path = copy.path("plistlib_names")
    with open(path) as file:
        text = file.read()
    try:
        with open(path, "w") as file:
            file.write(change(text))
        assert is_read == (change(text) != text), "the change hits nothing"
        later = os.stat(copy.index).st_mtime + 1
        os.utime(path, (later, later))
        assert ("plistlib_names" in copy.ask()[0]) is is_read
    finally:
        with open(path, "w") as file:
            file.write(text)
        os.utime(path, (1, 1))


def test_a_file_is_found_by_being_there(copy):
    new = copy.path("made_up")
    shutil.copyfile(copy.path("fractions_gcd"), new)
    os.rename(copy.path("uuid_names"), copy.path("uuid_names") + ".away")
    try:
        read, states = copy.ask()
    finally:
        os.remove(new)
        os.rename(copy.path("uuid_names") + ".away", copy.path("uuid_names"))
    assert "made_up" in read and "python.uuid_names" not in states
    # Applied where the other is, but that this one has added the same already.
    stock = states["python.fractions_gcd"]
    assert states["python.made_up"] == ("refused" if stock == "applied" else stock)


@pytest.mark.parametrize("content", [b"", b"patches 2\n", b"patches 1\nx\ty\n", b"\xff\n"])
def test_an_index_that_cannot_be_read_is_none(copy, content):
    with open(copy.index, "rb") as file:
        good = file.read()
    try:
        with open(copy.index, "wb") as file:
            file.write(content)
        assert copy.ask() == copy.plain
    finally:
        with open(copy.index, "wb") as file:
            file.write(good)


def test_where_it_cannot_be_written_activation_says_so(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(_index, "HERE", str(tmp_path / "nowhere"))
    monkeypatch.setattr("compat.patches.folders", lambda: [])
    command.note_targets()
    assert "every process will read every repair" in capsys.readouterr().out
