"""
Before a reload: the new code is tried in processes of its own, as its servers would run it.

Each has the interpreter, environment and folder of the process that runs now, and does what
rehearsal.py says. What fails there stays out, and nothing has been touched.
"""

import os
import subprocess
from typing import Callable, Dict, List

from . import processes
from .errors import ConfError

SCRIPT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "rehearsal.py")
# So that it is the rehearsal's, whatever the site prints.
FAILED, REMARK, FIT = "deploy_conf-failed: ", "deploy_conf-remark: ", "deploy_conf-fit"


def rehearse(
    daphnes: List[int],
    uwsgis: Dict[int, Dict[str, str]],
    programs: List[int],
    page: str,
    probe: str,
    patience: float,
    say: Callable[[str], None],
) -> None:
    """Try the new code; ConfError when it is not fit. Processes are given by their ids."""
    python = None
    for pid in daphnes:
        words, environment, folder = processes.process(pid)
        python = words[0]
        _ask([python, "asgi", words[-1], page, probe], environment, folder, patience, say)
    for pid, ini in uwsgis.items():
        if "module" in ini and (python or ini.get("virtualenv")):
            _, environment, folder = processes.process(pid)
            program = python or os.path.join(ini["virtualenv"], "bin", "python")
            words = [program, "wsgi", ini["module"], page, ""]
            _ask(words, environment, ini.get("chdir", folder), patience, say)
    for pid in programs:
        words, environment, folder = processes.process(pid)
        if python and words[0] == python and len(words) > 1:
            _ask([python, "program"] + words[1:], environment, folder, patience, say)


def _ask(
    words: List[str],
    environment: Dict[str, str],
    folder: str,
    patience: float,
    say: Callable[[str], None],
) -> None:
    what = words[2]
    # -u: what it says is ours when it is killed, too.
    process = subprocess.Popen(
        [words[0], "-u", SCRIPT] + words[1:],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        output = process.communicate(timeout=patience)[0]
    except subprocess.TimeoutExpired:
        _kill(process)
        raise ConfError(
            "the new code of %s was not ready within %g s, nothing was reloaded" % (what, patience)
        )
    except BaseException:
        _kill(process)
        raise
    _judge(what, process.returncode, output.decode("utf-8", "replace"), say)


def _judge(what: str, code: int, output: str, say: Callable[[str], None]) -> None:
    """What a rehearsal has said, by its exit status and all of its output."""
    lines = output.splitlines()
    for line in lines:
        if line.startswith(REMARK):
            say(line[len(REMARK) :])
    # The site's code may end the process, and call that a success.
    if code or FIT not in lines:
        told = [line[len(FAILED) :] for line in lines if line.startswith(FAILED)]
        last = [line.strip() for line in lines if line.strip()][-1:]
        status = "exit status %d" % code
        if code == 1 and last:  # of a traceback
            reason = last[0]
        else:
            reason = "; its last line: ".join([status] + last)
        reason = (told or [reason])[0]
        reason = "".join(filter(str.isprintable, reason))[:500]
        raise ConfError("the new code of %s fails, nothing was reloaded: %s" % (what, reason))


def _kill(process: "subprocess.Popen[bytes]") -> None:
    try:
        os.killpg(process.pid, 9)
    except ProcessLookupError:
        pass
    process.communicate()
