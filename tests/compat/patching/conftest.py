"""A library that the tests of this room install and repair."""

import importlib

import pytest

from tests.compat.patching.declaring import numbers


@pytest.fixture
def library(tmp_path, monkeypatch):
    """A function that installs a library of one module; returns its import name."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def install(version="1.5", source="value = 1\ndef answer(): return 'stock'\n"):
        name = "library%d" % next(numbers)
        (tmp_path / (name + ".py")).write_text(source)
        metadata = tmp_path / ("%s-%s.dist-info" % (name, version))
        metadata.mkdir()
        importlib.invalidate_caches()
        return name

    return install
