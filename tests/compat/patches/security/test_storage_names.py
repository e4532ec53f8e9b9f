import pytest

from tests.support.probe import DJANGO, probe, prove, source
from tests.support.probe_parts import same

NAME = "security.storage_names"


@source(DJANGO)
def code_probe():
    global Storage
    import os
    import tempfile

    from django.core.exceptions import SuspiciousFileOperation
    from django.core.files.base import ContentFile
    from django.core.files.storage import FileSystemStorage, Storage

    folder = tempfile.TemporaryDirectory()
    root = folder.name

    def save(name, storage=FileSystemStorage, content=b"x", **more):
        try:
            return storage(root).save(name, ContentFile(content), **more)
        except SuspiciousFileOperation:
            return "refused"

    def files():
        return sorted(
            os.path.relpath(os.path.join(path, name), root)
            for path, _, names in os.walk(root)
            for name in names
        )


@pytest.mark.parametrize(
    "name, stock", [("sub/../evil", "['evil']"), ("a/..", "['a/.._"), (".", "['._")]
)
def test_a_name_that_leaves_its_folder_is_not_saved(name, stock):
    code = code_probe + 'os.mkdir(root + "/sub")\nprint(save(%r), files())' % name
    prove(NAME, code, good="refused []", bad=stock)


SUBCLASSES = {
    # It keeps names as they come, which is how sites overwrite files.
    "get_available_name": """
class Own(FileSystemStorage):
    def get_available_name(self, name, max_length=None):
        return name
""",
    "what get_available_name makes": """
class Own(FileSystemStorage):
    def get_available_name(self, name, max_length=None):
        return "sub/../" + name
""",
    "what _save makes": """
class Own(FileSystemStorage):
    def _save(self, name, content):
        return "sub/../" + name
""",
}


@pytest.mark.parametrize("kind", sorted(SUBCLASSES))
def test_subclasses_do_not_lose_the_check(kind):
    name = "sub/../evil" if kind == "get_available_name" else "evil"
    code = (
        code_probe
        + SUBCLASSES[kind]
        + 'os.mkdir(root + "/sub")\nprint(save("%s", Own), files())' % name
    )
    # Refused before it is written, not after.
    prove(NAME, code, good="refused []", bad="sub/../evil")


def test_get_available_name_by_itself():
    @source(code_probe)
    def code(FileSystemStorage, SuspiciousFileOperation, root):
        for name in ("a/../b", "a/..", "", "a/", "a\\..\\..\\b", "a/b", "/a/b", "a\\b"):
            try:
                FileSystemStorage.exists = lambda self, name: False
                print(FileSystemStorage(root).get_available_name(name), end=" ")
            except SuspiciousFileOperation:
                print("refused", end=" ")

    prove(
        NAME, code, good="refused refused refused refused refused a/b /a/b a/b", bad="a/../b a/.."
    )


def test_absolute_names_are_refused_outside_of_the_folder():
    @source(code_probe)
    def code(os, root, save):
        os.mkdir(root + "/in")
        print(save(root + "/in/../b"), save("/etc/evil"), save(root + "-beside/a"), save(root))

    result = probe(code)
    assert result.said == "refused refused refused refused", result.error


def test_what_the_storage_itself_called_a_file_is_a_name():
    """Thumbnails are saved beside a file, whose name is absolute once it has been opened."""

    @source(code_probe)
    def code(FileSystemStorage, files, root, save):
        storage = FileSystemStorage(root)
        name = storage.open(save("in/a")).name
        storage.save(name + ".thumb", storage.open(name))
        print(files())

    same(NAME, code)
    assert probe(code).said == "['in/a', 'in/a.thumb']"


@source(code_probe)
def remote(ContentFile, Storage, SuspiciousFileOperation):
    class Remote(Storage):
        def exists(self, name):
            return False

        def _save(self, name, content):
            return name

    def save_remotely():
        try:
            return Remote().save("/in/a", ContentFile(b"x"))
        except SuspiciousFileOperation:
            return "refused"


def test_a_storage_without_a_folder_needs_the_setting():
    @source(remote)
    def code(save_remotely, settings):
        print(save_remotely(), end=" ")
        settings.COMPAT_ABSOLUTE_FILE_NAMES = True
        print(save_remotely())

    prove(NAME, code, good="refused /in/a", bad="/in/a /in/a")


def test_saving_as_before():
    @source(code_probe)
    def code(ContentFile, FileSystemStorage, files, root, save):
        import io

        assert save("a/b.txt") == "a/b.txt"
        second = save("a/b.txt")
        assert second.startswith("a/b_") and second.endswith(".txt"), second
        assert len(second) == len("a/b_1234567.txt")
        assert save("x") == "x"
        assert len(save("y" * 30 + ".txt", max_length=20)) <= 20
        assert FileSystemStorage(root).save("plain", io.BytesIO(b"no chunks")) == "plain"
        named = ContentFile(b"x", name="c/named.txt")
        assert FileSystemStorage(root).save(None, named) == "c/named.txt"
        assert save("..a/..b") == "..a/..b"
        assert len(files()) == 7, files()
        print(save("z/../z"))

    prove(NAME, code, good="refused", bad="z/../z")


def test_what_is_no_text_is_no_name():
    """None must not become a file named "None"."""

    @source(code_probe)
    def code(FileSystemStorage, files, save):
        import pathlib

        said = []
        for name in (None, b"bytes", 5):
            try:
                said.append(save(name))
            except TypeError:
                said.append("TypeError")
        print(*said, save(pathlib.Path("a/b.txt")), files())

        class Numbers(FileSystemStorage):
            def _save(self, name, content):
                return 7

        print(repr(save("x", Numbers)))
        print(save("sub/../x"))

    result = probe(code)
    said = "TypeError TypeError TypeError a/b.txt ['a/b.txt']\n7\nrefused"
    assert result.said == said, result.error


def test_the_environment_is_over_the_setting():
    for variable, setting, said in [("1", False, "/in/a"), ("0", True, "refused")]:
        code = remote + "settings.COMPAT_ABSOLUTE_FILE_NAMES = %s\nprint(save_remotely())" % setting
        result = probe(code, env={"COMPAT_ABSOLUTE_FILE_NAMES": variable})
        assert result.said == said, result.error
