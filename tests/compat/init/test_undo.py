"""What was written is taken back to the byte, or not at all."""

import json
import os

import pytest

from compat.init import journal
from compat.init.errors import InitError


@pytest.fixture
def written(project):
    """The project after --write; .before is what it was."""
    project.before = project.files()
    project.init(write=True)
    return project


def refused(project, match):
    """Undo refuses in one line, and changes nothing."""
    before = project.files()
    with pytest.raises(InitError, match=match) as info:
        project.init(undo=True)
    assert "\n" not in str(info.value) and "nothing was taken back" in str(info.value)
    assert project.files() == before


def test_nothing_to_take_back(project):
    with pytest.raises(InitError, match="no .bridge-init.json in .*: nothing to take back"):
        project.init(undo=True)


def test_only_lines_are_kept_and_only_for_the_owner(written):
    text = written.text(".bridge-init.json")
    assert "of the shop" not in text  # SECRET_KEY
    assert os.stat(written.path(".bridge-init.json")).st_mode & 0o077 == 0


def test_a_change_elsewhere_stays(written):
    text = written.text("shop/settings.py") + "\n# A remark\nDEBUG = False\n"
    written.write("shop/settings.py", "# The shop\n" + text)
    written.write("requirements.txt", written.text("requirements.txt") + "requests==2.0\n")
    written.init(undo=True)
    found = written.files()
    old = written.before["shop/settings.py"].decode()
    assert (
        found.pop("shop/settings.py").decode()
        == "# The shop\n" + old + "\n# A remark\nDEBUG = False\n"
    )
    assert found.pop("requirements.txt") == written.before["requirements.txt"] + b"requests==2.0\n"
    assert found == {name: written.before[name] for name in found}


@pytest.mark.parametrize(
    "name,old,new",
    [
        ("shop/settings.py", '    "channels",\n', '    "channels",\n    "more",\n'),
        ("shop/settings.py", "6379/0", "6379/1"),
        ("manage.py", "compat.install()", "compat.install()  # first"),
        ("shop/wsgi.py", "import compat\n", "import sys, compat\n"),
    ],
)
def test_a_change_in_the_same_lines_is_refused(written, name, old, new):
    text = written.text(name)
    if "more" in new:  # between the lines that init wrote, not after them
        old, new = '    "compat",\n', '    "compat",\n    "more",\n'
    assert text.count(old) == 1
    written.write(name, text.replace(old, new))
    refused(written, "^%s was changed since, at '" % name)


def test_lines_that_are_there_twice_are_refused(written):
    text = written.text("shop/urls.py")
    written.write("shop/urls.py", text + text)
    refused(written, "^shop/urls.py was changed since")


def test_what_the_site_uses_since_is_refused(project):
    settings = project.text("shop/settings.py").replace("import os\n", "")
    project.write("shop/settings.py", '"""The shop."""\n' + settings)
    before = project.files()
    project.init(write=True)
    written = project.text("shop/settings.py")
    assert "import os\n" in written
    project.write("shop/settings.py", written + "HOME = os.environ['HOME']\n")
    refused(project, r"shop/settings\.py .* needs what init brought \(os\)")
    project.write("shop/settings.py", written)
    project.init(undo=True)
    assert project.files() == before


def test_new_files_that_were_changed_are_refused_until_they_are_moved(written):
    written.write("shop/routing.py", written.text("shop/routing.py") + "# more\n")
    refused(written, r"shop/routing\.py was changed since init wrote it: move it away")
    written.remove("shop/routing.py")
    written.init(undo=True)
    assert written.files() == written.before


def test_a_file_that_is_gone(written):
    written.remove("shop/urls.py")
    refused(written, "shop/urls.py is not there any more")


def test_a_file_that_is_as_before_already(written):
    written.write("manage.py", written.before["manage.py"])
    said = written.init(undo=True)
    assert "manage.py" not in said and written.files() == written.before


def test_two_writes_are_taken_back_together(written):
    """As after an upgrade, when there is more to say."""
    text = written.text("shop/urls.py").replace("# /healthz", "# Health: /healthz")
    start = text.index("# Health")
    written.write("shop/urls.py", text[:start])
    assert "shop/urls.py" in written.init(write=True)
    assert len(json.loads(written.text(".bridge-init.json"))["writes"]) == 2
    refused(written, "shop/urls.py was changed since")  # what was taken out by hand, the first time
    assert "compat.health" in written.text("shop/urls.py")


def test_two_writes(project):
    os.chmod(project.path("manage.py"), 0o444)
    before = project.files()
    project.init(write=True)
    os.chmod(project.path("manage.py"), 0o644)
    assert project.files()["manage.py"] == before["manage.py"]
    project.init(write=True)
    assert project.files()["manage.py"] != before["manage.py"]
    project.init(undo=True)
    assert project.files() == before


def test_a_record_that_is_damaged(written):
    written.write(".bridge-init.json", "{")
    with pytest.raises(InitError, match="bridge-init.json cannot be read"):
        written.init(undo=True)


def test_all_or_nothing(project, monkeypatch):
    before = project.files()
    put, calls = journal.put, []

    def full(directory, name, content):
        calls.append(name)
        if len(calls) == 4:
            with open(os.path.join(directory, name), "ab") as file:
                file.write(b"half")
            raise OSError(28, "No space left on device")
        put(directory, name, content)

    monkeypatch.setattr(journal, "put", full)
    with pytest.raises(InitError, match="No space left on device; nothing was changed"):
        project.init(write=True)
    assert project.files() == before


def test_a_file_that_changes_meanwhile(project, monkeypatch):
    from compat.init import plan

    of = plan.of

    def late(*arguments):
        site = of(*arguments)
        project.write("shop/wsgi.py", project.text("shop/wsgi.py") + "# just now\n")
        return site

    monkeypatch.setattr(plan, "of", late)
    before = dict(project.files())
    with pytest.raises(InitError, match="shop/wsgi.py was changed just now"):
        project.init(write=True)
    before["shop/wsgi.py"] += b"# just now\n"
    assert project.files() == before
