"""
streams.module.js, the ES module, made of streams.js, the classic script.

Not streams.mjs: nginx before 1.27 has no type for that, and browsers refuse it.

    python -m tests.support.module_twin     (`make docs` does)
"""

import os

from tests.support import CHECKOUT

FOLDER = os.path.join(CHECKOUT, "compat", "streams", "static", "streams")
CLASSIC, MODULE = (os.path.join(FOLDER, name) for name in ("streams.js", "streams.module.js"))
CHANGES = [
    ("self.Streams = (function () {\n", "var Streams = (function () {\n"),
    ('  var script = own ? own.src : "";\n', "  var script = import.meta.url;\n"),
]
HEAD = "// Made of streams.js by `make docs`.\n"
EXPORTS = (
    "\nexport default Streams;\n"
    "export var follow = Streams.follow, connect = Streams.connect, isFinal = Streams.isFinal;\n"
)


def text():
    """What the module says."""
    with open(CLASSIC, encoding="utf-8") as file:
        found = file.read()
    for was, becomes in CHANGES:
        assert found.count(was) == 1, was
        found = found.replace(was, becomes)
    return HEAD + found + EXPORTS


if __name__ == "__main__":
    with open(MODULE, "w", encoding="utf-8") as file:
        file.write(text())
