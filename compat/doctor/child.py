"""One run of seen.py, with the interpreter, variables, folder and account of a process."""

import json
import os
import select
import subprocess
import sys
import time
from typing import Any, Dict, Optional

from ..patching import BRIDGE
from .processes import Process

PROGRAM = os.path.join(os.path.dirname(os.path.abspath(__file__)), "seen.py")
CODE = "import runpy; runpy.run_path(%r, run_name='__main__')" % PROGRAM
SECONDS = 45.0  # until the facts are told; a site that takes longer is not waited for
MORE = 20.0  # and until the end


class Child:
    """It is started at once; `first()` are its facts, `rest()` what it adds at its end."""

    def __init__(self, one: Optional[Process], **asked: str):
        self.text = b""
        self.process: Optional[subprocess.Popen[bytes]] = None
        self.trouble = self.unseen = ""
        words: Dict[str, Any] = dict(asked, bridges=sorted({BRIDGE, "compat", "django_bridge"}))
        options: Dict[str, Any] = {}
        python = [sys.executable]
        if one:
            python = one.python()
            words["application"] = one.application()
            options.update(cwd=one.folder, env=one.variables())
            if os.getuid() == 0 and one.uid:
                options["preexec_fn"] = lambda: _become(one.uid)
        try:
            self.process = subprocess.Popen(
                python + ["-W", "ignore", "-c", CODE, json.dumps(words)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                **options,
            )
        except (OSError, subprocess.SubprocessError) as error:
            self.unseen = "%s does not start: %s" % (python[0], error)

    def first(self) -> Dict[str, Any]:
        """The facts; those of a child that never tells them are that it did not."""
        if self.unseen:  # which says nothing about the site
            return {"errors": {}, "unseen": self.unseen}
        deadline = time.monotonic() + SECONDS
        while not self.trouble:
            line, end, self.text = self.text.partition(b"\n")
            if not end:
                self.text = line + self._more(deadline)
                continue
            try:
                facts = json.loads(line.decode("utf-8", "replace"))
            except ValueError:
                continue  # what a site prints
            if isinstance(facts, dict) and "errors" in facts:
                return facts
        return {"errors": {"application": self.trouble}}

    def _more(self, deadline: float) -> bytes:
        assert self.process and self.process.stdout
        stream = self.process.stdout
        if not select.select([stream], [], [], max(0.0, deadline - time.monotonic()))[0]:
            self.process.kill()
            self.trouble = "it is not imported within %d s" % SECONDS
            return b""
        text = os.read(stream.fileno(), 65536)
        if not text:
            self.trouble = "the process ended with status %d" % self.process.wait()
        return text

    def rest(self) -> Dict[str, Any]:
        """What it says once it is told that there is no more to wait for; {} for nothing."""
        if not self.process:
            return {}
        try:
            text = self.process.communicate(timeout=MORE)[0]
        except subprocess.TimeoutExpired:
            self.process.kill()
            text = self.process.communicate()[0]
        lines = (self.text + text).splitlines()
        try:
            return dict(json.loads(lines[-1].decode("utf-8", "replace"))) if lines else {}
        except (ValueError, TypeError):
            return {}

    def stop(self) -> None:
        """It is no longer wanted."""
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.communicate()


def _become(uid: int) -> None:
    import pwd

    one = pwd.getpwuid(uid)
    os.initgroups(one.pw_name, one.pw_gid)
    os.setgid(one.pw_gid)
    os.setuid(uid)
