"""Run the suite of one package."""

import os
import shutil
import signal
import subprocess
import tempfile

from tests.labs.django_suite.runs import SHIMS as DJANGO_SHIMS
from tests.labs.django_suite.runs import unprivileged
from tests.support.redis import Redis

from .environment import HERE, SHIMS
from .results import read_junit, read_lines

MINUTES = 40  # for one suite


def run(package, source, python, folder):
    """
    Returns ({id: (state, text)}, complaint): the complaint says why there is not all of it.

    The log is `folder`/package.log.
    """
    home = tempfile.mkdtemp(prefix="third-party-")
    redis = None
    try:
        env = environ(package, home)
        if package.redis:
            redis = Redis(home)
            env["REDIS_PORT"] = str(redis.port)
        return outcome(package, source, python, folder, env)
    finally:
        if redis is not None:
            redis.stop()
        subprocess.call(["chmod", "-R", "u+rwX", home])
        shutil.rmtree(home, ignore_errors=True)


def environ(package, home):
    env = {
        "PATH": os.environ["PATH"],
        "HOME": home,
        "TMPDIR": home,
        "LC_ALL": "C.UTF-8",
        "LANG": "C.UTF-8",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONPATH": os.pathsep.join([os.path.join(SHIMS, "run"), DJANGO_SHIMS, "."]),
    }
    env.update(package.env)
    return env


def outcome(package, source, python, folder, env):
    record = os.path.join(folder, package.name + ".record")
    log = os.path.join(folder, package.name + ".log")
    if os.path.exists(record):
        os.remove(record)
    command = unprivileged() + [python] + package.command
    pytest = package.command[:2] == ["-m", "pytest"]
    if pytest:
        command.append("--junitxml=" + record)
    env["DJANGO_SUITE_RESULTS"] = record
    with open(log, "wb") as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=env,
            cwd=os.path.join(source, package.cwd),
            start_new_session=True,
        )
        try:
            code = process.wait(60 * MINUTES)
        except subprocess.TimeoutExpired:
            code = "no end within %d minutes" % MINUTES
        finally:
            end(process)
    results = {}
    if os.path.exists(record):
        results = read_junit(record) if pytest else read_lines(record)
    # 0: all passed, 1: some did not; but also: an exception before any test.
    complaint = "" if code in (0, 1) and results else "did not come to its end: %s" % log
    return results, complaint


def end(process):
    """Nothing that the suite has started is left behind."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except OSError:
        pass
    process.wait()


def use(package, python, folder, home):
    """Run the program that imports and uses the package; the complaint, "" for none."""
    program = os.path.join(HERE, "uses", package.uses)
    log = os.path.join(folder, package.name + ".log")
    with open(log, "wb") as output:
        code = subprocess.call(
            [python, program],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=environ(package, home),
            cwd=home,
        )
    return "fails: %s" % log if code else ""
