"""What a run needs: the unpacked sdist, and a virtual environment of this Python."""

import glob
import hashlib
import os
import shutil
import subprocess
import sys
import tarfile

HERE = os.path.dirname(os.path.abspath(__file__))
CHECKOUT = os.path.dirname(os.path.dirname(os.path.dirname(HERE)))
REQUIREMENTS = os.path.join(HERE, "requirements.txt")
SDIST = os.path.join(HERE, "sdist.txt")


class Unready(Exception):
    """The suite cannot be run here; the message says why."""


def python_version():
    return "%d.%d" % sys.version_info[:2]


def call(command, what, **options):
    """Run a command quietly; Unready with the end of its output when it fails."""
    done = subprocess.run(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        universal_newlines=True,
        **options,
    )
    if done.returncode:
        lines = done.stdout.strip().splitlines() or ["exit code %d" % done.returncode]
        raise Unready("%s: %s" % (what, "\n".join(lines[-5:])))
    return done.stdout.strip()


def make_venv(folder):
    """The interpreter of the environment for this Python; made anew when its pins change."""
    home = os.path.join(folder, "python" + python_version())
    python = os.path.join(home, "bin", "python")
    stamp = os.path.join(home, "made")
    with open(REQUIREMENTS, "rb") as file:
        made = "%s %s" % (sys.version.split()[0], hashlib.sha256(file.read()).hexdigest())
    if os.path.exists(stamp) and open(stamp).read() == made:
        return python
    say("installing what the suite needs into an environment of its own")
    shutil.rmtree(home, ignore_errors=True)
    base = os.path.realpath(sys.executable)
    call([base, "-m", "venv", home], "no virtual environment")
    pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    if sys.version_info < (3, 7):  # the one that comes with it knows none of today's wheels
        call(pip + ["pip==21.3.1"], "pip")
    call(pip + ["-r", REQUIREMENTS], "the suite's requirements")
    with open(stamp, "w") as file:
        file.write(made)
    return python


def unpack(folder, python):
    """The folder of the unpacked sdist, which pip has checked against the pinned hash."""
    pattern = os.path.join(folder, "[Dd]jango-*.tar.gz")
    if not glob.glob(pattern):
        say("downloading Django's sdist")
        command = [python, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
        command += ["--no-deps", "--no-binary", ":all:", "-d", folder, "-r", SDIST]
        call(command, "Django's sdist")
    archive = glob.glob(pattern)[0]
    source = archive[: -len(".tar.gz")]
    if not os.path.isdir(source):
        unfinished = source + ".unpacking"
        shutil.rmtree(unfinished, ignore_errors=True)
        with tarfile.open(archive) as tar:
            tar.extractall(unfinished)
        os.rename(os.path.join(unfinished, os.listdir(unfinished)[0]), source)
        os.rmdir(unfinished)
    return source


def prepare(folder, bridge, start="", requirements=()):
    """(interpreter, folder of Django's source), with the bridge active or not.

    start: a statement that each of the suite's processes runs first; requirements: what pip
    installs beside requirements.txt.
    """
    os.makedirs(folder, exist_ok=True)
    python = make_venv(folder)
    if requirements:
        pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        call(pip + list(requirements), "a driver")
    source = unpack(folder, python)
    purelib = call(
        [python, "-c", "import sysconfig; print(sysconfig.get_paths()['purelib'])"], "sysconfig"
    )
    with open(os.path.join(purelib, "django-suite.pth"), "w") as file:
        file.write("%s\n%s\n" % (source, start))
    action = "activate" if bridge else "deactivate"
    call([python, "-m", "compat", action], "the bridge", cwd=CHECKOUT)
    return python, source


def say(text):
    sys.stderr.write(text + "\n")
    sys.stderr.flush()
