import sys

import pytest

from compat.patches.python.open_universal import without_u
from tests.support.probe import probe, prove, source

NAME = "python.open_universal"
NEEDED = sys.version_info >= (3, 11)


@source
def code():
    import codecs
    import fileinput
    import io
    import os
    import pathlib
    import tempfile

    path = os.path.join(tempfile.mkdtemp(), "old.txt")
    with open(path, "wb") as file:
        file.write(b"a\r\nb\rc\n")
    with open(path, "rU") as file:
        print(file.mode, file.read().split("\n"))
    open_io = io.open
    with open_io(path, mode="U", encoding="ascii", newline="") as file:
        print(file.read().encode())
    with open(path, "Ub") as file:
        print(file.read())
    with pathlib.Path(path).open("rU") as file:
        print(len(file.readlines()))
    with os.fdopen(os.open(path, os.O_RDONLY), "rU") as file:
        print(len(file.readlines()))
    with codecs.open(path, "rU", "ascii") as file:
        print(len(file.read()))
    with fileinput.FileInput(path, mode="rU") as file:
        print(len(list(file)))


def test_files_open_with_u_from_everywhere():
    good = "rU ['a', 'b', 'c', '']\nb'a\\r\\nb\\rc\\n'\nb'a\\r\\nb\\rc\\n'\n3\n3\n7\n3"
    prove(NAME, code, good=good, bad="invalid mode: 'rU'", needed=NEEDED)


@source
def looks():
    import builtins
    import copy
    import inspect
    import io
    import pickle
    import warnings
    import weakref

    print(repr(open), open.__name__, open.__doc__ == io.open.__doc__, inspect.isbuiltin(open))
    print(open is io.open, builtins.open is open, "encoding" in inspect.signature(open).parameters)
    print(pickle.loads(pickle.dumps(open)) is open, copy.deepcopy(open) is open)
    print(weakref.ref(open)() is open)

    class Reader:
        opened_with = open  # never a method

    with Reader().opened_with(__import__("os").__file__) as file:
        print(file.mode)
    for mode in ("wU", "rUU", "U+", "z"):
        try:
            open("no such file", mode)
        except ValueError as error:
            print(type(error).__name__, error.__context__)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            open("no such file", "rU")
        except FileNotFoundError:
            print([str(one.message) for one in caught])


def test_it_looks_and_fails_as_the_stock_function():
    patched = probe(looks, patch=NAME)
    stock = probe(looks, patch=NAME, disable=NAME)
    said = patched.said.splitlines()
    assert patched.returncode == 0 and said[-1] == "[\"'U' mode is deprecated\"]", patched.error
    if NEEDED:
        assert stock.said == "ValueError: invalid mode: 'rU'"
    else:
        assert stock.said == patched.said
    assert said[:5] == [
        "<built-in function open> open True True",
        "True True True",
        "True True",
        "True",
        "r",
    ]
    assert said[5:9] == ["ValueError None"] * 4


@pytest.mark.parametrize(
    "mode, expected",
    [("U", "r"), ("rU", "r"), ("Urb", "rb"), ("Ub", "rb"), ("rtU", "rt")]
    + [(mode, None) for mode in ("wU", "xU", "aU", "U+", "UU", "r", "", None, b"U")],
)
def test_only_modes_that_were_right_are_changed(mode, expected):
    assert without_u(mode) == expected


def test_errors_of_an_open_without_u_are_its_own():
    with pytest.raises(ValueError, match="null"):
        open("a\0b", "r")
