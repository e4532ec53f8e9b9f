"""One run of seen.py, with the interpreter, variables, folder and account of a process."""

import contextlib
import json
import os
import select
import subprocess
import sys
import threading
import time
from typing import Any, Dict, List, Optional

from ..patching import BRIDGE
from .processes import Process

PROGRAM = os.path.join(os.path.dirname(os.path.abspath(__file__)), "seen.py")
CODE = "import runpy; runpy.run_path(%r, run_name='__main__')" % PROGRAM
SECONDS = 45.0  # from its start until the facts are told; who takes longer is not waited for
MORE = 20.0  # from the question for what it adds until the end
BURIED = 2.0  # until one that was killed is gone; what it has started may hold its output
UNNAMED = "neither its command line nor its ini says which application it serves"
LATE = "what it uses did not answer within %d s"

running: List["Child"] = []
halted = threading.Event()  # set: nobody waits for an answer any more


class Child:
    """It is started at once; `first()` are its facts, `rest()` what it adds at its end."""

    def __init__(self, one: Optional[Process], **asked: str):
        self.text = b""
        self.process: Optional[subprocess.Popen[bytes]] = None
        self.trouble = self.unseen = ""
        self.partly: Dict[str, Any] = {}  # the facts before it asks what may hang
        self.deadline = time.monotonic() + SECONDS
        words: Dict[str, Any] = dict(asked, bridges=sorted({BRIDGE, "compat", "django_bridge"}))
        options: Dict[str, Any] = {}
        python = [sys.executable]
        if one:
            python = one.python()
            words["application"], variables = one.application(), one.variables()
            options.update(cwd=one.folder, env=variables)
            if not words["application"] and "DJANGO_SETTINGS_MODULE" not in variables:
                self.unseen = UNNAMED
                return
            if os.getuid() == 0 and one.uid:
                options["preexec_fn"] = lambda: _become(one.uid)
        if halted.is_set():
            self.unseen = "it was too late"
            return
        try:
            self.process = subprocess.Popen(
                python + ["-W", "ignore", "-c", CODE, json.dumps(words)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                **options,
            )
            running.append(self)
        except (OSError, subprocess.SubprocessError) as error:
            self.unseen = "%s does not start: %s" % (python[0], error)

    def first(self) -> Dict[str, Any]:
        """The facts; those of a child that never tells them are that it did not."""
        if self.unseen:  # which says nothing about the site
            return {"errors": {}, "unseen": self.unseen}
        while not self.trouble:
            line, end, self.text = self.text.partition(b"\n")
            if not end:
                self.text = line + self._more()
                continue
            try:
                facts = json.loads(line.decode("utf-8", "replace"))
            except ValueError:
                continue  # what a site prints
            if isinstance(facts, dict) and "errors" in facts:
                if not facts.pop("partly", False):
                    return facts
                self.partly = facts
        if self.partly:
            return dict(self.partly, unseen=LATE % SECONDS)
        return {"errors": {"application": self.trouble}}

    def _more(self) -> bytes:
        assert self.process and self.process.stdout
        stream = self.process.stdout
        if not select.select([stream], [], [], max(0.0, self.deadline - time.monotonic()))[0]:
            self.process.kill()
            self.trouble = "it is not imported within %d s" % SECONDS
            return b""
        text = os.read(stream.fileno(), 65536)
        if not text:
            self.trouble = "the process ended with status %d" % self.process.wait()
        return text

    def finish(self) -> None:
        """Tells it that there is no more to wait for."""
        if self.process and self.process.stdin:
            with contextlib.suppress(OSError):
                self.process.stdin.close()
            self.process.stdin = None  # communicate() would write to it
        self.deadline = time.monotonic() + MORE

    def rest(self) -> Dict[str, Any]:
        """What it says once it is told that there is no more to wait for; {} for nothing."""
        if not self.process:
            return {}
        if self.process.stdin:
            self.finish()
        text = b""
        try:
            text = self.process.communicate(timeout=max(0.0, self.deadline - time.monotonic()))[0]
        except subprocess.TimeoutExpired:
            self.process.kill()
            with contextlib.suppress(subprocess.TimeoutExpired):
                text = self.process.communicate(timeout=BURIED)[0]
        lines = (self.text + text).splitlines()
        try:
            return dict(json.loads(lines[-1].decode("utf-8", "replace"))) if lines else {}
        except (ValueError, TypeError):
            return {}

    def stop(self) -> None:
        """It is no longer wanted."""
        if self in running:
            running.remove(self)
        if self.process and self.process.poll() is None:
            self.process.kill()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.communicate(timeout=BURIED)


def stop_all() -> None:
    """None of them is wanted; who hangs in the kernel is not waited for."""
    halted.set()
    for one in list(running):
        if one.process:
            one.process.kill()


def _become(uid: int) -> None:
    import pwd

    one = pwd.getpwuid(uid)
    os.initgroups(one.pw_name, one.pw_gid)
    os.setgid(one.pw_gid)
    os.setuid(uid)
