import sys

from tests.support.probe import prove, source


@source
def code():
    global _, sys
    import importlib
    import importlib.machinery
    import os
    import pkgutil
    import sys
    import tempfile
    import zipfile
    from zipimport import zipimporter

    folder = tempfile.mkdtemp()
    with open(os.path.join(folder, "found.py"), "w") as file:
        file.write("VALUE = 1")
    archive = os.path.join(folder, "found.zip")
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("zipped.py", "VALUE = 2")

    for importer, name, _ in pkgutil.iter_modules([folder, archive]):
        print(name, importer.find_module(name).load_module(name).VALUE)
        print(importer.find_module("no_such_module"))
    print(zipimporter(archive).find_module("zipped") is not None)
    for finder in [importlib.machinery.BuiltinImporter, importlib.machinery.PathFinder]:
        print(finder.find_module("sys") is not None, finder.find_module("os") is not None)
    print(importlib.find_loader("json") is not None, importlib.find_loader("no_such_module"))
    print(importlib.find_loader("found", [folder]) is not None)
    print(importlib.find_loader("nothing", [folder]))
    print(pkgutil.ImpImporter.__name__)


GOOD = """\
found 1
None
zipped 2
None
True
True False
False True
True None
True
None
"""


def test_modules_that_pkgutil_lists():
    needed = sys.version_info >= (3, 12)
    prove(
        "python.find_module",
        code,
        good=GOOD + ("FileFinder" if needed else "ImpImporter"),
        bad="no attribute 'find_module'",
        needed=needed,
    )
