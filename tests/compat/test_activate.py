"""`python -m compat activate` in an environment of its own, which has nothing else."""

import os
import shutil
import subprocess
import sys

import pytest

from tests.support import CHECKOUT

ASK = "import sys; print('compat' in sys.modules)"


class Environment(object):
    """A virtual environment without any package."""

    def __init__(self, folder):
        subprocess.check_call([sys.executable, "-m", "venv", "--without-pip", folder])
        self.folder = folder
        code = "import sysconfig; print(sysconfig.get_paths()['purelib'])"
        self.site_packages = self.run("-c", code)[1]

    def run(self, *arguments, cwd=None, **environ):
        """(exit code, stdout, stderr) of its Python, started outside the checkout."""
        process = subprocess.run(
            [os.path.join(self.folder, "bin", "python")] + list(arguments),
            cwd=cwd or self.folder,
            env=dict(environ, PATH=os.environ["PATH"]),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            universal_newlines=True,
        )
        return process.returncode, process.stdout.strip(), process.stderr.strip()

    def compat(self, action):
        return self.run("-m", "compat", action, cwd=CHECKOUT)


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    return Environment(str(tmp_path_factory.mktemp("environment")))


def test_active_in_every_process_until_it_is_deactivated(environment):
    assert environment.compat("status")[0] == 1
    assert environment.run("-c", ASK)[1] == "False"
    for _ in range(2):  # again changes nothing
        code, said, error = environment.compat("activate")
        assert (code, error) == (0, "") and said.endswith(environment.folder)
    assert environment.compat("status")[0] == 0
    assert environment.run("-c", ASK)[1] == "True"
    code = "import subprocess, sys; subprocess.check_call([sys.executable, '-c', %r])" % ASK
    assert environment.run("-c", code) == (0, "True", "")
    for _ in range(2):
        assert environment.compat("deactivate")[0] == 0
    assert environment.run("-c", ASK)[1] == "False"
    assert not [name for name in os.listdir(environment.site_packages) if "compat" in name]


def test_a_broken_environment_says_one_line_and_starts(environment):
    target = os.path.join(environment.site_packages, "compat")
    shutil.copytree(os.path.join(CHECKOUT, "compat"), target)
    try:
        assert environment.run("-m", "compat", "activate")[0] == 0
        os.remove(os.path.join(target, "patching", "versions.py"))
        code, said, error = environment.run("-c", "print('started')")
    finally:
        shutil.rmtree(target)
        assert environment.compat("deactivate")[0] == 0
    assert (code, said) == (0, "started")
    assert error == "compat is not active: No module named 'compat.patching.versions'"


@pytest.mark.parametrize("locale", ["C", "C.UTF-8"])
def test_a_folder_beyond_ascii_is_found_in_every_locale(environment, tmp_path, locale):
    folder = tmp_path / "\u7ad9\u70b9"
    shutil.copytree(os.path.join(CHECKOUT, "compat"), str(folder / "compat"))
    code = environment.run("-m", "compat", "activate", cwd=str(folder), LC_ALL="C.UTF-8")[0]
    try:
        assert code == 0
        assert environment.run("-c", ASK, LC_ALL=locale) == (0, "True", "")
        shutil.rmtree(str(folder))
        code, said, error = environment.run("-c", "print('started')", LC_ALL=locale)
        assert (code, said) == (0, "started") and "No module named 'compat'" in error
    finally:
        assert environment.compat("deactivate")[0] == 0


def test_an_installed_package_needs_no_folder_in_the_file(environment):
    target = os.path.join(environment.site_packages, "compat")
    shutil.copytree(os.path.join(CHECKOUT, "compat"), target)
    try:
        assert environment.run("-m", "compat", "activate")[0] == 0
        with open(os.path.join(environment.site_packages, "compat-bridge.pth")) as file:
            [line] = file.read().splitlines()
        assert line.startswith("import sys; ")
        code = "import compat, sys; print(compat.__file__)"
        assert environment.run("-c", code)[1].startswith(environment.site_packages)
        assert environment.run("-m", "compat", "deactivate")[0] == 0
    finally:
        shutil.rmtree(target)


def test_processes_that_write_no_bytecode_find_it_written(environment, tmp_path):
    source = os.path.join(CHECKOUT, "compat")
    blank = shutil.ignore_patterns("__pycache__")
    shutil.copytree(source, str(tmp_path / "compat"), ignore=blank)
    patches = tmp_path / "compat" / "patches"
    (patches / "celery" / "__pycache__").write_text("nothing can be written here, by root either")
    never = {"PYTHONDONTWRITEBYTECODE": "1"}
    activation = environment.run("-m", "compat", "activate", cwd=str(tmp_path), **never)
    try:
        assert (activation[0], activation[2]) == (0, "")
        code = "import sys, compat.patches as p; p.install(); p.every(); print(*(m.__cached__"
        code += " for n, m in sys.modules.items() if n.split('.')[0] == 'compat'))"
        code, said, error = environment.run("-c", code, **never)
    finally:
        assert environment.compat("deactivate")[0] == 0
    assert (code, error) == (0, "")
    missing = [path for path in said.split() if not os.path.exists(path)]
    assert len(said.split()) > 200 and missing
    assert {os.path.dirname(path) for path in missing} == {str(patches / "celery" / "__pycache__")}


def test_mistakes_are_one_line(environment):
    code, _, error = environment.compat("start")
    assert code == 2 and "invalid choice: 'start'" in error.splitlines()[-1]
    occupied = os.path.join(environment.site_packages, "compat-bridge.pth.new")
    os.mkdir(occupied)  # a file that cannot be written, for root too
    try:
        code, _, error = environment.compat("activate")
    finally:
        os.rmdir(occupied)
    assert code == 1 and len(error.splitlines()) == 1 and "compat-bridge.pth" in error


@pytest.mark.parametrize("fault", ["a folder is in the way", "the disk is full"])
def test_what_fails_leaves_nothing(environment, fault):
    path = os.path.join(environment.site_packages, "compat-bridge.pth")
    python = [os.path.join(environment.folder, "bin", "python"), "-m", "compat", "activate"]
    if fault == "the disk is full":
        python = ["sh", "-c", 'ulimit -f 0; exec "$@"', "sh"] + python
    else:
        os.mkdir(path)
    try:
        # Its output goes to pipes, which no limit is for.
        process = subprocess.run(
            python,
            cwd=CHECKOUT,
            env={"PATH": os.environ["PATH"]},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            universal_newlines=True,
        )
    finally:
        if fault == "a folder is in the way":
            os.rmdir(path)
    assert (process.returncode, process.stdout) == (1, "")
    assert process.stderr.startswith(path + ": ") and len(process.stderr.splitlines()) == 1
    assert not [name for name in os.listdir(environment.site_packages) if "compat" in name]
