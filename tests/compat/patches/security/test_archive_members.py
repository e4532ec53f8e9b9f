import pytest

from tests.support.probe import DJANGO, prove, source

NAME = "security.archive_members"


@source(DJANGO)
def code_probe():
    import io
    import os
    import tarfile
    import tempfile
    import zipfile

    from django.core.exceptions import SuspiciousOperation
    from django.utils import archive

    folder = tempfile.TemporaryDirectory()
    root = folder.name

    def tar(path, names):
        with tarfile.open(path, "w:gz") as opened:
            for name in names:
                info = tarfile.TarInfo(name)
                if name.endswith("/"):
                    info.type = tarfile.DIRTYPE
                else:
                    info.size = 1
                opened.addfile(info, io.BytesIO(b"x"))

    def zip(path, names):
        with zipfile.ZipFile(path, "w") as opened:
            for name in names:
                opened.writestr(name, b"" if name.endswith("/") else b"x")

    def extract(kind, *names):
        path = os.path.join(root, "made" + {tar: ".tar.gz", zip: ".zip"}[kind])
        kind(path, names)
        target = tempfile.mkdtemp(prefix="target", dir=root)
        try:
            archive.extract(path, os.path.join(target, "in"))
        except SuspiciousOperation:
            assert not os.listdir(target), os.listdir(target)
            return "refused"
        found = []
        for where, _, files in os.walk(target):
            found += [os.path.relpath(os.path.join(where, file), target) for file in files]
        return ",".join(sorted(found)) or "elsewhere"


@pytest.mark.parametrize("kind", ["tar", "zip"])
def test_a_member_outside_is_refused(kind):
    code = (
        code_probe
        + """
absolute = os.path.join(root, "absolute")
print(*[extract(KIND, "fine", name) for name in
        ("../evil", "./../evil", "../in-beside/evil", absolute)])
print(extract(KIND, "top/fine", "top/../evil"))
""".replace("KIND", kind)
    )
    prove(
        NAME,
        code,
        good="refused refused refused refused\nrefused",
        bad="evil,in/fine evil,in/fine in-beside/evil,in/fine in/fine\nevil,in/fine",
    )


@pytest.mark.parametrize("kind", ["tar", "zip"])
def test_other_archives_are_extracted_as_before(kind):
    code = (
        code_probe
        + """
print(extract(KIND, "a/b/c", "a/d"), extract(KIND, "a", "b/", "b/c"),
      extract(KIND, "..a/b", "..c"), extract(KIND, "fine", "../evil"))
""".replace("KIND", kind)
    )
    fine = "in/b/c,in/d in/a,in/b/c in/..a/b,in/..c "
    prove(NAME, code, good=fine + "refused", bad=fine + "evil,in/fine")


def test_into_the_current_directory():
    @source(code_probe)
    def code(SuspiciousOperation, archive, os, root, tar):
        path = os.path.join(root, "made.tar.gz")
        os.mkdir(os.path.join(root, "here"))
        os.chdir(os.path.join(root, "here"))
        tar(path, ["a", "b/c"])
        archive.extract(path)
        print(sorted(os.listdir(".")))
        tar(path, ["a", "../evil"])
        try:
            archive.extract(path)
            print(os.listdir(root))
        except SuspiciousOperation:
            print("refused")

    prove(NAME, code, good="['a', 'b']\nrefused", bad="'evil'")


def test_startproject_says_it_in_a_line():
    @source(code_probe)
    def code(os, root, tar):
        from django.core.management import CommandError, call_command

        path = os.path.join(root, "made.tar.gz")
        tar(path, ["top/manage.py", "top/../evil"])
        target = os.path.join(root, "site")
        os.mkdir(target)
        try:
            call_command("startproject", "site_of_mine", target, template=path)
        except CommandError as error:
            print(str(error).rpartition(": ")[2], os.listdir(target))
        else:
            print(os.listdir(target))

    prove(
        NAME,
        code,
        good="'top/../evil' is outside of where it is extracted to []",
        bad="['manage.py']",
    )
