import sys

from tests.support.probe import DJANGO, applies, probe, prove, source

NAME = "security.cache_directory_modes"
CODE = (
    DJANGO
    + """
import os, tempfile
from django.core.cache.backends.filebased import FileBasedCache

os.umask(0o022)
folder = tempfile.TemporaryDirectory()
root = folder.name

def modes(*paths):
    return " ".join(oct(os.stat(os.path.join(root, path)).st_mode & 0o777) for path in paths)

cache = FileBasedCache(os.path.join(root, "a/b/c"), {})
cache.set("key", "value")
assert cache.get("key") == "value"
print(modes("a", "a/b", "a/b/c"))
"""
)


def test_every_directory_is_for_its_owner_only():
    if sys.version_info < (3, 7):  # it gives the mode to every directory by itself
        assert applies(NAME)
        for disable in ("", NAME):
            assert probe(CODE, disable=disable).said == "0o700 0o700 0o700"
    else:
        prove(NAME, CODE, good="0o700 0o700 0o700", bad="0o755 0o755 0o700")


def test_directories_that_exist_keep_their_mode_and_errors_are_told():
    @source
    def body(FileBasedCache, os, root):
        open(os.path.join(root, "file"), "w").close()
        try:
            FileBasedCache(os.path.join(root, "file/x/y"), {}).set("key", "value")
        except OSError as error:
            print("could not be created" in str(error))

    code = CODE.replace("cache = ", "os.mkdir(root + '/a')\ncache = ") + body
    patched = probe(code)
    assert patched.said == "0o755 0o700 0o700\nTrue", patched.error
