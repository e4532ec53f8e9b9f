"""What a run needs: a virtual environment of this Python, and the unpacked sdists."""

import hashlib
import os
import shutil
import sys
import tarfile

from tests.labs.django_suite.environment import CHECKOUT, call, python_version, say

HERE = os.path.dirname(os.path.abspath(__file__))
REQUIREMENTS = os.path.join(HERE, "requirements.txt")
SHIMS = os.path.join(HERE, "shims")
# The newest that each Python can have and that still reads celery's `pytz>dev`.
PIP = "pip==21.3.1" if sys.version_info < (3, 7) else "pip==24.0"
QUIET = ["--quiet", "--disable-pip-version-check"]


def make_venv(folder):
    """The interpreter of the environment for this Python; made anew when its pins change."""
    home = os.path.join(folder, "python" + python_version())
    python = os.path.join(home, "bin", "python")
    stamp = os.path.join(home, "made")
    with open(REQUIREMENTS, "rb") as file:
        made = "%s %s" % (sys.version.split()[0], hashlib.sha256(file.read()).hexdigest())
    if os.path.exists(stamp) and open(stamp).read() == made:
        return python
    say("installing what the suites need into an environment of its own")
    shutil.rmtree(home, ignore_errors=True)
    call([os.path.realpath(sys.executable), "-m", "venv", home], "no virtual environment")
    pip = [python, "-m", "pip", "install"] + QUIET
    call(pip + [PIP], "pip")
    call(pip + ["--no-deps", "-r", REQUIREMENTS], "what the suites need")
    with open(stamp, "w") as file:
        file.write(made)
    return python


def activate(python, bridge):
    """Let the environment's processes have the bridge, or not."""
    action = "activate" if bridge else "deactivate"
    call([python, "-m", "compat", action], "the bridge", cwd=CHECKOUT)


def unpack(package, folder, python):
    """The folder of the package's sdist, unpacked afresh below `folder`/sources: suites write."""
    name = "%s-%s" % (package.name, package.version)
    archive = os.path.join(folder, name + ".tar.gz")
    if not os.path.exists(archive):
        say("downloading the sdist of %s" % package.name)
        download(package, folder, python)
    sources = os.path.join(folder, "sources-" + python_version())
    source = os.path.join(sources, name)
    shutil.rmtree(source, ignore_errors=True)
    with tarfile.open(archive) as tar:
        members = tar.getmembers()
        for member in members:  # ours, not those of the user who made the archive
            member.uid, member.gid, member.uname, member.gname = os.getuid(), os.getgid(), "", ""
        tar.extractall(sources, members)
    return source


def download(package, folder, python):
    command = [python, "-m", "pip", "download", "-d", folder] + QUIET
    command += ["--no-deps", "--no-binary", ":all:", "--use-pep517", "--no-build-isolation"]
    call(
        command + ["%s==%s" % (package.name, package.version)],
        "the sdist of %s" % package.name,
        env=dict(os.environ, PYTHONPATH=os.path.join(SHIMS, "download")),
    )
