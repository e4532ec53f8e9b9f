"""Adds to the wheel what `python -m compat activate` writes: what each repair waits for."""

import os
import sys
import tempfile

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

TARGET = "django_bridge/patches/"


class Targets(BuildHookInterface):
    """The index, of the files that go into the wheel."""

    def initialize(self, version, build_data):
        sys.path.insert(0, self.root)
        try:
            from compat.patches import _index, every
        finally:
            sys.path.remove(self.root)
        self.folder = tempfile.TemporaryDirectory()
        path = os.path.join(self.folder.name, _index.FILE)
        _index.write(every(), path)
        build_data["force_include"][path] = TARGET + _index.FILE

    def finalize(self, version, build_data, artifact_path):
        self.folder.cleanup()
