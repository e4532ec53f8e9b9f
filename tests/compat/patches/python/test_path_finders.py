import sys

from tests.support.probe import prove, source


@source
def finder():
    global pkgutil
    import atexit
    import pkgutil
    import sys
    import types

    class Finder:
        def __init__(self, path):
            if path != "era:":
                raise ImportError(path)

        def find_module(self, fullname):
            return self if fullname == "era" else None

        def load_module(self, fullname):
            module = sys.modules.setdefault(fullname, types.ModuleType(fullname))
            module.__loader__, module.__path__ = self, ["era:"]
            return module

    sys.path.insert(0, "era:")
    atexit.register(sys.path.remove, "era:")  # without the patch, no import works
    sys.path_hooks.insert(0, Finder)


@source(finder)
def import_probe():
    import era
    import wave  # isort: skip

    print(era.__loader__.__class__.__name__, era.__path__, wave.__name__)
    try:
        import era.missing
    except ImportError as error:
        print(error)


@source(finder)
def asked(pkgutil):
    print(type(pkgutil.get_importer("era:")).__name__)
    import era

    print(era.__name__)


@source
def namespace():
    global wave
    import atexit
    import os
    import sys
    import tempfile

    class Finder:
        def __init__(self, path):
            if path != "era:":
                raise ImportError(path)

        def find_loader(self, fullname):
            return None, [folder] if fullname == "era" else []

    folder = tempfile.mkdtemp()
    open(os.path.join(folder, "inner.py"), "w").close()
    sys.path.insert(0, "era:")
    atexit.register(sys.path.remove, "era:")  # without the patch, no import works
    sys.path_hooks.insert(0, Finder)
    import era.inner
    import wave  # isort: skip

    print(era.inner.__name__, list(era.__path__) == [folder])


NAME = "python.path_finders"
NEEDED = sys.version_info >= (3, 12)
BAD = "'Finder' object has no attribute 'find_spec'"


def test_modules_of_a_path_hook_of_the_old_protocol():
    good = "Finder ['era:'] wave\nNo module named 'era.missing'"
    prove(NAME, import_probe, good, bad=BAD, needed=NEEDED)


def test_pkgutil_gives_the_finder_and_imports_go_on():
    body = "Finder\nera"

    prove(NAME, asked, body, bad=BAD, needed=NEEDED)


def test_portions_of_a_namespace_package():
    prove(NAME, namespace, "era.inner True", bad=BAD, needed=NEEDED)
