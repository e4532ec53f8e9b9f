"""Releases of small checkouts, with the real git and the real interpreter."""

import os
import subprocess
import sys
import tarfile

import pytest
from django.contrib.auth import authenticate, get_user_model
from django.core.management import CommandError, call_command

from deploy.ansi import plain_text
from deploy.management.commands.release import wants_colour
from deploy.models import Service
from deploy.release import Release, ReleaseFailed
from tests.support.records import make_user

MANAGE = "import os, sys\nprint('checked in', os.path.basename(os.getcwd()))\nsys.exit(%d)\n"


class Checkout(object):
    def __init__(self, folder):
        self.folder = folder
        self.var = folder / "var"
        self.text = ""
        folder.mkdir()
        self.write("manage.py", MANAGE % 0)
        self.write("app/module.py", "VALUE = 1\n")
        self.write("var/db.sqlite3", "data")

    def write(self, name, text):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def git(self, *arguments):
        identity = ["-c", "user.name=T", "-c", "user.email=t@example.org"]
        command = ["git"] + identity + list(arguments)
        subprocess.run(command, cwd=str(self.folder), check=True, stdout=subprocess.DEVNULL)

    def commit(self, title):
        self.git("add", "manage.py", "app")
        self.git("commit", "-q", "-m", title)

    def release(self, colour=False):
        self.text = ""

        def write(text):
            self.text += text

        return Release(str(self.folder), str(self.var), write, colour).run()

    def names(self):
        return sorted(n for n in os.listdir(str(self.var / "releases")) if n[0] != ".")

    def current(self):
        return os.readlink(str(self.var / "current"))


@pytest.fixture
def checkout(tmp_path):
    return Checkout(tmp_path / "checkout")


@pytest.fixture
def repository(checkout):
    checkout.git("init", "-q")
    checkout.commit("First commit")
    return checkout


def test_a_release_is_what_was_committed(repository, capfd):
    repository.write("app/module.py", "VALUE = 2\n")
    repository.write("app/untracked.py", "")
    folder = repository.release()
    assert os.path.realpath(str(repository.var / "current")) == os.path.realpath(folder)
    assert repository.current() == os.path.join("releases", os.path.basename(folder))
    with open(os.path.join(folder, "app", "module.py")) as file:
        assert file.read() == "VALUE = 1\n"
    assert sorted(os.listdir(folder)) == ["__pycache__", "app", "manage.py"]
    assert sorted(os.listdir(os.path.join(folder, "app"))) == ["__pycache__", "module.py"]
    lines = repository.text.splitlines()
    assert lines[0].endswith("First commit (changes that are not committed are left out)")
    assert "Switch: nothing → " + os.path.basename(folder) in lines
    assert lines[-1] == "Released " + os.path.basename(folder)
    assert "checked in " + os.path.basename(folder) in capfd.readouterr().out


def test_links_go_as_they_are(repository, tmp_path):
    links = {
        "local": str(tmp_path / "local.conf"),
        "gone": "/nowhere",
        "up": "../../../x",
        "in": ".",
    }
    for name, target in links.items():
        os.symlink(target, str(repository.folder / "app" / name))
    repository.commit("Links")
    folder = repository.release()
    assert {name: os.readlink(os.path.join(folder, "app", name)) for name in links} == links


def test_what_cannot_be_exported_is_named(repository, monkeypatch):
    def fail(self, member, path):
        raise tarfile.ExtractError("it is odd")

    monkeypatch.setattr(tarfile.TarFile, "extract", fail)
    with pytest.raises(ReleaseFailed, match="app/module.py cannot be exported: it is odd"):
        repository.release()


def test_compiled_files_name_the_final_place(repository):
    folder = repository.release()
    (pyc,) = os.listdir(os.path.join(folder, "app", "__pycache__"))
    with open(os.path.join(folder, "app", "__pycache__", pyc), "rb") as file:
        content = file.read()
    assert folder.encode() in content and b".partial" not in content


@pytest.mark.parametrize(
    "name, text, complaint",
    [
        ("manage.py", MANAGE % 3, "the check ended with exit code 3"),
        ("app/module.py", "VALUE =\n", "some files do not compile"),
    ],
)
def test_a_step_that_fails_switches_nothing(repository, name, text, complaint):
    first = os.path.basename(repository.release())
    repository.write(name, text)
    repository.commit("Break it")
    with pytest.raises(ReleaseFailed, match=complaint):
        repository.release()
    assert repository.names() == [first]
    assert repository.current() == os.path.join("releases", first)


def test_the_last_five_are_kept_and_rests_removed(repository):
    (repository.var / "releases" / "20200101T000000Z.partial").mkdir(parents=True)
    (repository.var / "releases" / "notes").mkdir()
    for name in ("20200101T000000Z", "20200101T000000Z-2", "20200101T000000Z-10"):
        (repository.var / "releases" / name).mkdir()
    made = [os.path.basename(repository.release()) for _ in range(3)]
    kept = ["20200101T000000Z-10", "20200101T000000Z-2", "notes"] + made
    assert repository.names() == sorted(kept)
    repository.release()
    assert "20200101T000000Z-2" not in repository.names()
    assert "20200101T000000Z-10" in repository.names()


def test_without_git_the_working_tree_is_copied(checkout):
    checkout.write(".venv/bin/python", "")
    checkout.write("app/module.pyc", "")
    folder = checkout.release()
    assert "the files of the working tree are copied" in checkout.text
    assert sorted(os.listdir(folder)) == ["__pycache__", "app", "manage.py"]
    assert "module.pyc" not in os.listdir(os.path.join(folder, "app"))


def test_where_there_is_no_git_the_working_tree_is_copied(repository, monkeypatch):
    repository.write("app/untracked.py", "")
    monkeypatch.setenv("PATH", str(repository.folder / "app"))
    folder = repository.release()
    assert "Export: there is no git on this machine, so the files" in repository.text
    assert "untracked.py" in os.listdir(os.path.join(folder, "app"))


def test_a_release_inside_another_repository_is_not_taken_for_it(repository):
    inner = Checkout(repository.folder / "inner")
    inner.write("only_here.py", "")
    folder = inner.release()
    assert os.path.exists(os.path.join(folder, "only_here.py"))
    assert "not a git checkout of its own" in inner.text


def test_one_at_a_time(repository):
    first = Release(str(repository.folder), str(repository.var), lambda text: None)
    os.makedirs(first.releases)
    with first._lock():
        with pytest.raises(ReleaseFailed, match="another release of this checkout is running"):
            repository.release()


def test_what_is_in_the_way_of_the_link_is_left_alone(repository):
    (repository.var / "current").mkdir()
    with pytest.raises(ReleaseFailed, match="is in the way"):
        repository.release()
    assert os.path.isdir(str(repository.var / "current"))
    assert repository.names() == []


def test_progress_and_colours_are_for_those_who_show_them(repository):
    repository.release(colour=True)
    assert "2/2 files\r" in repository.text
    coloured = plain_text(repository.text)
    repository.release(colour=False)
    assert "\x1b" not in repository.text and "\r" not in repository.text
    assert "✔ Released" in coloured


@pytest.mark.parametrize("colour, told", [(True, [25, 50, 60]), (False, [])])
def test_progress_is_told_now_and_then_and_at_the_end(tmp_path, colour, told):
    lines = []
    release = Release(str(tmp_path), str(tmp_path / "var"), lines.append, colour)
    for number in range(1, 61):
        release._progress("files", number, 60)
    assert lines == ["  %d/60 files\r" % number for number in told]


@pytest.mark.parametrize(
    "environment, terminal, wanted",
    [
        ({}, False, False),
        ({}, True, True),
        ({"FORCE_COLOR": "1"}, False, True),
        ({"FORCE_COLOR": "0"}, True, False),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, True, False),
    ],
)
def test_who_wants_colours(environment, terminal, wanted):
    class Stream(object):
        def isatty(self):
            return terminal

    assert wants_colour(environment, Stream()) is wanted


def test_bootstrap_prepares_a_site_once(site):
    code, output, errors = site.manage("bootstrap")
    assert code == 0, errors
    password = output.split("password: ")[1].split()[0]
    assert len(password) == 20
    assert authenticate(username="admin", password=password).is_superuser
    service = Service.objects.get(uid="release")
    assert service.command == [sys.executable, "manage.py", "release"]
    code, output, errors = site.manage("bootstrap")
    assert (code, output) == (0, ""), errors


def test_bootstrap_follows_the_interpreter_and_respects_changes(site):
    site.manage("bootstrap")
    Service.objects.update(command=["gone/python", "manage.py", "release"], timeout=5)
    assert "brought up to date" in site.manage("bootstrap")[1]
    service = Service.objects.get()
    assert (service.command[0], service.timeout) == (sys.executable, 5)
    Service.objects.update(command=["make", "release"])
    assert site.manage("bootstrap")[1] == ""
    assert Service.objects.get().command == ["make", "release"]


def test_bootstrap_does_not_promote_an_ordinary_account(site):
    make_user("admin")
    output = site.manage("bootstrap")[1]
    assert "Administrator: admin2 " in output
    assert not get_user_model().objects.get(username="admin").is_superuser


def test_the_command_reports_a_failure_in_one_line(site):
    os.mkdir(os.path.join(site.var, "current"))
    code, _, errors = site.manage("release")
    assert code == 1
    last = errors.strip().splitlines()[-1]
    assert last.startswith("CommandError: Not released: ") and last.endswith("not a symlink.")
    assert "Traceback" not in errors


def test_the_current_one_stays_though_others_seem_to_be_later(repository):
    for second in range(5):  # the clock was set back since
        (repository.var / "releases" / ("29990101T00000%dZ" % second)).mkdir(parents=True)
    folder = repository.release()
    assert os.path.isdir(folder) and repository.current().endswith(os.path.basename(folder))
    assert len(repository.names()) == 6


def test_without_git_links_go_as_they_are(checkout):
    os.symlink("/nowhere", str(checkout.folder / "app" / "gone"))
    os.symlink("module.py", str(checkout.folder / "app" / "local.py"))
    folder = checkout.release()
    for name, target in (("gone", "/nowhere"), ("local.py", "module.py")):
        assert os.readlink(os.path.join(folder, "app", name)) == target


def test_a_folder_within_somebody_elses_repository_is_copied(checkout):
    subprocess.check_call(["git", "init", "-q", str(checkout.folder.parent)])
    folder = checkout.release()
    assert "not a git checkout of its own, so the files of the working tree" in checkout.text
    assert os.path.exists(os.path.join(folder, "app", "module.py"))


def test_a_site_must_say_where_releases_are_kept(settings):
    settings.DEVOPS_VAR = None
    with pytest.raises(CommandError, match="DEVOPS_VAR does not say where"):
        call_command("release")
