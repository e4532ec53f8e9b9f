"""Modes of directories, and which of os's functions were called."""

import sys

from tests.support.probe import DJANGO, probe, prove, source

NAME = "security.directory_modes"
# Python 3.6 gives the mode to every directory it makes.
STOCK_PARENT = "0o700" if sys.version_info < (3, 7) else "0o777"


@source(DJANGO)
def code_probe():
    import os
    import sys
    import tempfile

    from django.core.files.base import ContentFile
    from django.core.files.storage import FileSystemStorage

    os.umask(0o022)
    folder = tempfile.TemporaryDirectory()
    root = folder.name
    called = set()

    def mode(*path):
        return oct(os.stat(os.path.join(root, *path)).st_mode & 0o777)

    def save(name, **more):
        def count(frame, event, argument):
            if event == "c_call":
                called.add(argument.__name__)

        storage = FileSystemStorage(root, **more)
        sys.setprofile(count)
        try:
            return storage.save(name, ContentFile(b"x"))
        finally:
            sys.setprofile(None)


def test_every_directory_has_the_mode():
    @source(code_probe)
    def code(called, mode, save):
        save("a/b/c/file", directory_permissions_mode=0o700)
        print(mode("a"), mode("a/b"), mode("a/b/c"), "umask" in called)

    prove(
        NAME,
        code,
        good="0o700 0o700 0o700 False",
        bad="%s %s 0o700 True" % (STOCK_PARENT, STOCK_PARENT),
    )


def test_a_mode_beyond_the_umask():
    code = code_probe + "save('a/b/file', directory_permissions_mode=0o777)\n"
    code += "print(mode('a'), mode('a/b'), mode('a/b/file'), 'umask' in called)"
    prove(NAME, code, good="0o777 0o777 0o644 False", bad="0o777 0o777 0o644 True")


def test_directories_that_exist_keep_their_mode():
    @source(code_probe)
    def code(called, mode, os, root, save):
        os.mkdir(os.path.join(root, "a"), 0o755)
        save("a/b/file", directory_permissions_mode=0o700, file_permissions_mode=0o600)
        save("a/b/again", directory_permissions_mode=0o777)
        save("file", directory_permissions_mode=0o700)
        print(mode("a"), mode("a/b"), mode("a/b/file"), "umask" in called)

    prove(NAME, code, good="0o755 0o700 0o600 False", bad="0o755 0o700 0o600 True")


def test_no_mode_and_a_file_in_the_way_are_as_before():
    @source(code_probe)
    def code(called, mode, save):
        save("a/b/file")
        print(mode("a"), mode("a/b"))
        for name in ("a/b/file/x", "a/b/file/x/y"):
            try:
                save(name, directory_permissions_mode=0o700)
            except OSError as error:
                print(type(error).__name__)
        called.clear()
        save("c/d", directory_permissions_mode=0o700)
        print("umask" in called)

    told = "0o755 0o755\nOSError\nNotADirectoryError\n"
    prove(NAME, code, good=told + "False", bad=told + "True")


def test_two_threads_make_the_same_directories():
    @source(code_probe)
    def code(ContentFile, FileSystemStorage, called, os, root, save):
        import threading

        barrier, errors = threading.Barrier(8), []

        def work(number):
            try:
                for turn in range(20):
                    barrier.wait(30)
                    FileSystemStorage(root, directory_permissions_mode=0o700).save(
                        "t%d/u/v/w/x/%d" % (turn, number), ContentFile(b"x")
                    )
            except Exception as error:
                errors.append(repr(error))
                barrier.abort()

        threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        modes = {os.stat(path).st_mode & 0o777 for path, _, _ in os.walk(root)}
        save("c/d", directory_permissions_mode=0o700)
        print(errors, modes == {0o700}, "umask" in called)

    prove(NAME, code, good="[] True False", bad="True")


def test_new_directories_inherit_the_group_bit():
    """By it the files of all users of a shared folder have the folder's group."""

    @source(code_probe)
    def code(called, os, root, save):
        os.mkdir(root + "/shared")
        os.chmod(root + "/shared", 0o2775)

        def mode(*path):
            return oct(os.stat(os.path.join(root, *path)).st_mode & 0o7777)

        save("shared/a/b/file", directory_permissions_mode=0o750)
        print(mode("shared/a"), mode("shared/a/b"), "umask" in called)

    parent = "0o2750" if sys.version_info < (3, 7) else "0o2777"
    prove(NAME, code, good="0o2750 0o2750 False", bad=parent + " 0o2750 True")


def test_relative_paths_with_steps_back():
    @source
    def code():
        import os
        import tempfile

        from compat.patches.security._directories import make_directories

        with tempfile.TemporaryDirectory() as folder:
            os.chdir(folder)
            make_directories("a/../b/c/", 0o700)
            make_directories("b/c", 0o755)
            make_directories(".", 0o755)
            print(sorted(os.listdir(".")), oct(os.stat("b/c").st_mode & 0o777))
            os.chdir("/")

    result = probe(code)
    assert result.said == "['b'] 0o700", result.error
